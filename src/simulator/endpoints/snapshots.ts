import type { Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import { digestOf, isTemplate, type GuestKind, type Snapshot } from '../model/guest.ts';
import { findGuest, findVolume, type World } from '../model/world.ts';
import { disksOf, type Guest } from '../model/guest.ts';
import { guestInTask } from '../work/guest-lock.ts';
import { createSnapshot, deleteSnapshot, hasSnapshotFeature, rollbackSnapshot } from '../work/snapshots.ts';

/** Container descriptions come back with a line end. */
const describe = (kind: GuestKind, snapshot: Snapshot): string =>
  kind === 'lxc' && snapshot.description !== '' ? `${snapshot.description}\n` : snapshot.description;

/** @throws ApiFailure 500 */
function theSnapshot(guest: Guest, name: string): Snapshot {
  const snapshot = guest.snapshots.find((other) => other.name === name);
  if (snapshot === undefined) throw failure(`snapshot '${name}' does not exist`);
  return snapshot;
}

const canClone = (world: World, guest: Guest): boolean =>
  isTemplate(guest) && disksOf(guest.kind, guest.config).every((drive) => findVolume(world, drive.volid, guest.node) !== undefined);

function snapshotEndpoints(kind: GuestKind): Endpoint[] {
  const base = `/nodes/{node}/${kind}/{vmid}`;
  const prefix = kind === 'qemu' ? 'qm' : 'vz';
  return [
    {
      method: 'GET',
      path: `${base}/snapshot`,
      handler({ world, node, parameters }) {
        const guest = findGuest(world, kind, node, parameters.number('vmid'));
        const rows = guest.snapshots.map((snapshot) => ({
          name: snapshot.name,
          description: describe(kind, snapshot),
          snaptime: snapshot.snaptime,
          ...(kind === 'qemu' ? { vmstate: snapshot.vmstate ? 1 : 0 } : {}),
          ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
        }));
        return [
          ...rows,
          {
            name: 'current',
            description: 'You are here!',
            digest: digestOf(guest),
            running: guest.status === 'running' ? 1 : 0,
            ...(guest.parent === undefined ? {} : { parent: guest.parent }),
          },
        ];
      },
    },
    {
      method: 'POST',
      path: `${base}/snapshot`,
      handler(call) {
        const { world, parameters } = call;
        const name = parameters.string('snapname');
        if (name === 'current') throw failure("unable to use snapshot name 'current' (reserved name)");
        if (kind === 'lxc' && name === 'vzdump') throw failure("unable to use snapshot name 'vzdump' (reserved name)");
        const vmid = parameters.number('vmid');
        return call.worker(`${prefix}snapshot`, vmid, function* () {
          yield* createSnapshot(
            world,
            guestInTask(world, kind, call.node, vmid),
            name,
            parameters.optionalString('description') ?? '',
            parameters.flag('vmstate'),
          );
        });
      },
    },
    { method: 'GET', path: `${base}/snapshot/{snapname}`, handler: () => [{ cmd: 'rollback' }, { cmd: 'config' }] },
    {
      method: 'DELETE',
      path: `${base}/snapshot/{snapname}`,
      handler(call) {
        const { world, parameters } = call;
        const vmid = parameters.number('vmid');
        return call.worker(`${prefix}delsnapshot`, vmid, function* () {
          yield* deleteSnapshot(guestInTask(world, kind, call.node, vmid), parameters.string('snapname'), parameters.flag('force'));
        });
      },
    },
    {
      method: 'GET',
      path: `${base}/snapshot/{snapname}/config`,
      handler({ world, node, parameters }) {
        const snapshot = theSnapshot(findGuest(world, kind, node, parameters.number('vmid')), parameters.string('snapname'));
        return {
          ...snapshot.config,
          snaptime: snapshot.snaptime,
          ...(snapshot.description === '' ? {} : { description: describe(kind, snapshot) }),
          ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
        };
      },
    },
    {
      method: 'PUT',
      path: `${base}/snapshot/{snapname}/config`,
      handler({ world, node, parameters }) {
        const snapshot = theSnapshot(findGuest(world, kind, node, parameters.number('vmid')), parameters.string('snapname'));
        snapshot.description = parameters.optionalString('description') ?? snapshot.description;
        return null;
      },
    },
    {
      method: 'POST',
      path: `${base}/snapshot/{snapname}/rollback`,
      handler(call) {
        const { world, parameters } = call;
        const vmid = parameters.number('vmid');
        return call.worker(`${prefix}rollback`, vmid, function* () {
          yield* rollbackSnapshot(
            world,
            guestInTask(world, kind, call.node, vmid),
            parameters.string('snapname'),
            parameters.flag('start'),
          );
        });
      },
    },
    {
      method: 'GET',
      path: `${base}/feature`,
      handler({ world, node, parameters }) {
        const guest = findGuest(world, kind, node, parameters.number('vmid'));
        const feature = parameters.string('feature');
        const has = feature === 'snapshot' ? hasSnapshotFeature(world, guest) : feature === 'clone' ? canClone(world, guest) : true;
        return {
          hasFeature: has ? 1 : 0,
          ...(kind === 'qemu'
            ? {
                nodes: [...world.nodes.keys()].filter(
                  (name) =>
                    name === node || disksOf(kind, guest.config).every((drive) => findVolume(world, drive.volid, name) !== undefined),
                ),
              }
            : {}),
        };
      },
    },
  ];
}

/** Snapshots of guests, and what their storage can do. */
export const guestSnapshotEndpoints: readonly Endpoint[] = [...snapshotEndpoints('qemu'), ...snapshotEndpoints('lxc')];
