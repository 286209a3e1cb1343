import { SerializedJson, type Call, type Endpoint } from '../api/endpoint.ts';
import { guestName, isTemplate, lockOf, type Guest } from '../model/guest.ts';
import { isOnNode, usedBytes } from '../model/storage.ts';
import { allNodeUsage, STATISTICS_SECONDS, usageOf, type NodeUsage } from '../model/usage.ts';
import type { Node, World } from '../model/world.ts';
import { haResourceOf } from '../work/ha.ts';

type Row = Record<string, unknown>;

/** One guest among the resources; of an offline node only its place is known. @see pve-manager PVE/API2Tools.pm extract_vm_stats */
export function guestResource(world: World, guest: Guest, pool: string | undefined): Row {
  const base: Row = {
    id: `${guest.kind}/${guest.vmid}`,
    type: guest.kind,
    vmid: guest.vmid,
    node: guest.node,
    ...(pool === undefined ? {} : { pool }),
  };
  const tags = guest.config['tags'];
  if (tags !== undefined) base['tags'] = tags;
  const ha = haResourceOf(world, guest);
  if (ha !== undefined) base['hastate'] = ha.state;
  if (world.nodes.get(guest.node)?.online !== true) return { ...base, status: 'unknown' };
  const usage = usageOf(world, guest);
  const lock = lockOf(guest);
  if (lock !== undefined) base['lock'] = lock;
  return {
    ...base,
    name: guestName(guest),
    status: guest.status,
    template: isTemplate(guest) ? 1 : 0,
    cpu: usage.cpu,
    maxcpu: usage.cpus,
    mem: usage.mem,
    memhost: usage.memhost,
    maxmem: usage.maxmem,
    disk: usage.disk,
    maxdisk: usage.maxdisk,
    netin: usage.netin,
    netout: usage.netout,
    diskread: usage.diskread,
    diskwrite: usage.diskwrite,
    uptime: usage.uptime,
  };
}

/** One node; whoever may not audit it sees only that it exists. */
export function nodeResource(node: Node, usage: NodeUsage, mayAudit: boolean): Row {
  const base: Row = { id: `node/${node.name}`, type: 'node', node: node.name, status: node.online ? 'online' : 'offline' };
  if (!node.online) return base;
  if (!mayAudit) return { ...base, level: '' };
  return {
    ...base,
    level: '',
    cpu: usage.cpu,
    maxcpu: node.cores,
    mem: usage.mem,
    maxmem: node.memoryBytes,
    disk: usage.disk,
    maxdisk: node.rootBytes,
    uptime: usage.uptime,
  };
}

function storageResources(call: Call): Row[] {
  const { world } = call;
  const rows: Row[] = [];
  for (const storage of world.storages.values()) {
    if (storage.disabled || !call.has(`/storage/${storage.storage}`, 'Datastore.Audit')) continue;
    const content = storage.content.join(',');
    const sharedUse = storage.shared ? usedBytes(storage, '') : 0;
    for (const node of world.nodes.values()) {
      if (!isOnNode(storage, node.name)) continue;
      const base: Row = {
        id: `storage/${node.name}/${storage.storage}`,
        type: 'storage',
        storage: storage.storage,
        node: node.name,
        plugintype: storage.type,
        content,
        shared: storage.shared ? 1 : 0,
      };
      rows.push(
        node.online && storage.active
          ? { ...base, status: 'available', disk: storage.shared ? sharedUse : usedBytes(storage, node.name), maxdisk: storage.totalBytes }
          : { ...base, status: 'unknown' },
      );
    }
  }
  return rows;
}

function poolResources(call: Call): Row[] {
  const { world } = call;
  return [...world.pools.values()]
    .filter((pool) => call.has(`/pool/${pool.poolid}`, 'Pool.Audit'))
    .map((pool) => {
      const running = [...pool.vms].flatMap((vmid) => {
        const guest = world.guests.get(vmid);
        return guest?.status === 'running' ? [usageOf(world, guest)] : [];
      });
      const sum = (read: (usage: (typeof running)[number]) => number): number => running.reduce((total, usage) => total + read(usage), 0);
      const base: Row = { id: `/pool/${pool.poolid}`, type: 'pool', pool: pool.poolid };
      if (running.length === 0) return base;
      const maxcpu = sum((usage) => usage.cpus);
      return {
        ...base,
        maxcpu,
        cpu: sum((usage) => usage.cpu * usage.cpus) / maxcpu,
        mem: sum((usage) => usage.mem),
        maxmem: sum((usage) => usage.maxmem),
        uptime: Math.max(...running.map((usage) => usage.uptime)),
      };
    });
}

const networkResources = (call: Call): Row[] =>
  call.hasAny('/sdn/zones/localnetwork', ['SDN.Audit', 'SDN.Allocate'])
    ? [...call.world.nodes.values()].map((node) => ({
        id: `network/${node.name}/zone/localnetwork`,
        type: 'network',
        network: 'localnetwork',
        'network-type': 'zone',
        'zone-type': 'localnetwork',
        node: node.name,
        status: node.online ? 'ok' : 'unknown',
      }))
    : [];

function resources(call: Call, type: string | undefined): Row[] {
  const { world } = call;
  const rows: Row[] = [];
  const wants = (kind: string): boolean => type === undefined || type === kind;
  if (type === undefined) rows.push(...poolResources(call));
  if (wants('vm')) {
    const poolOf = new Map([...world.pools.values()].flatMap((pool) => [...pool.vms].map((vmid) => [vmid, pool.poolid] as const)));
    for (const guest of world.guests.values())
      if (call.has(`/vms/${guest.vmid}`, 'VM.Audit')) rows.push(guestResource(world, guest, poolOf.get(guest.vmid)));
  }
  if (wants('node')) {
    const usage = allNodeUsage(world);
    for (const node of world.nodes.values()) {
      const row = nodeResource(node, usage(node), call.has(`/nodes/${node.name}`, 'Sys.Audit'));
      rows.push(node.online ? { ...row, 'cgroup-mode': 2, ...(world.haResources.size > 0 ? { hastate: 'online' } : {}) } : row);
    }
  }
  if (wants('storage')) rows.push(...storageResources(call));
  if (type === undefined || type === 'network') rows.push(...networkResources(call));
  return rows;
}

interface Cached {
  readonly revision: number;
  readonly accessRevision: number;
  readonly period: number;
  readonly json: string;
}
const cache = new WeakMap<World, Map<string, Cached>>();

/** Everything there is, in one answer, as far as the caller may see it. The JSON is kept until something changes. */
export const clusterResourcesEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/cluster/resources',
    handler(call) {
      const { world } = call;
      const type = call.parameters.optionalString('type');
      const ofWorld = cache.get(world) ?? new Map<string, Cached>();
      cache.set(world, ofWorld);
      const key = `${call.identity} ${type ?? ''}`;
      const period = Math.floor(world.clock.now() / STATISTICS_SECONDS);
      const known = ofWorld.get(key);
      if (known?.revision === world.revision && known.accessRevision === world.access.revision && known.period === period)
        return new SerializedJson(known.json);
      const json = JSON.stringify(resources(call, type));
      if (ofWorld.size > 20) ofWorld.clear();
      ofWorld.set(key, { revision: world.revision, accessRevision: world.access.revision, period, json });
      return new SerializedJson(json);
    },
  },
];
