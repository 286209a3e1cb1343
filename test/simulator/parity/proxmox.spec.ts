import { afterAll, beforeAll, describe, expect, test as vitest } from 'vitest';
import { KNOWN_DIFFERENCES } from './known-differences.ts';
import { openTarget, type ParityTarget } from './open-target.ts';

let pve: ParityTarget;
beforeAll(async () => {
  pve = await openTarget();
});
afterAll(async () => {
  await pve.close();
});

/** A sentence about Proxmox VE. Known differences of the real one are expected to fail there, and nothing is skipped. */
function test(title: string, body: () => Promise<void>): void {
  const isDifferent = process.env['PVE_URL'] !== undefined && KNOWN_DIFFERENCES[title] !== undefined;
  (isDifferent ? vitest.fails : vitest)(title, body, 180_000);
}

const vm = (): string => `/nodes/${pve.node}/qemu/${pve.vm}`;
const container = (): string => `/nodes/${pve.node}/lxc/${pve.container}`;
const rows = (data: unknown): Array<Record<string, unknown>> => data as Array<Record<string, unknown>>;

describe('Proxmox VE', () => {
  test('tells its version', async () => {
    expect(await pve.call('GET', '/version')).toMatchObject({
      status: 200,
      json: { data: { release: expect.stringMatching(/^\d+\.\d+$/) as string, version: expect.any(String) as string } },
    });
  });

  test('lists guests, nodes and storages in one answer', async () => {
    const resources = rows((await pve.call('GET', '/cluster/resources')).json?.data);
    expect(resources.find((row) => row['id'] === `node/${pve.node}`)).toMatchObject({ type: 'node', status: 'online' });
    expect(resources.find((row) => row['id'] === `qemu/${pve.vm}`)).toMatchObject({
      type: 'qemu',
      vmid: pve.vm,
      node: pve.node,
      template: 0,
    });
    expect(resources.find((row) => row['id'] === `lxc/${pve.container}`)).toMatchObject({ type: 'lxc', vmid: pve.container });
  });

  test('gives the next free id as text', async () => {
    expect((await pve.call('GET', '/cluster/nextid')).json?.data).toMatch(/^\d+$/);
    expect(await pve.call('GET', `/cluster/nextid?vmid=${pve.vm}`)).toMatchObject({
      status: 400,
      json: { errors: { vmid: `VM ${pve.vm} already exists` } },
    });
  });

  test('refuses unknown paths, parameters and types, each in its own words', async () => {
    expect(await pve.call('GET', '/nosuch')).toMatchObject({ status: 501, reason: "Method 'GET /nosuch' not implemented" });
    expect(await pve.call('GET', `/nodes/${pve.node}/qemu?nosuch=1`)).toMatchObject({
      status: 400,
      json: { errors: { nosuch: 'property is not defined in schema and the schema does not allow additional properties' } },
    });
    expect(await pve.call('GET', `/nodes/${pve.node}/qemu/abc/config`)).toMatchObject({
      status: 400,
      json: { errors: { vmid: "type check ('integer') failed - got 'abc'" } },
    });
    expect(await pve.call('PUT', `${vm()}/config`, { body: { onboot: 'true' } })).toMatchObject({
      status: 400,
      json: { errors: { onboot: "type check ('boolean') failed - got 'true'" } },
    });
  });

  test('refuses a bad token with an empty body', async () => {
    expect(await pve.call('GET', '/version', { token: 'root@pam!nosuch=00000000-0000-0000-0000-000000000000' })).toMatchObject({
      status: 401,
      reason: 'Authentication failed!',
      text: '',
    });
  });

  test('starts and stops a VM, and calls starting it twice a failed task', async () => {
    expect(await pve.run('POST', `${vm()}/status/start`)).toBe('OK');
    expect(await pve.run('POST', `${vm()}/status/start`)).toBe(`VM ${pve.vm} already running`);
    expect(await pve.run('POST', `${vm()}/status/stop`)).toBe('OK');
    expect(await pve.call('POST', `${vm()}/status/reboot`)).toMatchObject({ status: 500, reason: `VM ${pve.vm} not running` });
  });

  test('starts and stops a container, and refuses to start it twice', async () => {
    expect(await pve.run('POST', `${container()}/status/start`)).toMatch(/^(?:OK|WARNINGS: \d+)$/);
    expect(await pve.call('POST', `${container()}/status/start`)).toMatchObject({
      status: 500,
      reason: `CT ${pve.container} already running`,
    });
    expect(await pve.run('POST', `${container()}/status/stop`)).toBe('OK');
    expect(await pve.call('POST', `${container()}/status/stop`)).toMatchObject({ status: 500, reason: `CT ${pve.container} not running` });
  });

  test('compares the digest before it changes a VM', async () => {
    expect(await pve.call('PUT', `${vm()}/config`, { body: { description: 'x', digest: '0'.repeat(40) } })).toMatchObject({
      status: 500,
      reason: 'checksum mismatch (file change by other user?)',
    });
    const digest = String(Object((await pve.call('GET', `${vm()}/config`)).json?.data)['digest']);
    expect(await pve.call('PUT', `${vm()}/config`, { body: { description: 'a=b; c', digest } })).toMatchObject({
      status: 200,
      json: { data: null },
    });
    expect((await pve.call('GET', `${vm()}/config`)).json?.data).toMatchObject({ description: 'a=b; c' });
  });

  test('makes, lists and deletes snapshots', async () => {
    expect(await pve.run('POST', `${vm()}/snapshot`, { snapname: 'parity', description: 'made by a test' })).toBe('OK');
    expect(await pve.run('POST', `${vm()}/snapshot`, { snapname: 'parity' })).toBe("snapshot name 'parity' already used");
    const snapshots = rows((await pve.call('GET', `${vm()}/snapshot`)).json?.data);
    expect(snapshots.find((row) => row['name'] === 'parity')).toMatchObject({ description: 'made by a test', vmstate: 0 });
    expect(snapshots.find((row) => row['name'] === 'current')).toMatchObject({ parent: 'parity', description: 'You are here!' });
    expect(await pve.run('DELETE', `${vm()}/snapshot/parity`)).toBe('OK');
    expect(await pve.run('DELETE', `${vm()}/snapshot/parity`)).toBe("snapshot 'parity' does not exist");
  });

  test('answers the log of an unknown task with one line', async () => {
    const upid = `UPID:${pve.node}:00001234:00001234:6B000000:qmstart:100:root@pam:`;
    expect(await pve.call('GET', `/nodes/${pve.node}/tasks/${upid}/log`)).toMatchObject({
      status: 200,
      json: { total: 1, data: [{ n: 1, t: 'unable to open file - No such file or directory' }] },
    });
    expect(await pve.call('GET', `/nodes/${pve.node}/tasks/${upid}/status`)).toMatchObject({
      status: 400,
      json: { errors: { upid: 'no such task' } },
    });
  });
});
