import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import type { Guest } from '../model/guest.ts';
import type { World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { guestInTask, refuseLocked } from '../work/guest-lock.ts';
import { isHaManaged, requestHa } from '../work/ha.ts';
import { rebootGuest, shutdownGuest, startContainer, stopGuest } from '../work/power.ts';

const BASE = '/nodes/{node}/lxc/{vmid}/status';

const vmid = (call: Call): number => call.parameters.number('vmid');
const here = (call: Call): Guest | undefined => {
  const guest = call.world.guests.get(vmid(call));
  return guest?.kind === 'lxc' && guest.node === call.node ? guest : undefined;
};

const task = (call: Call, type: string, work: (world: World, guest: Guest) => Work): string =>
  call.worker(type, vmid(call), function* () {
    yield* work(call.world, guestInTask(call.world, 'lxc', call.node, vmid(call)));
  });

/** @throws ApiFailure 500 when the container is off; a missing one counts as off */
function requireRunning(call: Call, word = 'CT'): void {
  if (here(call)?.status !== 'running') throw failure(`${word} ${vmid(call)} not running`);
}

/** Starting, stopping and so on of containers: a wrong state is refused at once, unlike with VMs. @see pve-container PVE/API2/LXC/Status.pm */
export const lxcPowerEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: `${BASE}/start`,
    handler(call) {
      const guest = here(call);
      if (guest?.status === 'running') throw failure(`CT ${guest.vmid} already running`);
      if (guest !== undefined && isHaManaged(call.world, guest)) return task(call, 'hastart', (world) => requestHa(world, guest, 'start'));
      return task(call, 'vzstart', startContainer);
    },
  },
  {
    method: 'POST',
    path: `${BASE}/stop`,
    handler(call) {
      requireRunning(call);
      const guest = here(call);
      if (guest !== undefined && isHaManaged(call.world, guest)) return task(call, 'hastop', (world) => requestHa(world, guest, 'stop'));
      return task(call, 'vzstop', (_, found) => stopGuest(found));
    },
  },
  {
    method: 'POST',
    path: `${BASE}/shutdown`,
    handler(call) {
      requireRunning(call);
      const guest = here(call);
      if (guest !== undefined && isHaManaged(call.world, guest)) return task(call, 'hastop', (world) => requestHa(world, guest, 'stop'));
      return task(call, 'vzshutdown', (_, found) =>
        shutdownGuest(found, call.parameters.optionalNumber('timeout') ?? 60, call.parameters.flag('forceStop')),
      );
    },
  },
  {
    method: 'POST',
    path: `${BASE}/reboot`,
    handler(call) {
      requireRunning(call, 'VM');
      return task(call, 'vzreboot', (world, guest) => rebootGuest(world, guest, call.parameters.optionalNumber('timeout') ?? 60));
    },
  },
  {
    method: 'POST',
    path: `${BASE}/suspend`,
    handler(call) {
      requireRunning(call);
      return task(call, 'vzsuspend', function* (_, guest) {
        refuseLocked(guest);
        yield 1;
        yield `lxc-checkpoint: ${guest.vmid}: ../src/lxc/criu.c: criu_version_ok: 767 Connection refused - execing criu failed, is it installed?`;
        throw new Error(`command 'lxc-checkpoint -n ${guest.vmid} -s -D /var/lib/vz/dump' failed: exit code 1`);
      });
    },
  },
  {
    method: 'POST',
    path: `${BASE}/resume`,
    handler: (call) =>
      task(call, 'vzresume', function* (_, guest) {
        yield `lxc-checkpoint: ${guest.vmid}: ../src/lxc/criu.c: criu_version_ok: 767 Connection refused - execing criu failed, is it installed?`;
        yield `lxc-checkpoint: ${guest.vmid}: ../src/lxc/tools/lxc_checkpoint.c: restore_finalize: 203 Restoring ${guest.vmid} failed`;
        throw new Error(`command 'lxc-checkpoint -n ${guest.vmid} -r --foreground -D /var/lib/vz/dump' failed: exit code 1`);
      }),
  },
];
