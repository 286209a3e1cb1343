import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LOCK = join(tmpdir(), 'proxmox-mcp-apt.lock');

/** A program that tests need, installed from Debian's archive when it is missing and that is possible. */
export function requireProgram(path: string, debianPackage: string): string {
  if (existsSync(path)) return path;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`These tests need ${path}. Install it first (Debian: apt-get install --no-install-recommends ${debianPackage}).`);
  }
  process.stderr.write(`Installing ${debianPackage} for the tests of src/exec ...\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', debianPackage],
  ]) {
    // One at a time: test files run side by side, and apt-get does not wait for another.
    const run = spawnSync('flock', [LOCK, 'apt-get', ...args], { env, encoding: 'utf8', timeout: 300_000 });
    if (run.status !== 0) throw new Error(`apt-get ${args[0]} failed: ${run.stderr.slice(-500)}`);
  }
  if (!existsSync(path)) throw new Error(`${debianPackage} is installed, but ${path} does not exist.`);
  return path;
}
