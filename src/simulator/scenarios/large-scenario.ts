import type { Cluster } from '../cluster.ts';
import { createGuest, type Guest, type GuestKind } from '../model/guest.ts';
import { fileTime, GIB, printSize } from '../model/size.ts';
import { volumesOn, type Storage } from '../model/storage.ts';
import { seconds, type World } from '../model/world.ts';

/** How much of the large scenario there is. */
export interface DatacenterSize {
  readonly nodes: number;
  readonly guests: number;
}

const DAY = 86_400;
const LARGE: DatacenterSize = { nodes: 50, guests: 10_000 };
const NODES_PER_GROUP = 10;
/** Pools of single nodes are as many as bring the storages of fifty nodes to 200. */
const POOLS_PER_NODE = 2.96;
const BACKUPS_PER_GUEST = 5;
const TASKS_PER_NODE = 100;

export const datacenterNodeNames = ({ nodes }: DatacenterSize = LARGE): string[] =>
  Array.from({ length: nodes }, (_, n) => `pve${String(n + 1).padStart(2, '0')}`);

const ROLES = [
  'web',
  'api',
  'db',
  'cache',
  'queue',
  'worker',
  'proxy',
  'search',
  'ci',
  'mail',
  'auth',
  'metrics',
  'files',
  'build',
] as const;
const TEAMS = ['shop', 'billing', 'search', 'media', 'core', 'data', 'support', 'lab'] as const;
const ENVIRONMENTS = ['prod', 'prod', 'prod', 'staging', 'dev'] as const;
const MEMORY = [512, 1024, 2048, 2048, 4096, 4096, 8192, 16_384, 32_768] as const;
const DISKS = [8, 16, 20, 32, 32, 40, 64, 100, 250] as const;

/** Storages, 200 for fifty nodes: local ones on every node, shared ones for groups of ten nodes, and pools of single nodes. */
function buildStorages(cluster: Cluster, names: readonly string[]): { images: Storage[][]; backups: Storage[] } {
  cluster.storage('local', {
    type: 'dir',
    content: ['iso', 'vztmpl', 'backup', 'snippets', 'import'],
    totalBytes: 200 * GIB,
    settings: { path: '/var/lib/vz' },
  });
  const lvm = cluster.storage('local-lvm', {
    type: 'lvmthin',
    content: ['images', 'rootdir'],
    totalBytes: 30_000 * GIB,
    otherBytes: 0,
    settings: { vgname: 'pve', thinpool: 'data' },
  });
  const images: Storage[][] = names.map(() => [lvm]);
  const backups: Storage[] = [];
  for (let group = 0; group < names.length / NODES_PER_GROUP; group++) {
    const nodes = names.slice(group * NODES_PER_GROUP, (group + 1) * NODES_PER_GROUP);
    for (let n = 0; n < 6; n++)
      backups.push(
        cluster.storage(`nfs-backup-${group + 1}${'abcdef'[n] ?? ''}`, {
          type: 'nfs',
          content: ['backup', 'iso', 'vztmpl'],
          nodes,
          totalBytes: 400_000 * GIB,
          settings: {
            server: `198.51.100.${200 + group}`,
            export: `/tank/backup-${n}`,
            path: `/mnt/pve/nfs-backup-${group + 1}${'abcdef'[n] ?? ''}`,
          },
        }),
      );
    for (let n = 0; n < 4; n++) {
      const ceph = cluster.storage(`ceph-${group + 1}${'abcd'[n] ?? ''}`, {
        type: 'rbd',
        content: ['images', 'rootdir'],
        nodes,
        totalBytes: 300_000 * GIB,
        settings: { pool: `pool-${group + 1}${n}` },
      });
      for (const node of nodes) images[names.indexOf(node)]?.push(ceph);
    }
  }
  for (let n = 0; n < Math.round(names.length * POOLS_PER_NODE); n++) {
    const index = n % names.length;
    images[index]?.push(
      cluster.storage(`zfs-${names[index] ?? ''}-${Math.floor(n / names.length) + 1}`, {
        type: 'zfspool',
        content: ['images', 'rootdir'],
        nodes: [names[index] ?? ''],
        totalBytes: 20_000 * GIB,
        settings: { pool: `tank${Math.floor(n / names.length) + 1}` },
      }),
    );
  }
  return { images, backups };
}

function addGuest(world: World, vmid: number, node: string, images: readonly Storage[]): Guest {
  const { random } = world;
  const kind: GuestKind = random.next() < 0.8 ? 'qemu' : 'lxc';
  const [role, team, environment] = [random.pick(ROLES), random.pick(TEAMS), random.pick(ENVIRONMENTS)];
  const name = `${team}-${role}-${environment}-${vmid}`;
  const storage = random.pick(images);
  const size = random.pick(DISKS) * GIB;
  const volid = `${storage.storage}:vm-${vmid}-disk-0`;
  const memory = random.pick(MEMORY);
  const mac = `BC:24:11:${(random.hex(6).toUpperCase().match(/../g) ?? []).join(':')}`;
  const tags = [environment, role, team].sort().join(';');
  const guest = createGuest(
    kind,
    vmid,
    node,
    kind === 'qemu'
      ? {
          name,
          memory: String(memory),
          cores: random.between(1, 8),
          ostype: 'l26',
          scsihw: 'virtio-scsi-single',
          boot: 'order=scsi0',
          agent: 'enabled=1',
          tags,
          net0: `virtio=${mac},bridge=vmbr0`,
          smbios1: `uuid=${random.uuid()}`,
          scsi0: `${volid},size=${printSize(size)}`,
        }
      : {
          hostname: name,
          memory,
          swap: 512,
          cores: random.between(1, 4),
          ostype: 'debian',
          arch: 'amd64',
          unprivileged: 1,
          tags,
          net0: `name=eth0,bridge=vmbr0,hwaddr=${mac},ip=dhcp,type=veth`,
          rootfs: `${volid},size=${printSize(size)}`,
        },
  );
  if (random.next() < 0.82) {
    guest.status = 'running';
    guest.qmpstatus = 'running';
    guest.startedAt = world.clock.now() - random.between(3600, 200 * DAY);
    guest.pid = 2000 + vmid;
  }
  volumesOn(storage, node).set(volid, {
    volid,
    content: kind === 'qemu' ? 'images' : 'rootdir',
    format: 'raw',
    size,
    used: Math.floor(size * 0.3),
    ctime: seconds(world) - 300 * DAY,
    vmid,
  });
  world.guests.set(vmid, guest);
  return guest;
}

function addBackups(world: World, guest: Guest, storage: Storage): void {
  const archive = { kind: guest.kind, config: { ...guest.config } };
  const volumes = volumesOn(storage, guest.node);
  const extension = guest.kind === 'qemu' ? 'vma.zst' : 'tar.zst';
  const notes = String(guest.config[guest.kind === 'qemu' ? 'name' : 'hostname']);
  for (let n = 0; n < BACKUPS_PER_GUEST; n++) {
    const ctime = seconds(world) - n * DAY - 20_000 - (guest.vmid % 9000);
    const size = world.random.between(300, 9000) * 1024 ** 2;
    const volid = `${storage.storage}:backup/vzdump-${guest.kind}-${guest.vmid}-${fileTime(ctime)}.${extension}`;
    volumes.set(volid, {
      volid,
      content: 'backup',
      format: extension,
      size,
      used: size,
      ctime,
      vmid: guest.vmid,
      subtype: guest.kind,
      notes,
      archive,
    });
  }
}

/** By default 50 nodes, 10,000 guests, 200 storages, 50,000 backups and 5,000 finished tasks; else the same at another size. */
export function buildDatacenter(world: World, cluster: Cluster, size: DatacenterSize = LARGE): void {
  const names = datacenterNodeNames(size);
  world.clusterName = 'datacenter';
  for (const [n, name] of names.entries())
    cluster.node(name, { cores: 64, memoryBytes: 1024 * GIB, rootBytes: 200 * GIB, uptime: (20 + n) * DAY, ip: `198.51.100.${n + 10}` });
  const { images, backups } = buildStorages(cluster, names);
  for (const team of TEAMS) cluster.pool(team, { comment: `everything of ${team}` });
  cluster.iso('debian-13.1.0-amd64-netinst.iso', { storage: backups[0]?.storage ?? 'local' });
  for (let n = 0; n < size.guests; n++) {
    const index = n % names.length;
    const guest = addGuest(world, 100 + n, names[index] ?? '', images[index] ?? []);
    const storage = backups[Math.floor(index / NODES_PER_GROUP) * 6 + (n % 6)];
    if (storage !== undefined) addBackups(world, guest, storage);
    if (n % 4 === 0) world.pools.get(TEAMS[n % TEAMS.length] ?? '')?.vms.add(guest.vmid);
  }
  world.access.revision++;
  for (const [index, node] of names.entries()) {
    for (let n = 0; n < TASKS_PER_NODE; n++) {
      const vmid = 100 + index + names.length * n;
      cluster.task({
        node,
        type: world.random.pick(['vzdump', 'qmstart', 'qmshutdown', 'qmsnapshot', 'vzstart']),
        id: String(vmid),
        secondsAgo: (n + 1) * 700,
        durationSeconds: world.random.between(1, 300),
        ...(n % 25 === 7 ? { exitstatus: "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout" } : {}),
      });
    }
  }
}
