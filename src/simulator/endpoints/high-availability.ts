import { createHash } from 'node:crypto';
import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import type { Guest } from '../model/guest.ts';
import { seconds, type HaResource, type HaState, type World } from '../model/world.ts';
import { reconcileHa } from '../work/ha.ts';

/** `100` becomes `vm:100` or `ct:100`, as the guest is. */
function sidOf(call: Call): string {
  const sid = call.parameters.string('sid');
  if (!/^\d+$/.test(sid)) return sid;
  return `${call.world.guests.get(Number(sid))?.kind === 'lxc' ? 'ct' : 'vm'}:${sid}`;
}

const guestOf = (world: World, sid: string): Guest | undefined => {
  const [type, vmid] = sid.split(':');
  const guest = world.guests.get(Number(vmid));
  return guest?.kind === (type === 'ct' ? 'lxc' : 'qemu') ? guest : undefined;
};

const digest = (world: World): string =>
  createHash('sha1')
    .update(JSON.stringify([...world.haResources.values()]))
    .digest('hex');
const row = (world: World, resource: HaResource): Record<string, unknown> => ({
  ...resource,
  type: resource.sid.split(':')[0],
  digest: digest(world),
});

/** @throws ApiFailure 500 */
function existing(call: Call): HaResource {
  const sid = sidOf(call);
  const resource = call.world.haResources.get(sid);
  if (resource === undefined) throw failure(`no such resource '${sid}'`);
  return resource;
}

const stateIn = (call: Call, otherwise: HaState): HaState => {
  const state = call.parameters.optionalString('state') ?? otherwise;
  return state === 'enabled' ? 'started' : (state as HaState);
};

function status(world: World): unknown[] {
  const stamp = new Date(seconds(world) * 1000).toUTCString();
  const rows: unknown[] = [
    {
      id: 'quorum',
      type: 'quorum',
      node: world.localNode,
      quorate: world.hasQuorum ? 1 : 0,
      status: world.hasQuorum ? 'OK' : 'No quorum on node!',
    },
  ];
  if (world.haResources.size === 0)
    return [
      ...rows,
      { id: 'fencing', type: 'fencing', node: world.localNode, status: 'standby (CRM watchdog standby)', 'armed-state': 'standby' },
    ];
  rows.push({
    id: 'master',
    type: 'master',
    node: world.localNode,
    timestamp: seconds(world),
    status: `${world.localNode} (active, ${stamp})`,
  });
  rows.push({ id: 'fencing', type: 'fencing', node: world.localNode, status: 'armed (CRM watchdog active)', 'armed-state': 'armed' });
  for (const node of world.nodes.values())
    rows.push({
      id: `lrm:${node.name}`,
      type: 'lrm',
      node: node.name,
      timestamp: seconds(world),
      status: node.online ? `${node.name} (active, watchdog active, ${stamp})` : `${node.name} (old timestamp - dead?, ${stamp})`,
    });
  for (const resource of world.haResources.values()) {
    const guest = guestOf(world, resource.sid);
    const state = guest === undefined ? 'error' : guest.status === 'running' ? 'started' : 'stopped';
    rows.push({
      id: `service:${resource.sid}`,
      type: 'service',
      sid: resource.sid,
      node: guest?.node ?? '',
      state,
      crm_state: state,
      request_state: resource.state,
      status: `${resource.sid} (${guest?.node ?? ''}, ${state})`,
      max_restart: resource.max_restart,
      max_relocate: resource.max_relocate,
      failback: 1,
    });
  }
  return rows;
}

/** High availability: which guests are managed, and how they are. @see pve-ha-manager PVE/API2/HA/Resources.pm */
export const highAvailabilityEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/cluster/ha/resources',
    handler: ({ world }) => [...world.haResources.values()].map((resource) => row(world, resource)),
  },
  { method: 'GET', path: '/cluster/ha/resources/{sid}', handler: (call) => row(call.world, existing(call)) },
  {
    method: 'POST',
    path: '/cluster/ha/resources',
    handler(call) {
      const { world, parameters } = call;
      const sid = sidOf(call);
      const guest = guestOf(world, sid);
      if (guest === undefined) throw failure(`resource '${sid}' does not exist in cluster`);
      if (world.haResources.has(sid)) throw failure(`create resource failed: resource ID '${sid}' already defined`);
      const comment = parameters.optionalString('comment');
      world.haResources.set(sid, {
        sid,
        state: stateIn(call, 'started'),
        max_restart: parameters.optionalNumber('max_restart') ?? 1,
        max_relocate: parameters.optionalNumber('max_relocate') ?? 1,
        ...(comment === undefined ? {} : { comment }),
      });
      reconcileHa(world, guest, stateIn(call, 'started'));
      return null;
    },
  },
  {
    method: 'PUT',
    path: '/cluster/ha/resources/{sid}',
    handler(call) {
      const { world, parameters } = call;
      const resource = existing(call);
      const guest = guestOf(world, resource.sid);
      for (const key of ['max_restart', 'max_relocate'] as const) {
        const value = parameters.optionalNumber(key);
        if (value !== undefined) resource[key] = value;
      }
      if (parameters.has('state')) {
        resource.state = stateIn(call, resource.state);
        if (guest !== undefined) reconcileHa(world, guest, resource.state);
      }
      return null;
    },
  },
  {
    method: 'DELETE',
    path: '/cluster/ha/resources/{sid}',
    handler: (call) => {
      call.world.haResources.delete(existing(call).sid);
      return null;
    },
  },
  { method: 'GET', path: '/cluster/ha/status/current', handler: ({ world }) => status(world) },
  {
    method: 'GET',
    path: '/cluster/ha/status/manager_status',
    handler: ({ world }) => ({
      manager_status: {
        node_status: Object.fromEntries([...world.nodes.values()].map((node) => [node.name, node.online ? 'online' : 'unknown'])),
      },
      quorum: { node: world.localNode, quorate: world.hasQuorum ? '1' : '0' },
    }),
  },
  {
    method: 'GET',
    path: '/cluster/ha/groups',
    handler: () => {
      throw failure('cannot index groups: ha groups have been migrated to rules');
    },
  },
  { method: 'GET', path: '/cluster/ha/rules', handler: () => [] },
];
