import type { Call, Endpoint } from '../api/endpoint.ts';
import { drivesOf, guestName, isTemplate, lockOf, type Guest, type GuestKind } from '../model/guest.ts';
import { usageOf } from '../model/usage.ts';
import { findGuest, type World } from '../model/world.ts';
import { haResourceOf } from '../work/ha.ts';

const round = (value: number): number => Math.round(value * 100) / 100;

/** One row of the list of VMs. @see qemu-server PVE/QemuServer.pm vmstatus */
function vmRow(world: World, guest: Guest, isFull: boolean): Record<string, unknown> {
  const usage = usageOf(world, guest);
  const isRunning = guest.status === 'running';
  const pressure = isRunning
    ? {
        pressurecpusome: round(usage.cpu * 3),
        pressurecpufull: round(usage.cpu * 2),
        pressureiosome: 0,
        pressureiofull: 0,
        pressurememorysome: 0,
        pressurememoryfull: 0,
      }
    : {};
  const lock = lockOf(guest);
  return {
    vmid: guest.vmid,
    name: guestName(guest),
    status: guest.status,
    cpu: usage.cpu,
    cpus: usage.cpus,
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
    ...(isRunning ? { pid: guest.pid } : {}),
    ...pressure,
    ...(isTemplate(guest) ? { template: 1 } : {}),
    ...(lock === undefined ? {} : { lock }),
    ...(guest.config['tags'] === undefined ? {} : { tags: guest.config['tags'] }),
    ...(guest.config['serial0'] === undefined ? {} : { serial: 1 }),
    ...(isFull ? { qmpstatus: guest.qmpstatus } : {}),
  };
}

/** One row of the list of containers. @see pve-container PVE/LXC.pm vmstatus */
function containerRow(world: World, guest: Guest): Record<string, unknown> {
  const usage = usageOf(world, guest);
  const isRunning = guest.status === 'running';
  const lock = lockOf(guest);
  const some = (usage.cpu / 2).toFixed(2);
  return {
    vmid: guest.vmid,
    name: guestName(guest),
    type: 'lxc',
    status: guest.status,
    cpu: usage.cpu,
    cpus: usage.cpus,
    mem: usage.mem,
    maxmem: usage.maxmem,
    swap: 0,
    maxswap: Number(guest.config['swap'] ?? 512) * 1024 ** 2,
    disk: usage.disk,
    maxdisk: usage.maxdisk,
    netin: usage.netin,
    netout: usage.netout,
    diskread: usage.diskread,
    diskwrite: usage.diskwrite,
    uptime: usage.uptime,
    ...(isRunning
      ? {
          pid: guest.pid,
          pressurecpusome: some,
          pressurecpufull: '0.00',
          pressureiosome: '0.00',
          pressureiofull: '0.00',
          pressurememorysome: '0.00',
          pressurememoryfull: '0.00',
        }
      : {}),
    ...(isTemplate(guest) ? { template: 1 } : {}),
    ...(lock === undefined ? {} : { lock }),
    ...(guest.config['tags'] === undefined ? {} : { tags: guest.config['tags'] }),
  };
}

const haOf = (world: World, guest: Guest): Record<string, unknown> => {
  const resource = haResourceOf(world, guest);
  return resource === undefined ? { managed: 0 } : { managed: 1, state: resource.state };
};

const BLOCK_COUNTERS = ['rd', 'wr', 'flush', 'unmap', 'zone_append']
  .flatMap((kind) => [
    `${kind}_operations`,
    `failed_${kind}_operations`,
    `invalid_${kind}_operations`,
    `${kind}_total_time_ns`,
    ...(kind === 'flush' ? [] : [`${kind}_bytes`, `${kind}_merged`]),
  ])
  .concat('wr_highest_offset', 'idle_time_ns');

/** What only a running VM tells. */
function vmDetails(world: World, guest: Guest): Record<string, unknown> {
  const usage = usageOf(world, guest);
  const nics = Object.keys(guest.config)
    .filter((key) => /^net\d+$/.test(key))
    .map((key) => [`tap${guest.vmid}i${key.slice(3)}`, { netin: usage.netin, netout: usage.netout }]);
  const blocks = drivesOf('qemu', guest.config)
    .filter((drive) => /^(?:scsi|virtio|sata|ide)/.test(drive.key))
    .map((drive) => [
      drive.key,
      {
        ...Object.fromEntries(BLOCK_COUNTERS.map((counter) => [counter, 0])),
        rd_bytes: usage.diskread,
        wr_bytes: usage.diskwrite,
        rd_operations: Math.floor(usage.diskread / 60_000),
        wr_operations: Math.floor(usage.diskwrite / 40_000),
        account_invalid: true,
        account_failed: true,
        timed_stats: [],
      },
    ]);
  const free = usage.maxmem - usage.mem;
  return {
    balloon: usage.maxmem,
    freemem: free,
    ballooninfo: {
      actual: usage.maxmem,
      max_mem: usage.maxmem,
      total_mem: usage.maxmem,
      free_mem: free,
      last_update: Math.floor(world.clock.now()),
      mem_swapped_in: 0,
      mem_swapped_out: 0,
      major_page_faults: 0,
      minor_page_faults: 1900,
    },
    nics: Object.fromEntries(nics),
    blockstat: Object.fromEntries(blocks),
    'running-machine': 'pc-i440fx-10.0+pve1',
    'running-qemu': '10.0.13',
    'proxmox-support': {
      'pbs-dirty-bitmap': true,
      'pbs-dirty-bitmap-migration': true,
      'pbs-dirty-bitmap-savevm': true,
      'pbs-library-version': '1.5.1 (UNKNOWN)',
      'pbs-masterkey': true,
      'query-bitmap-info': true,
      'backup-max-workers': true,
      'backup-fleecing': true,
      'backup-access-api': true,
    },
  };
}

const visible = (call: Call, kind: GuestKind): Guest[] =>
  [...call.world.guests.values()].filter(
    (guest) => guest.kind === kind && guest.node === call.node && call.has(`/vms/${guest.vmid}`, 'VM.Audit'),
  );

/** Lists of guests on a node, and the status of one. */
export const guestStatusEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/qemu',
    handler: (call) => visible(call, 'qemu').map((guest) => vmRow(call.world, guest, call.parameters.flag('full'))),
  },
  { method: 'GET', path: '/nodes/{node}/lxc', handler: (call) => visible(call, 'lxc').map((guest) => containerRow(call.world, guest)) },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/status/current',
    handler(call) {
      const guest = findGuest(call.world, 'qemu', call.node, call.parameters.number('vmid'));
      const agent = /^(?:1|enabled=1)/.test(String(guest.config['agent'] ?? '0')) ? { agent: 1 } : {};
      return {
        ...vmRow(call.world, guest, true),
        ...agent,
        ha: haOf(call.world, guest),
        ...(guest.status === 'running' ? vmDetails(call.world, guest) : {}),
      };
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/lxc/{vmid}/status/current',
    handler(call) {
      const guest = findGuest(call.world, 'lxc', call.node, call.parameters.number('vmid'));
      return { ...containerRow(call.world, guest), ha: haOf(call.world, guest) };
    },
  },
];
