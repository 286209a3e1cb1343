import { describe, expect } from 'vitest';
import type { CreatedToken } from '../../src/simulator/start-simulator.ts';
import { test } from './with-simulator.ts';

const text = (token: CreatedToken): string => `${token.user}!${token.tokenName}=${token.tokenValue}`;

describe('a token', () => {
  test('sees only what its privileges reach', async ({ pve, cluster }) => {
    const token = text(cluster.createToken('mcp@pve', 'test', { privileges: { '/vms/101': ['VM.Audit'] } }));
    const resources = (await pve('GET', '/cluster/resources?type=vm', { token })).json?.data as Array<{ vmid: number }>;
    expect(resources.map((row) => row.vmid)).toEqual([101]);
    expect((await pve('GET', '/nodes/pve2/qemu', { token })).json?.data).toHaveLength(1);
    expect((await pve('GET', '/nodes/pve1/storage', { token })).json?.data).toEqual([]);
    expect(await pve('GET', '/nodes/pve1/qemu/100/config', { token })).toMatchObject({
      status: 403,
      reason: 'Permission check failed (/vms/100, VM.Audit)',
    });
  });

  test('with privilege separation has no more than its user', async ({ pve, cluster }) => {
    cluster.user('mcp@pve');
    const token = text(cluster.createToken('mcp@pve', 'test', { privsep: true }));
    cluster.acl('/', 'mcp@pve!test', 'Administrator');
    expect((await pve('GET', '/access/permissions', { token })).json?.data).toEqual({});
    cluster.acl('/vms', 'mcp@pve', 'PVEVMUser');
    expect((await pve('POST', '/nodes/pve1/qemu/105/status/start', { token })).status).toBe(200);
    expect((await pve('DELETE', '/nodes/pve1/qemu/108', { token })).status).toBe(403);
  });

  test('reaches the members of a pool through a role on the pool', async ({ pve, cluster }) => {
    const token = text(cluster.createToken('mcp@pve', 'test', { privileges: { '/pool/development': ['VM.Audit'] } }));
    const resources = (await pve('GET', '/cluster/resources?type=vm', { token })).json?.data as Array<{ vmid: number }>;
    expect(resources.map((row) => row.vmid)).toEqual([104, 105, 108, 204, 205]);
  });

  test('of root is not root itself', async ({ pve }) => {
    expect(await pve('PUT', '/nodes/pve1/qemu/105/config', { body: { args: '-foo' } })).toMatchObject({
      status: 500,
      reason: "only root can set 'args' config",
    });
  });

  test('that has expired is refused', async ({ pve, cluster, sim }) => {
    const token = text(cluster.createToken('root@pam', 'short', { expire: sim.clock.now() + 10 }));
    expect((await pve('GET', '/version', { token })).status).toBe(200);
    await sim.clock.advance(11);
    expect(await pve('GET', '/version', { token })).toMatchObject({ status: 401, reason: 'Authentication failed!' });
  });
});

describe('changing a VM', () => {
  test('needs the privilege of each option', async ({ pve, cluster }) => {
    const token = text(cluster.createToken('mcp@pve', 'test', { privileges: { '/vms/105': ['VM.Config.Options', 'VM.Config.Network'] } }));
    expect((await pve('PUT', '/nodes/pve1/qemu/105/config', { token, body: { description: 'x' } })).status).toBe(200);
    expect(await pve('PUT', '/nodes/pve1/qemu/105/config', { token, body: { memory: 512 } })).toMatchObject({
      status: 403,
      reason: 'Permission check failed (/vms/105, VM.Config.Memory)',
    });
    expect(await pve('PUT', '/nodes/pve1/qemu/105/config', { token, body: { net1: 'virtio,bridge=vmbr0' } })).toMatchObject({
      status: 403,
      reason: 'Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)',
    });
  });

  test('is checked for permission before existence', async ({ pve, cluster }) => {
    const token = text(cluster.createToken('mcp@pve', 'test', {}));
    expect(await pve('GET', '/nodes/pve1/qemu/777/config', { token })).toMatchObject({
      status: 403,
      reason: 'Permission check failed (/vms/777, VM.Audit)',
    });
    expect(await pve('GET', '/nodes/pve1/qemu/777/config')).toMatchObject({ status: 500 });
  });

  test('by creating one needs space on the storage and the bridge', async ({ pve, cluster }) => {
    const token = text(
      cluster.createToken('mcp@pve', 'test', {
        privileges: { '/vms/400': ['VM.Allocate', 'VM.Config.Disk', 'VM.Config.Memory', 'VM.Config.Options'] },
      }),
    );
    const body = { vmid: 400, name: 'x', memory: 512, scsi0: 'local-lvm:4' };
    expect(await pve('POST', '/nodes/pve1/qemu', { token, body })).toMatchObject({
      status: 403,
      reason: 'Permission check failed (/storage/local-lvm, Datastore.AllocateSpace)',
    });
    expect(await pve('POST', '/nodes/pve1/qemu', { token, body: { ...body, vmid: 401 } })).toMatchObject({
      status: 403,
      reason: 'Permission check failed',
    });
  });
});

describe('logging in', () => {
  test('gives a ticket, which needs the CSRF token for writes and beats a token', async ({ pve, cluster }) => {
    cluster.user('admin@pve', { password: 'secret-1' });
    cluster.acl('/', 'admin@pve', 'Administrator');
    const session = (await pve('POST', '/access/ticket', { token: null, body: { username: 'admin@pve', password: 'secret-1' } })).json
      ?.data as { ticket: string; CSRFPreventionToken: string };
    const Cookie = `PVEAuthCookie=${encodeURIComponent(session.ticket)}`;
    expect((await pve('GET', '/version', { token: null, headers: { Cookie } })).status).toBe(200);
    expect(await pve('POST', '/pools', { headers: { Cookie }, body: { poolid: 'x' } })).toMatchObject({
      status: 401,
      reason: 'Permission denied - invalid csrf token',
    });
    expect(
      (
        await pve('POST', '/pools', {
          token: null,
          headers: { Cookie, CSRFPreventionToken: session.CSRFPreventionToken },
          body: { poolid: 'x' },
        })
      ).status,
    ).toBe(200);
    expect(await pve('POST', '/access/ticket', { token: null, body: { username: 'admin@pve', password: 'wrong' } })).toMatchObject({
      status: 401,
      reason: 'authentication failure',
    });
  });
});
