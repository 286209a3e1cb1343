import type { Endpoint } from '../api/endpoint.ts';
import { parameterFailure, failure } from '../api/failure.ts';
import { looseParts } from '../api/property-string.ts';
import type { World } from '../model/world.ts';

/** The first free id from `lower` on. */
function nextFreeId(world: World, lower = 100, upper = 1_000_000): number | undefined {
  for (let vmid = lower; vmid < upper; vmid++) if (!world.guests.has(vmid)) return vmid;
  return undefined;
}

/** State of the cluster as a whole. @see pve-manager PVE/API2/Cluster.pm */
export const clusterEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/cluster/status',
    handler({ world }) {
      const nodes = [...world.nodes.values()].map((node) => ({
        id: `node/${node.name}`,
        name: node.name,
        type: 'node',
        nodeid: node.nodeid,
        online: node.online ? 1 : 0,
        local: node.name === world.localNode ? 1 : 0,
        level: '',
        ...(node.online ? { ip: node.ip } : {}),
      }));
      if (world.clusterName === undefined) return nodes.map((node) => ({ ...node, nodeid: 0 }));
      return [
        {
          id: 'cluster',
          type: 'cluster',
          name: world.clusterName,
          nodes: nodes.length,
          version: nodes.length,
          quorate: world.hasQuorum ? 1 : 0,
        },
        ...nodes,
      ];
    },
  },
  {
    method: 'GET',
    path: '/cluster/nextid',
    handler({ world, parameters }) {
      const wanted = parameters.optionalNumber('vmid');
      if (wanted !== undefined) {
        if (world.guests.has(wanted)) throw parameterFailure({ vmid: `VM ${wanted} already exists` });
        return String(wanted);
      }
      const range = looseParts(world.datacenter['next-id'] ?? '');
      const [lower, upper] = [Number(range['lower'] ?? 100), Number(range['upper'] ?? 1_000_000)];
      const free = nextFreeId(world, lower, upper);
      if (free === undefined) throw failure(`unable to get any free VMID in range [${lower}, ${upper}]`);
      return String(free);
    },
  },
  {
    method: 'GET',
    path: '/cluster/log',
    handler({ world, parameters, has, identity }) {
      const all = has('/', 'Sys.Syslog') ? world.clusterLog : world.clusterLog.filter((entry) => entry.user === identity);
      return all
        .slice(0, parameters.optionalNumber('max') ?? 50)
        .map((entry) => ({ ...entry, uid: String(entry.uid), id: `${entry.uid}:${entry.node}` }));
    },
  },
  {
    method: 'GET',
    path: '/cluster/options',
    handler({ world }) {
      const { 'next-id': nextId, ...options } = world.datacenter;
      return {
        'allowed-tags': [
          ...new Set(
            [...world.guests.values()].flatMap((guest) => String(guest.config['tags'] ?? '').split(/[;,]/)).filter((tag) => tag !== ''),
          ),
        ].sort(),
        description: '',
        ...options,
        ...(nextId === undefined ? {} : { 'next-id': looseParts(nextId) }),
      };
    },
  },
  {
    method: 'PUT',
    path: '/cluster/options',
    handler({ world, parameters }) {
      for (const key of parameters.list('delete')) delete world.datacenter[key];
      for (const key of Object.keys(parameters.values)) if (key !== 'delete') world.datacenter[key] = parameters.string(key);
      return null;
    },
  },
];
