import { bootDiskBytes, cpusOf, memoryBytes, type Guest } from './guest.ts';
import { KIB, MIB } from './size.ts';
import type { Node, World } from './world.ts';

/** What a guest uses at a moment. Rates follow from its id and the time, so that the same world shows the same numbers. */
export interface GuestUsage {
  cpu: number;
  cpus: number;
  mem: number;
  memhost: number;
  maxmem: number;
  disk: number;
  maxdisk: number;
  netin: number;
  netout: number;
  diskread: number;
  diskwrite: number;
  uptime: number;
}

const wave = (seed: number, time: number): number => (Math.sin(seed * 12.9898 + time / 700) + Math.sin(seed * 78.233 + time / 97) + 2) / 4;

/** How often the numbers change: pvestatd collects them about every ten seconds. */
export const STATISTICS_SECONDS = 10;

export function usageOf(world: World, guest: Guest, at = world.clock.now()): GuestUsage {
  const time = Math.floor(at / STATISTICS_SECONDS) * STATISTICS_SECONDS;
  const cpus = cpusOf(guest, world.nodes.get(guest.node)?.cores ?? 1);
  const maxmem = memoryBytes(guest);
  const maxdisk = bootDiskBytes(guest);
  if (guest.status !== 'running')
    return { cpu: 0, cpus, mem: 0, memhost: 0, maxmem, disk: 0, maxdisk, netin: 0, netout: 0, diskread: 0, diskwrite: 0, uptime: 0 };
  const uptime = Math.max(0, Math.floor(at - guest.startedAt));
  const level = wave(guest.vmid, time);
  const mem = Math.floor(maxmem * (0.25 + 0.5 * wave(guest.vmid * 3, time / 9)));
  const isPaused = guest.qmpstatus === 'paused';
  return {
    cpu: isPaused ? 0 : 0.004 + 0.35 * level * level,
    cpus,
    mem,
    memhost: guest.kind === 'qemu' ? Math.min(maxmem + 60 * MIB, mem + 190 * MIB) : mem,
    maxmem,
    disk: guest.kind === 'lxc' ? Math.floor(maxdisk * (0.2 + (guest.vmid % 40) / 100)) : 0,
    maxdisk,
    netin: Math.floor(uptime * (2 + (guest.vmid % 17)) * KIB),
    netout: Math.floor(uptime * (1 + (guest.vmid % 11)) * KIB),
    diskread: Math.floor(uptime * (guest.vmid % 23) * KIB + 180 * MIB),
    diskwrite: Math.floor(uptime * (guest.vmid % 31) * KIB),
    uptime,
  };
}

export interface NodeUsage {
  cpu: number;
  mem: number;
  disk: number;
  uptime: number;
  iowait: number;
  load: number;
}

/** What each node uses, in one pass over the guests. */
export function allNodeUsage(world: World, at = world.clock.now()): (node: Node) => NodeUsage {
  const sums = new Map<string, { used: number; busy: number }>();
  for (const guest of world.guests.values()) {
    if (guest.status !== 'running') continue;
    const usage = usageOf(world, guest, at);
    const sum = sums.get(guest.node) ?? { used: 0, busy: 0 };
    sum.used += usage.memhost;
    sum.busy += usage.cpu * usage.cpus;
    sums.set(guest.node, sum);
  }
  return (node) => {
    const { used = 0, busy = 0 } = sums.get(node.name) ?? {};
    const load = busy + 0.15;
    return {
      cpu: Math.min(0.97, load / node.cores),
      mem: Math.floor(Math.min(used + 1640 * MIB, node.memoryBytes * 0.97)),
      disk: node.rootUsedBytes,
      uptime: Math.max(0, Math.floor(at - node.bootedAt)),
      iowait: 0.002,
      load,
    };
  };
}

export const nodeUsage = (world: World, node: Node, at = world.clock.now()): NodeUsage => allNodeUsage(world, at)(node);
