import type { Cluster } from '../cluster.ts';
import { GIB, MIB } from '../model/size.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** One node at home: a few VMs and containers on local disks, in no cluster. */
export function buildHomelab(cluster: Cluster): void {
  cluster.node('pve', {
    cores: 8,
    memoryBytes: 32 * GIB,
    rootBytes: 94 * GIB,
    rootUsedBytes: 21 * GIB,
    uptime: 23 * DAY,
    ip: '192.0.2.10',
  });
  cluster.storage('local', {
    type: 'dir',
    content: ['iso', 'vztmpl', 'backup', 'import'],
    totalBytes: 94 * GIB,
    otherBytes: 6 * GIB,
    settings: { path: '/var/lib/vz', 'prune-backups': 'keep-all=1' },
  });
  cluster.storage('local-lvm', {
    type: 'lvmthin',
    content: ['images', 'rootdir'],
    totalBytes: 794 * GIB,
    otherBytes: 0,
    settings: { vgname: 'pve', thinpool: 'data' },
  });
  cluster.iso('debian-13.1.0-amd64-netinst.iso', { size: 783 * MIB });
  cluster.iso('ubuntu-24.04.3-live-server-amd64.iso', { size: 3166 * MIB });
  cluster.iso('virtio-win-0.1.271.iso', { size: 693 * MIB });
  cluster.containerTemplate('debian-13-standard_13.1-2_amd64.tar.zst', { size: 124 * MIB });

  cluster.vm(100, {
    name: 'homeassistant',
    status: 'running',
    memory: 4096,
    cores: 2,
    tags: 'home',
    disks: { scsi0: 'local-lvm:32G' },
    uptime: 9 * DAY,
    address: '192.0.2.100',
    config: { onboot: 1 },
  });
  cluster.vm(101, {
    name: 'docker',
    status: 'running',
    memory: 8192,
    cores: 4,
    tags: 'apps',
    disks: { scsi0: 'local-lvm:64G', scsi1: 'local-lvm:200G' },
    uptime: 9 * DAY,
    address: '192.0.2.101',
    config: { onboot: 1 },
  });
  cluster.vm(102, {
    name: 'windows11',
    status: 'stopped',
    memory: 8192,
    cores: 4,
    agent: false,
    disks: { scsi0: 'local-lvm:80G' },
    config: { ostype: 'win11', bios: 'ovmf' },
  });
  cluster.vm(103, {
    name: 'sandbox',
    status: 'stopped',
    memory: 2048,
    cores: 2,
    tags: 'test',
    disks: { scsi0: 'local-lvm:20G' },
    config: { ide2: 'local:iso/debian-13.1.0-amd64-netinst.iso,media=cdrom,size=783M' },
  });
  cluster.container(200, {
    name: 'pihole',
    status: 'running',
    memory: 512,
    cores: 1,
    tags: 'dns',
    disks: { rootfs: 'local-lvm:4G' },
    uptime: 23 * DAY,
    address: '192.0.2.53',
    config: { onboot: 1 },
  });
  cluster.container(201, {
    name: 'nginx-proxy',
    status: 'running',
    memory: 512,
    cores: 1,
    tags: 'web',
    disks: { rootfs: 'local-lvm:8G' },
    uptime: 23 * DAY,
    address: '192.0.2.80',
    config: { onboot: 1 },
  });
  cluster.container(202, {
    name: 'jellyfin',
    status: 'running',
    memory: 4096,
    cores: 4,
    tags: 'media',
    disks: { rootfs: 'local-lvm:32G', mp0: 'local-lvm:300G' },
    uptime: 2 * DAY,
    address: '192.0.2.96',
  });
  cluster.container(203, { name: 'dev', status: 'stopped', memory: 2048, cores: 2, tags: 'test', disks: { rootfs: 'local-lvm:16G' } });

  cluster.snapshot(101, 'before-upgrade', { description: 'before Docker 29', secondsAgo: 6 * DAY });
  cluster.snapshot(103, 'clean', { description: 'fresh installation', secondsAgo: 12 * DAY });
  cluster.snapshot(201, 'working', { description: 'certificates renewed', secondsAgo: 3 * DAY });
  for (const vmid of [100, 101, 200, 201])
    for (const days of [1, 8]) cluster.backup(vmid, { storage: 'local', secondsAgo: days * DAY + vmid });
  for (const [n, vmid] of [100, 101, 200, 201].entries()) {
    cluster.task({
      type: 'vzdump',
      id: String(vmid),
      secondsAgo: DAY + vmid,
      durationSeconds: 90 + n * 40,
      log: [
        `INFO: starting new backup job: vzdump ${vmid} --storage local --mode snapshot --compress zstd`,
        'INFO: Backup job finished successfully',
      ],
    });
  }
  cluster.task({
    type: 'vzstart',
    id: '202',
    secondsAgo: 2 * DAY,
    log: ['WARN: Systemd 257 detected. You may need to enable nesting.'],
    exitstatus: 'WARNINGS: 1',
  });
}
