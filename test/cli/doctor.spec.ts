import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort, startOpenSsh } from '../exec/openssh.ts';
import { startCommandLine, type CommandLine, type Ran } from './run.ts';

let line: CommandLine;
beforeEach(async () => {
  // Slow enough for the clocks to agree while a test runs; the agent of 107 never answers.
  line = await startCommandLine({ speed: 10 });
  line.sim.cluster.vm(107, { status: 'stopped' });
});
afterEach(() => line[Symbol.asyncDispose]());

const firstLine = ({ out }: Ran): string => out.split('\n')[0] ?? '';
const proxmox = (more: Readonly<Record<string, unknown>>): void => {
  const { host, port, fingerprint } = line.sim;
  line.configure({ proxmox: { host, port, fingerprint, ...more } });
};

test('a sound world is all well, and every check says what it saw', async () => {
  for (const guest of line.sim.cluster.guests()) if (guest.kind === 'qemu') line.sim.cluster.vm(guest.vmid, { status: 'stopped' });
  const ran = await line.run(['doctor']);
  expect(firstLine(ran)).toBe('All is well.');
  expect(ran.exitCode).toBe(0);
  for (const check of ['config', 'jobs', 'audit', 'tcp', 'tls', 'token', 'clock', 'quorum', 'privileges:vms'])
    expect(ran.out).toMatch(new RegExp(`^ok    ${check} `, 'm'));
});

describe('the first line names the cause', () => {
  test('1: nothing listens at the port', async () => {
    const port = await freePort();
    proxmox({ port });
    const ran = await line.run(['doctor']);
    expect(firstLine(ran)).toBe(`Nothing listens at 127.0.0.1:${port}.`);
    expect(ran.out).toContain('Proxmox VE listens on 8006');
    expect(ran.exitCode).toBe(9);
  });

  test('2: the port speaks plain HTTP', async () => {
    const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    proxmox({ port });
    const ran = await line.run(['doctor']);
    server.close();
    expect(firstLine(ran)).toBe(`127.0.0.1:${port} speaks plain HTTP, not HTTPS, so the token was not sent.`);
    expect(ran.exitCode).toBe(9);
  });

  test('3: the authority of the certificate is unknown', async () => {
    proxmox({ fingerprint: undefined });
    const ran = await line.run(['doctor']);
    expect(firstLine(ran)).toMatch(
      /^The certificate of https:\/\/127\.0\.0\.1:\d+ cannot be verified \(.*\), so no request was sent to it\.$/,
    );
    expect(ran.out).toContain(line.sim.fingerprint);
    expect(ran.exitCode).toBe(9);
  });

  test('4: the certificate is another one than the pinned', async () => {
    proxmox({ fingerprint: 'AB'.repeat(32) });
    const ran = await line.run(['doctor']);
    expect(firstLine(ran)).toMatch(/presented a certificate that is not the pinned one/);
    expect(ran.out).toContain(line.sim.fingerprint);
    expect(line.sim.requests.list()).toEqual([]);
  });

  test('5: the token has expired', async () => {
    const token = line.sim.cluster.createToken('root@pam', 'old', { privsep: false, expire: 1000 });
    line.configure({ auth: { user: token.user, token_name: token.tokenName, token_value: token.tokenValue } });
    const ran = await line.run(['doctor']);
    expect(firstLine(ran)).toMatch(/does not accept the API token root@pam!old\.$/);
    expect(ran.out).toContain('expired');
    expect(ran.out).not.toContain(token.tokenValue);
    expect(ran.exitCode).toBe(3);
  });

  test('6: privileges are missing, and which, and the line that grants them', async () => {
    line.sim.cluster.user('ops@pve');
    line.sim.cluster.role('Reader', ['VM.Audit', 'Sys.Audit', 'Datastore.Audit']);
    line.sim.cluster.acl('/', 'ops@pve', 'Reader');
    const token = line.sim.cluster.createToken('ops@pve', 'agent', { privsep: false });
    line.configure({ auth: { user: token.user, token_name: token.tokenName, token_value: token.tokenValue } });
    const ran = await line.run(['doctor', '--toolset', 'snapshots']);
    expect(firstLine(ran)).toMatch(/^The token ops@pve!agent lacks .*VM\.Snapshot.* on \/vms\./);
    expect(ran.out).toContain("pveum acl modify /vms --users ops@pve --tokens 'ops@pve!agent' --roles ProxmoxMCP-vms-more");
    expect(ran.exitCode).toBe(4);
    expect((await line.run(['doctor', '--toolset', 'cluster'])).exitCode).toBe(0);
  });

  test('7: the cluster has no quorum', async () => {
    line.sim.faults.loseQuorum();
    const ran = await line.run(['doctor']);
    expect(firstLine(ran)).toMatch(/has no quorum, so nothing can be changed\./);
    expect(ran.exitCode).toBe(6);
  });

  test('8: a node is down, which is a warning', async () => {
    line.sim.faults.loseNode('pve3');
    const ran = await line.run(['doctor']);
    expect(firstLine(ran)).toMatch(/^Node pve3 is offline\./);
    expect(ran.exitCode).toBe(0);
  });

  describe('9: SSH is refused', () => {
    const nodes = { pve1: '127.0.0.1', pve2: '127.0.0.1', pve3: '127.0.0.1' };

    test('nothing listens', async () => {
      const port = await freePort();
      const keyFile = join(line.folder, 'id_ed25519');
      writeFileSync(keyFile, ssh2.utils.generateKeyPairSync('ed25519').private, { mode: 0o600 });
      line.configure({ ssh: { port, host_overrides: nodes, key_file: keyFile } });
      const ran = await line.run(['doctor']);
      expect(firstLine(ran)).toBe(`Node pve1 cannot be reached over SSH at 127.0.0.1 port ${port}. (and 2 more below)`);
      expect(ran.out).toMatch(/^FAIL {2}ssh:pve1 /m);
      expect(ran.exitCode).toBe(9);
    });

    test('the key file is not there', async () => {
      line.configure({ ssh: { host_overrides: nodes, key_file: join(line.folder, 'absent') } });
      const ran = await line.run(['doctor']);
      expect(firstLine(ran)).toBe(`The SSH key ${join(line.folder, 'absent')} does not exist. (and 2 more below)`);
    });

    test('the node does not take the key', async () => {
      const openssh = await startOpenSsh();
      const { file } = openssh.createKey('ed25519');
      const { port, knownHostsFile } = openssh;
      line.configure({ ssh: { port, host_overrides: nodes, key_file: file, known_hosts_file: knownHostsFile } });
      const ran = await line.run(['doctor']);
      await openssh.stop();
      expect(firstLine(ran)).toMatch(/^Node pve1 does not let user root in over SSH\./);
    });
  });

  test('10: the clocks are apart', async () => {
    await line.sim.clock.advance(7200);
    const ran = await line.run(['doctor']);
    expect(firstLine(ran)).toMatch(/^The clock of Proxmox VE is \d+ s ahead of the one here\./);
    expect(ran.out).toContain('timedatectl');
  });

  test('the name cannot be resolved', async () => {
    proxmox({ host: 'pve.invalid' });
    const ran = await line.run(['doctor']);
    expect(firstLine(ran)).toMatch(/pve\.invalid/);
    expect(ran.exitCode).toBe(9);
  });

  test('the job store cannot be written', async () => {
    const path = join(line.configFile, 'jobs.sqlite3');
    line.configure({ jobs: { sqlite_path: path } });
    const ran = await line.run(['doctor']);
    expect(firstLine(ran)).toContain(`Jobs cannot be recorded in ${path}`);
  });

  test('others can read the token', async () => {
    chmodSync(line.configFile, 0o644);
    expect(await line.run(['doctor'])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining(`chmod 600 ${line.configFile}`) as unknown,
    });
    chmodSync(line.configFile, 0o640);
    const ran = await line.run(['doctor']);
    expect(ran.out).toContain(`chmod 600 ${line.configFile}`);
  });
});

test('JSON holds every finding, and the cause', async () => {
  line.sim.faults.loseQuorum();
  const report = (await line.run(['doctor', '--json'])).json<{
    ok: boolean;
    cause: string;
    findings: readonly { check: string; status: string }[];
  }>();
  expect(report.ok).toBe(false);
  expect(report.cause).toMatch(/no quorum/);
  expect(report.findings).toContainEqual(expect.objectContaining({ check: 'token', status: 'ok' }));
});
