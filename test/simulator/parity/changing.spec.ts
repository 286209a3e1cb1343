import { describe, expect } from 'vitest';
import type { ParityTarget } from './open-target.ts';
import { paritySuite, rows } from './parity-test.ts';

const test = paritySuite();

const vm = (pve: ParityTarget): string => `/nodes/${pve.node}/qemu/${pve.vm}`;
const container = (pve: ParityTarget): string => `/nodes/${pve.node}/lxc/${pve.container}`;

/** An active storage of the node that takes backups. */
async function backupStorage(pve: ParityTarget): Promise<string> {
  const storages = rows((await pve.call('GET', `/nodes/${pve.node}/storage?content=backup&enabled=1`)).json?.data);
  const storage = storages.find((row) => row['active'] === 1)?.['storage'];
  if (typeof storage !== 'string') throw new Error(`Node ${pve.node} has no active storage for backups, which this test needs.`);
  return storage;
}

describe('Proxmox VE, when it is told to change something,', () => {
  test('starts and stops a VM, and calls starting it twice a failed task', async (pve) => {
    expect(await pve.run('POST', `${vm(pve)}/status/start`)).toBe('OK');
    expect(await pve.run('POST', `${vm(pve)}/status/start`)).toBe(`VM ${pve.vm} already running`);
    expect(await pve.run('POST', `${vm(pve)}/status/stop`)).toBe('OK');
    expect(await pve.call('POST', `${vm(pve)}/status/reboot`)).toMatchObject({ status: 500, reason: `VM ${pve.vm} not running` });
  });

  test('starts and stops a container, and refuses to start it twice', async (pve) => {
    expect(await pve.run('POST', `${container(pve)}/status/start`)).toMatch(/^(?:OK|WARNINGS: \d+)$/);
    expect(await pve.call('POST', `${container(pve)}/status/start`)).toMatchObject({
      status: 500,
      reason: `CT ${pve.container} already running`,
    });
    expect(await pve.run('POST', `${container(pve)}/status/stop`)).toBe('OK');
    expect(await pve.call('POST', `${container(pve)}/status/stop`)).toMatchObject({
      status: 500,
      reason: `CT ${pve.container} not running`,
    });
  });

  test('lists the task with its guest and its user, tells its log in pages, and notes its end in the log of the cluster', async (pve) => {
    const upid = await pve.task('POST', `${vm(pve)}/status/start`);
    expect(await pve.end(upid)).toBe('OK');
    const listed = rows((await pve.call('GET', `/nodes/${pve.node}/tasks?source=all&vmid=${pve.vm}&typefilter=qmstart`)).json?.data);
    const [, , , , , type, id, user] = upid.split(':');
    const row = listed.find((task) => task['upid'] === upid);
    expect(row).toMatchObject({ type, id });
    expect([String(row?.['user']), `${String(row?.['user'])}!${String(row?.['tokenid'])}`]).toContain(user);
    await pve.run('POST', `${vm(pve)}/status/stop`);
    const log = await pve.call('GET', `/nodes/${pve.node}/tasks/${encodeURIComponent(upid)}/log?start=0&limit=1`);
    expect(rows(log.json?.data)).toMatchObject([{ n: 1, t: expect.any(String) as string }]);
    const cluster = rows((await pve.call('GET', '/cluster/log?max=200')).json?.data);
    expect(cluster.map((line) => line['msg'])).toContain(`end task ${upid} OK`);
  });

  test('compares the digest before it changes a VM', async (pve) => {
    expect(await pve.call('PUT', `${vm(pve)}/config`, { body: { description: 'x', digest: '0'.repeat(40) } })).toMatchObject({
      status: 500,
      reason: 'checksum mismatch (file change by other user?)',
    });
    const digest = String(Object((await pve.call('GET', `${vm(pve)}/config`)).json?.data)['digest']);
    expect(await pve.call('PUT', `${vm(pve)}/config`, { body: { description: 'a=b; c', digest } })).toMatchObject({
      status: 200,
      json: { data: null },
    });
    expect((await pve.call('GET', `${vm(pve)}/config`)).json?.data).toMatchObject({ description: 'a=b; c' });
  });

  test('makes, lists and deletes snapshots', async (pve) => {
    expect(await pve.run('POST', `${vm(pve)}/snapshot`, { snapname: 'parity', description: 'made by a test' })).toBe('OK');
    expect(await pve.run('POST', `${vm(pve)}/snapshot`, { snapname: 'parity' })).toBe("snapshot name 'parity' already used");
    const snapshots = rows((await pve.call('GET', `${vm(pve)}/snapshot`)).json?.data);
    expect(snapshots.find((row) => row['name'] === 'parity')).toMatchObject({ description: 'made by a test', vmstate: 0 });
    expect(snapshots.find((row) => row['name'] === 'current')).toMatchObject({ parent: 'parity', description: 'You are here!' });
    expect(await pve.run('DELETE', `${vm(pve)}/snapshot/parity`)).toBe('OK');
    expect(await pve.run('DELETE', `${vm(pve)}/snapshot/parity`)).toBe("snapshot 'parity' does not exist");
  });

  test('makes a VM once, and removes it with what belongs to it', async (pve) => {
    const vmid = Number((await pve.call('GET', '/cluster/nextid')).json?.data);
    const made = { vmid, name: 'parity', memory: 64, description: 'made by a test' };
    expect(await pve.run('POST', `/nodes/${pve.node}/qemu`, made)).toBe('OK');
    try {
      expect(await pve.call('POST', `/nodes/${pve.node}/qemu`, { body: made })).toMatchObject({
        status: 500,
        reason: `unable to create VM ${vmid} - VM ${vmid} already exists on node '${pve.node}'`,
      });
    } finally {
      expect(await pve.run('DELETE', `/nodes/${pve.node}/qemu/${vmid}?purge=1`)).toBe('OK');
    }
    expect((await pve.call('GET', `/nodes/${pve.node}/qemu/${vmid}/config`)).reason).toBe(
      `Configuration file 'nodes/${pve.node}/qemu-server/${vmid}.conf' does not exist`,
    );
  });

  test('backs a VM up with its notes, and keeps a protected backup', async (pve) => {
    const storage = await backupStorage(pve);
    const backup = { vmid: pve.vm, storage, mode: 'stop', compress: 'zstd', 'notes-template': 'made by a test' };
    expect(await pve.run('POST', `/nodes/${pve.node}/vzdump`, backup)).toBe('OK');
    const content = `/nodes/${pve.node}/storage/${storage}/content`;
    const kept = rows((await pve.call('GET', `${content}?content=backup&vmid=${pve.vm}`)).json?.data);
    const mine = kept.filter((row) => row['notes'] === 'made by a test').toSorted((a, b) => Number(b['ctime']) - Number(a['ctime']))[0];
    expect(mine).toMatchObject({ content: 'backup', subtype: 'qemu', size: expect.any(Number) as number });
    const path = `${content}/${encodeURIComponent(String(mine?.['volid']))}`;
    await pve.call('PUT', path, { body: { protected: 1 } });
    expect(await pve.run('DELETE', path)).toMatch(/^cannot remove protected volume 'backup\/[^']+' on '/);
    await pve.call('PUT', path, { body: { protected: 0 } });
    expect(await pve.run('DELETE', path)).toBe('OK');
  });
});
