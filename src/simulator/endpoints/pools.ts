import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import { isOnNode, usedBytes } from '../model/storage.ts';
import { touch, type Pool } from '../model/world.ts';
import { guestResource } from './cluster-resources.ts';

const describe = (pool: Pool): Record<string, unknown> => ({
  poolid: pool.poolid,
  ...(pool.comment === undefined ? {} : { comment: pool.comment }),
});

function members(call: Call, pool: Pool): unknown[] {
  const { world } = call;
  const type = call.parameters.optionalString('type');
  const guests = [...pool.vms].flatMap((vmid) => {
    const guest = world.guests.get(vmid);
    return guest === undefined || (type !== undefined && type !== guest.kind) ? [] : [guestResource(world, guest, undefined)];
  });
  const storages = [...pool.storages].flatMap((name) => {
    const storage = world.storages.get(name);
    if (storage === undefined || (type !== undefined && type !== 'storage')) return [];
    return [...world.nodes.keys()]
      .filter((node) => isOnNode(storage, node))
      .slice(0, storage.shared ? 1 : undefined)
      .map((node) => ({
        id: `storage/${node}/${name}`,
        type: 'storage',
        node,
        storage: name,
        plugintype: storage.type,
        content: storage.content.join(','),
        shared: storage.shared ? 1 : 0,
        status: 'available',
        disk: usedBytes(storage, node),
        maxdisk: storage.totalBytes,
      }));
  });
  return [...guests, ...storages];
}

function update(call: Call): null {
  const { world, parameters } = call;
  const poolid = parameters.string('poolid');
  const pool = world.pools.get(poolid);
  if (pool === undefined) throw failure(`update pools failed: pool '${poolid}' does not exist`);
  const isRemoval = parameters.flag('delete');
  const comment = parameters.optionalString('comment');
  for (const vmid of parameters.list('vms').map(Number)) {
    const guest = world.guests.get(vmid);
    if (isRemoval) {
      if (!pool.vms.has(vmid)) throw failure(`update pools failed: VM ${vmid} is not a pool member`);
      call.requireAny(`/vms/${vmid}`, ['VM.Allocate']);
      pool.vms.delete(vmid);
      continue;
    }
    call.require(`/vms/${vmid}`, 'VM.Allocate');
    if (guest === undefined) throw failure(`update pools failed: VM ${vmid} does not exist`);
    const other = [...world.pools.values()].find((candidate) => candidate !== pool && candidate.vms.has(vmid));
    if (other !== undefined && !parameters.flag('allow-move'))
      throw failure(`update pools failed: VM ${vmid} belongs already to pool '${other.poolid}' and 'allow-move' is not set`);
    if (pool.vms.has(vmid)) throw failure(`update pools failed: VM ${vmid} is already a pool member`);
    other?.vms.delete(vmid);
    pool.vms.add(vmid);
  }
  for (const storage of parameters.list('storage')) {
    call.require(`/storage/${storage}`, 'Datastore.Allocate');
    if (isRemoval) pool.storages.delete(storage);
    else pool.storages.add(storage);
  }
  if (comment !== undefined) pool.comment = comment;
  world.access.revision++;
  touch(world);
  return null;
}

function remove(call: Call): null {
  const { world } = call;
  const poolid = call.parameters.string('poolid');
  const pool = world.pools.get(poolid);
  if (pool === undefined) throw failure(`delete pool failed: pool '${poolid}' does not exist`);
  const [vmid] = pool.vms;
  const [storage] = pool.storages;
  if (vmid !== undefined) throw failure(`delete pool failed: pool '${poolid}' is not empty (contains VM ${vmid})`);
  if (storage !== undefined) throw failure(`delete pool failed: pool '${poolid}' is not empty (contains storage '${storage}')`);
  world.pools.delete(poolid);
  world.access.revision++;
  return null;
}

const visible = (call: Call): Pool[] => [...call.world.pools.values()].filter((pool) => call.has(`/pool/${pool.poolid}`, 'Pool.Audit'));

/** Pools of guests and storages. @see pve-manager PVE/API2/Pool.pm */
export const poolEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/pools',
    handler(call) {
      const poolid = call.parameters.optionalString('poolid');
      if (poolid === undefined) return visible(call).map(describe);
      const pool = call.world.pools.get(poolid);
      call.require(`/pool/${poolid}`, 'Pool.Audit');
      if (pool === undefined) throw failure(`no such pool '${poolid}'`);
      return [{ ...describe(pool), members: members(call, pool) }];
    },
  },
  {
    method: 'GET',
    path: '/pools/{poolid}',
    handler(call) {
      const pool = call.world.pools.get(call.parameters.string('poolid'));
      if (pool === undefined) throw failure(`no such pool '${call.parameters.string('poolid')}'`);
      return { ...describe(pool), members: members(call, pool) };
    },
  },
  {
    method: 'POST',
    path: '/pools',
    handler({ world, parameters }) {
      const poolid = parameters.string('poolid');
      if (world.pools.has(poolid)) throw failure(`create pool failed: pool '${poolid}' already exists`);
      world.pools.set(poolid, { poolid, comment: parameters.optionalString('comment'), vms: new Set(), storages: new Set() });
      world.access.revision++;
      return null;
    },
  },
  { method: 'PUT', path: '/pools', handler: update },
  { method: 'PUT', path: '/pools/{poolid}', handler: update },
  { method: 'DELETE', path: '/pools', handler: remove },
  { method: 'DELETE', path: '/pools/{poolid}', handler: remove },
];
