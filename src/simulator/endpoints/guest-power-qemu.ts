import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import type { Guest } from '../model/guest.ts';
import { findGuest, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { guestInTask, refuseLocked } from '../work/guest-lock.ts';
import { isHaManaged, requestHa } from '../work/ha.ts';
import { rebootGuest, shutdownGuest, startVm, stopGuest, suspendToDisk } from '../work/power.ts';

const BASE = '/nodes/{node}/qemu/{vmid}/status';

const vmid = (call: Call): number => call.parameters.number('vmid');
const here = (call: Call): Guest | undefined => {
  const guest = call.world.guests.get(vmid(call));
  return guest?.kind === 'qemu' && guest.node === call.node ? guest : undefined;
};

/** A task on the VM, which is looked up only when the task runs. */
const task = (call: Call, type: string, work: (world: World, guest: Guest) => Work): string =>
  call.worker(type, vmid(call), function* () {
    yield* work(call.world, guestInTask(call.world, 'qemu', call.node, vmid(call)));
  });

/** @throws ApiFailure 500 when the VM is missing or off */
function requireRunning(call: Call, word = 'not running'): Guest {
  const guest = findGuest(call.world, 'qemu', call.node, vmid(call));
  if (guest.status !== 'running') throw failure(`VM ${guest.vmid} ${word}`);
  return guest;
}

/** Starting, stopping and so on of VMs. @see qemu-server PVE/API2/Qemu.pm */
export const qemuPowerEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: `${BASE}/start`,
    handler(call) {
      const guest = here(call);
      if (guest !== undefined && isHaManaged(call.world, guest)) return task(call, 'hastart', (world) => requestHa(world, guest, 'start'));
      return task(call, 'qmstart', startVm);
    },
  },
  {
    method: 'POST',
    path: `${BASE}/stop`,
    handler(call) {
      const guest = here(call);
      if (guest?.status === 'running' && isHaManaged(call.world, guest))
        return task(call, 'hastop', (world) => requestHa(world, guest, 'stop'));
      return task(call, 'qmstop', (_, found) => stopGuest(found));
    },
  },
  {
    method: 'POST',
    path: `${BASE}/shutdown`,
    handler(call) {
      const guest = here(call);
      const { parameters } = call;
      if (guest?.qmpstatus === 'paused') {
        if (!parameters.flag('forceStop')) throw failure('VM is paused - cannot shutdown');
        return task(call, 'qmshutdown', (_, found) => stopGuest(found));
      }
      if (guest?.status === 'running' && isHaManaged(call.world, guest))
        return task(call, 'hastop', (world) => requestHa(world, guest, 'stop'));
      return task(call, 'qmshutdown', (_, found) =>
        shutdownGuest(found, parameters.optionalNumber('timeout') ?? 180, parameters.flag('forceStop')),
      );
    },
  },
  {
    method: 'POST',
    path: `${BASE}/reboot`,
    handler(call) {
      requireRunning(call);
      return task(call, 'qmreboot', (world, guest) => rebootGuest(world, guest, call.parameters.optionalNumber('timeout') ?? 180));
    },
  },
  {
    method: 'POST',
    path: `${BASE}/reset`,
    handler(call) {
      requireRunning(call);
      return task(call, 'qmreset', function* (world, guest) {
        refuseLocked(guest);
        yield 0.3;
        guest.startedAt = world.clock.now();
        guest.qmpstatus = 'running';
      });
    },
  },
  {
    method: 'POST',
    path: `${BASE}/suspend`,
    handler(call) {
      requireRunning(call);
      if (call.parameters.flag('todisk')) return task(call, 'qmsuspend', suspendToDisk);
      return task(call, 'qmpause', function* (_, guest) {
        refuseLocked(guest);
        yield 0.3;
        guest.qmpstatus = 'paused';
      });
    },
  },
  {
    method: 'POST',
    path: `${BASE}/resume`,
    handler(call) {
      const guest = here(call);
      if (guest?.config['lock'] === 'suspended') return task(call, 'qmresume', startVm);
      requireRunning(call);
      return task(call, 'qmresume', function* (_, found) {
        refuseLocked(found);
        yield 0.3;
        found.qmpstatus = 'running';
      });
    },
  },
];
