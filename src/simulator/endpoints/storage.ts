import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import { isOnNode, usedBytes, type Storage, type StorageType } from '../model/storage.ts';
import { GIB } from '../model/size.ts';
import { findStorage, type World } from '../model/world.ts';
import { createHash } from 'node:crypto';

const configDigest = (world: World): string =>
  createHash('sha1')
    .update(
      [...world.storages.values()]
        .map((storage) => `${storage.type}: ${storage.storage} ${storage.content.join(',')} ${JSON.stringify(storage.settings)}`)
        .join('\n'),
    )
    .digest('hex');

/** One storage of /etc/pve/storage.cfg. */
const definition = (world: World, storage: Storage): Record<string, unknown> => ({
  storage: storage.storage,
  type: storage.type,
  content: storage.content.join(','),
  digest: configDigest(world),
  ...storage.settings,
  ...(storage.shared && !['nfs', 'rbd', 'pbs'].includes(storage.type) ? { shared: 1 } : {}),
  ...(storage.nodes === undefined ? {} : { nodes: storage.nodes.join(',') }),
  ...(storage.disabled ? { disable: 1 } : {}),
});

/** State of a storage as one node sees it. @see pve-storage PVE/API2/Storage/Status.pm */
function state(storage: Storage, node: string): Record<string, unknown> {
  const isUsable = !storage.disabled && storage.active;
  const used = isUsable ? usedBytes(storage, node) : 0;
  const total = isUsable ? storage.totalBytes : 0;
  return {
    type: storage.type,
    content: storage.content.join(','),
    shared: storage.shared ? 1 : 0,
    enabled: storage.disabled ? 0 : 1,
    active: isUsable ? 1 : 0,
    total,
    used,
    avail: total - used,
  };
}

function listStates(call: Call): unknown {
  const { world, parameters, node } = call;
  const content = parameters.list('content');
  const only = parameters.optionalString('storage');
  const target = parameters.optionalString('target');
  return [...world.storages.values()]
    .filter(
      (storage) =>
        isOnNode(storage, node) &&
        (only === undefined || storage.storage === only) &&
        (!parameters.flag('enabled') || !storage.disabled) &&
        (content.length === 0 || content.some((kind) => storage.content.includes(kind))) &&
        (target === undefined || target === node || (storage.shared && isOnNode(storage, target))) &&
        call.hasAny(`/storage/${storage.storage}`, ['Datastore.Audit', 'Datastore.AllocateSpace']),
    )
    .map((storage) => {
      const row = state(storage, node);
      return {
        storage: storage.storage,
        ...row,
        ...(Number(row['total']) > 0 ? { used_fraction: Number(row['used']) / Number(row['total']) } : {}),
      };
    });
}

function updateSettings(call: Call, storage: Storage): void {
  const { parameters } = call;
  for (const key of Object.keys(parameters.values)) {
    if (['storage', 'type', 'digest', 'delete'].includes(key)) continue;
    if (key === 'content') storage.content = parameters.list(key);
    else if (key === 'nodes') storage.nodes = parameters.list(key);
    else if (key === 'disable') storage.disabled = parameters.flag(key);
    else if (key === 'shared') storage.shared = parameters.flag(key);
    else storage.settings[key] = parameters.string(key);
  }
  for (const key of parameters.list('delete')) {
    if (key === 'nodes') storage.nodes = undefined;
    else if (key === 'disable') storage.disabled = false;
    else delete storage.settings[key];
  }
}

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  dir: ['path'],
  nfs: ['server', 'export'],
  lvmthin: ['vgname', 'thinpool'],
  zfspool: ['pool'],
  btrfs: ['path'],
  rbd: [],
  pbs: ['server', 'datastore'],
};

/** Definitions of storages, and their state per node. */
export const storageEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/storage',
    handler: (call) =>
      [...call.world.storages.values()]
        .filter(
          (storage) =>
            (call.parameters.optionalString('type') ?? storage.type) === storage.type &&
            call.hasAny(`/storage/${storage.storage}`, ['Datastore.Audit', 'Datastore.AllocateSpace']),
        )
        .map((storage) => definition(call.world, storage)),
  },
  {
    method: 'GET',
    path: '/storage/{storage}',
    handler: (call) => definition(call.world, findStorage(call.world, call.parameters.string('storage'))),
  },
  {
    method: 'POST',
    path: '/storage',
    handler(call) {
      const name = call.parameters.string('storage');
      const type = call.parameters.string('type');
      if (call.world.storages.has(name)) throw failure(`create storage failed: storage ID '${name}' already defined`);
      if (REQUIRED[type] === undefined) throw failure(`storage type '${type}' is not modelled`);
      for (const option of REQUIRED[type].toReversed())
        if (!call.parameters.has(option)) throw failure(`missing value for required option '${option}'`);
      const storage: Storage = {
        storage: name,
        type: type as StorageType,
        content: ['images', 'rootdir'],
        shared: ['nfs', 'rbd', 'pbs'].includes(type),
        nodes: undefined,
        disabled: false,
        active: true,
        totalBytes: 100 * GIB,
        otherBytes: GIB,
        settings: {},
        volumes: new Map(),
      };
      updateSettings(call, storage);
      call.world.storages.set(name, storage);
      return { storage: name, type };
    },
  },
  {
    method: 'PUT',
    path: '/storage/{storage}',
    handler(call) {
      const storage = findStorage(call.world, call.parameters.string('storage'));
      updateSettings(call, storage);
      return { storage: storage.storage, type: storage.type };
    },
  },
  {
    method: 'DELETE',
    path: '/storage/{storage}',
    handler(call) {
      const name = call.parameters.string('storage');
      if (!call.world.storages.delete(name)) throw failure(`delete storage failed: storage '${name}' does not exist`);
      return null;
    },
  },
  { method: 'GET', path: '/nodes/{node}/storage', handler: listStates },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/status',
    handler: (call) => state(findStorage(call.world, call.parameters.string('storage')), call.node),
  },
];
