import type { Endpoint } from '../api/endpoint.ts';
import type { GuestKind } from '../model/guest.ts';
import { usedBytes } from '../model/storage.ts';
import { nodeUsage, usageOf } from '../model/usage.ts';
import { findGuest, findStorage, seconds, type World } from '../model/world.ts';

/** Seconds per row and number of rows of each timeframe. @see pve-cluster PVE/RRD.pm */
const TIMEFRAMES: Readonly<Record<string, { step: number; rows: number }>> = {
  hour: { step: 60, rows: 60 },
  day: { step: 60, rows: 1440 },
  week: { step: 1800, rows: 336 },
  month: { step: 1800, rows: 1440 },
  year: { step: 21_600, rows: 1440 },
  decade: { step: 604_800, rows: 520 },
};

/** Rows up to now, oldest first; a row without data has only its time. */
function rows(
  world: World,
  timeframe: string,
  since: number,
  values: (time: number) => Record<string, number>,
): Array<Record<string, number>> {
  const { step, rows: count } = TIMEFRAMES[timeframe] ?? { step: 60, rows: 60 };
  const last = Math.floor(seconds(world) / step) * step - step;
  return Array.from({ length: count }, (_, n) => {
    const time = last - (count - 1 - n) * step;
    return time < since ? { time } : { time, ...values(time) };
  });
}

const pressure = (cpu: number): Record<string, number> => ({
  pressurecpusome: cpu * 3,
  pressurecpufull: cpu * 2,
  pressureiosome: 0,
  pressureiofull: 0,
  pressurememorysome: 0,
  pressurememoryfull: 0,
});

const guestStatistics = (kind: GuestKind): Endpoint => ({
  method: 'GET',
  path: `/nodes/{node}/${kind}/{vmid}/rrddata`,
  handler({ world, node, parameters }) {
    const guest = findGuest(world, kind, node, parameters.number('vmid'));
    return rows(world, parameters.string('timeframe'), guest.status === 'running' ? guest.startedAt : Number.POSITIVE_INFINITY, (time) => {
      const { cpu, cpus, mem, memhost, maxmem, disk, maxdisk } = usageOf(world, guest, time);
      return {
        cpu,
        maxcpu: cpus,
        mem,
        memhost,
        maxmem,
        disk,
        maxdisk,
        netin: (2 + (guest.vmid % 17)) * 1024,
        netout: (1 + (guest.vmid % 11)) * 1024,
        diskread: (guest.vmid % 23) * 1024,
        diskwrite: (guest.vmid % 31) * 1024,
        ...pressure(cpu),
      };
    });
  },
});

/** What guests, nodes and storages have used over time. */
export const statisticsEndpoints: readonly Endpoint[] = [
  guestStatistics('qemu'),
  guestStatistics('lxc'),
  {
    method: 'GET',
    path: '/nodes/{node}/rrddata',
    handler({ world, node, parameters }) {
      const found = world.nodes.get(node);
      if (found === undefined) return [];
      const now = nodeUsage(world, found);
      return rows(world, parameters.string('timeframe'), found.bootedAt, (time) => {
        const wave = 1 + Math.sin(time / 5000) / 5;
        const cpu = Math.min(0.97, now.cpu * wave);
        const memused = Math.floor(now.mem * (0.9 + wave / 10));
        return {
          cpu,
          maxcpu: found.cores,
          iowait: 0.001 * wave,
          loadavg: now.load * wave,
          memtotal: found.memoryBytes,
          memused,
          memavailable: found.memoryBytes - memused,
          arcsize: 0,
          swaptotal: 8_589_930_496,
          swapused: 0,
          roottotal: found.rootBytes,
          rootused: found.rootUsedBytes,
          netin: 60_000 * wave,
          netout: 40_000 * wave,
          ...pressure(cpu),
        };
      });
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/rrddata',
    handler({ world, node, parameters }) {
      const storage = findStorage(world, parameters.string('storage'));
      const used = usedBytes(storage, node);
      return rows(world, parameters.string('timeframe'), 0, () => ({ total: storage.totalBytes, used }));
    },
  },
];
