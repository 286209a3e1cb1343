import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SSHD = '/usr/sbin/sshd';
const LOCK = join(tmpdir(), 'proxmox-mcp-apt.lock');

/** Path of OpenSSH's server, installed from Debian's archive when it is missing and that is possible. */
export function requireSshd(): string {
  if (existsSync(SSHD)) return SSHD;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `These tests need OpenSSH's server at ${SSHD}. Install it first (Debian: apt-get install --no-install-recommends openssh-server).`,
    );
  }
  process.stderr.write('Installing openssh-server for the tests of src/exec ...\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', 'openssh-server'],
  ]) {
    // One at a time: test files run side by side, and apt-get does not wait for another.
    const run = spawnSync('flock', [LOCK, 'apt-get', ...args], { env, encoding: 'utf8', timeout: 300_000 });
    if (run.status !== 0) throw new Error(`apt-get ${args[0]} failed: ${run.stderr.slice(-500)}`);
  }
  if (!existsSync(SSHD)) throw new Error(`openssh-server is installed, but ${SSHD} does not exist.`);
  return SSHD;
}
