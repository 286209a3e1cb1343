import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, parameterFailure } from '../api/failure.ts';
import { disksOf, drivesOf, guestWord, lockOf, type Guest, type GuestKind } from '../model/guest.ts';
import { clockDuration, humanBytes, logTime, MIB } from '../model/size.ts';
import { volumesOn } from '../model/storage.ts';
import { memoryBytes } from '../model/guest.ts';
import { findGuest, parseVolid, seconds, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { refuseLocked, withConfigLock, withGuestLock } from '../work/guest-lock.ts';
import { isHaManaged } from '../work/ha.ts';

interface Move {
  readonly target: string;
  readonly targetStorage: string | undefined;
  readonly online: boolean;
  readonly isRestart: boolean;
}

/** Disks that only the source node can reach. */
const localDisks = (world: World, guest: Guest): ReturnType<typeof disksOf> =>
  disksOf(guest.kind, guest.config).filter((drive) => world.storages.get(parseVolid(drive.volid)?.storage ?? '')?.shared === false);

function moveVolumes(world: World, guest: Guest, target: string): void {
  for (const drive of localDisks(world, guest)) {
    const storage = world.storages.get(parseVolid(drive.volid)?.storage ?? '');
    const volume = storage === undefined ? undefined : volumesOn(storage, guest.node).get(drive.volid);
    if (storage === undefined || volume === undefined) continue;
    volumesOn(storage, guest.node).delete(drive.volid);
    volumesOn(storage, target).set(drive.volid, volume);
  }
}

/** Moves a guest to another node. @see qemu-server PVE/QemuMigrate.pm, pve-container PVE/LXC/Migrate.pm */
function* migrateGuest(world: World, guest: Guest, plan: Move): Work {
  const startedAt = seconds(world);
  const stamp = (): string => logTime(seconds(world));
  const took = (): string => clockDuration(seconds(world) - startedAt);
  yield* withGuestLock(guest, function* () {
    refuseLocked(guest);
    yield* withConfigLock(guest, 'migrate', function* () {
      const target = world.nodes.get(plan.target);
      yield `${stamp()} starting migration of ${guestWord(guest.kind)} ${guest.vmid} to node '${plan.target}' (${target?.ip ?? ''})`;
      yield 1;
      if (target?.online !== true) {
        yield `${stamp()} # /usr/bin/ssh -e none -o 'BatchMode=yes' -o 'HostKeyAlias=${plan.target}' root@${target?.ip ?? ''} /bin/true`;
        yield `${stamp()} ssh: connect to host ${target?.ip ?? ''} port 22: Connection refused`;
        yield `${stamp()} ERROR: migration aborted (duration ${took()}): Can't connect to destination address using public key`;
        throw new Error('migration aborted');
      }
      const wasRunning = guest.status === 'running';
      if (guest.kind === 'lxc' && wasRunning) {
        yield `${stamp()} shutdown CT ${guest.vmid}`;
        yield 3;
      }
      for (const drive of localDisks(world, guest)) {
        yield `${stamp()} found local disk '${drive.volid}' (attached)`;
        yield Math.max(1, drive.sizeBytes / (800 * MIB));
      }
      if (guest.kind === 'qemu' && wasRunning) {
        const memory = memoryBytes(guest);
        yield `${stamp()} starting VM ${guest.vmid} on remote node '${plan.target}'`;
        yield 2;
        yield `${stamp()} starting online/live migration on unix:/run/qemu-server/${guest.vmid}.migrate`;
        for (let n = 1; n <= 4; n++) {
          yield Math.max(0.5, memory / (2000 * MIB) / 4);
          yield `${stamp()} migration active, transferred ${humanBytes((memory * n) / 4)} of ${humanBytes(memory)} VM-state, 512.0 MiB/s`;
        }
        yield `${stamp()} migration status: completed`;
      }
      moveVolumes(world, guest, plan.target);
      guest.node = plan.target;
      if (guest.kind === 'lxc' && wasRunning) {
        yield `${stamp()} start container on target node`;
        yield 2;
        guest.startedAt = world.clock.now();
      }
      yield `${stamp()} migration finished successfully (duration ${took()})`;
    });
  });
}

const others = (call: Call): string[] => [...call.world.nodes.keys()].filter((name) => name !== call.node);

const migration = (kind: GuestKind): Endpoint => ({
  method: 'POST',
  path: `/nodes/{node}/${kind}/{vmid}/migrate`,
  handler(call) {
    const { parameters, world } = call;
    const target = parameters.string('target');
    if (target === call.node) throw parameterFailure({ target: 'target is local node.' });
    if (!world.nodes.has(target)) throw failure(`no such cluster node '${target}'`);
    const guest = findGuest(world, kind, call.node, parameters.number('vmid'));
    const lock = lockOf(guest);
    if (lock !== undefined) throw failure(`${guestWord(kind)} is locked (${lock})`);
    const isRestart = parameters.flag('restart');
    if (guest.status === 'running') {
      if (kind === 'qemu' && !parameters.flag('online')) throw failure("can't migrate running VM without --online");
      if (kind === 'lxc' && !parameters.flag('online') && !isRestart)
        throw failure("can't migrate running container without --online or --restart");
    }
    const plan: Move = { target, targetStorage: parameters.optionalString('targetstorage'), online: parameters.flag('online'), isRestart };
    if (isHaManaged(world, guest)) {
      return call.worker('hamigrate', guest.vmid, function* () {
        yield `Requesting HA migration for ${guestWord(kind)} ${guest.vmid} to node ${target}`;
        yield 0.5;
        world.clock.at(8, () => {
          if (world.guests.get(guest.vmid) === guest && world.nodes.get(target)?.online === true)
            world.tasks.start(
              { node: guest.node, type: kind === 'qemu' ? 'qmigrate' : 'vzmigrate', id: String(guest.vmid), user: 'root@pam' },
              () => migrateGuest(world, guest, plan),
            );
        });
      });
    }
    return call.worker(kind === 'qemu' ? 'qmigrate' : 'vzmigrate', guest.vmid, () => migrateGuest(world, guest, plan));
  },
});

const preconditions: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/migrate',
    handler(call) {
      const guest = findGuest(call.world, 'qemu', call.node, call.parameters.number('vmid'));
      const local = localDisks(call.world, guest);
      return {
        running: guest.status === 'running' ? 1 : 0,
        allowed_nodes: others(call),
        not_allowed_nodes: local.length === 0 ? {} : Object.fromEntries(others(call).map((name) => [name, {}])),
        local_resources: [],
        'mapped-resources': [],
        'mapped-resource-info': {},
        'has-dbus-vmstate': 1,
        local_disks: drivesOf('qemu', guest.config)
          .filter((drive) => local.some((other) => other.key === drive.key))
          .map((drive) => ({
            drivename: drive.key,
            volid: drive.volid,
            size: drive.sizeBytes,
            shared: 0,
            cdrom: 0,
            is_attached: 1,
            is_unused: 0,
            is_vmstate: 0,
            is_cloudinit: drive.isCloudInit ? 1 : 0,
            is_tpmstate: 0,
            replicate: 1,
          })),
      };
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/lxc/{vmid}/migrate',
    handler(call) {
      const guest = findGuest(call.world, 'lxc', call.node, call.parameters.number('vmid'));
      return { running: guest.status === 'running' ? 1 : 0, 'allowed-nodes': others(call), 'not-allowed-nodes': {} };
    },
  },
];

/** Moving guests between nodes. */
export const guestMigrateEndpoints: readonly Endpoint[] = [migration('qemu'), migration('lxc'), ...preconditions];
