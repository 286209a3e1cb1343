import type { Cluster } from '../cluster.ts';

const DAY = 86_400;

/** Ten VMs (one of them a template) and six containers. VM 106 cannot start: its ISO image is gone. */
export function addClusterGuests(cluster: Cluster): void {
  cluster.vm(100, {
    node: 'pve1',
    name: 'web-1',
    status: 'running',
    memory: 4096,
    cores: 4,
    tags: ['prod', 'web'],
    pool: 'production',
    disks: { scsi0: 'ceph:32G' },
    uptime: 30 * DAY,
    address: '192.0.2.11',
    config: { onboot: 1 },
  });
  cluster.vm(101, {
    node: 'pve2',
    name: 'web-2',
    status: 'running',
    memory: 4096,
    cores: 4,
    tags: ['prod', 'web'],
    pool: 'production',
    disks: { scsi0: 'ceph:32G' },
    uptime: 30 * DAY,
    address: '192.0.2.12',
    config: { onboot: 1 },
  });
  cluster.vm(102, {
    node: 'pve1',
    name: 'db-1',
    status: 'running',
    memory: 16_384,
    cores: 8,
    tags: ['db', 'prod'],
    pool: 'production',
    disks: { scsi0: 'ceph:40G', scsi1: 'ceph:200G' },
    uptime: 47 * DAY,
    address: '192.0.2.21',
    protection: true,
    ha: 'started',
    config: { onboot: 1 },
  });
  cluster.vm(103, {
    node: 'pve2',
    name: 'db-2',
    status: 'running',
    memory: 16_384,
    cores: 8,
    tags: ['db', 'prod'],
    pool: 'production',
    disks: { scsi0: 'ceph:40G', scsi1: 'ceph:200G' },
    uptime: 46 * DAY,
    address: '192.0.2.22',
    protection: true,
  });
  cluster.vm(104, {
    node: 'pve3',
    name: 'ci-runner',
    status: 'running',
    memory: 8192,
    cores: 8,
    tags: ['ci'],
    pool: 'development',
    disks: { scsi0: 'local-lvm:80G' },
    uptime: 12 * DAY,
    address: '192.0.2.31',
  });
  cluster.vm(105, {
    node: 'pve1',
    name: 'staging',
    status: 'stopped',
    memory: 4096,
    cores: 2,
    tags: ['staging'],
    pool: 'development',
    disks: { scsi0: 'local-lvm:32G' },
  });
  cluster.vm(106, {
    node: 'pve1',
    name: 'old-installer',
    status: 'stopped',
    memory: 2048,
    cores: 2,
    tags: ['test'],
    disks: { scsi0: 'local-lvm:16G' },
    config: { ide2: 'local:iso/missing.iso,media=cdrom', boot: 'order=ide2;scsi0' },
  });
  cluster.vm(107, {
    node: 'pve2',
    name: 'windows-2025',
    status: 'running',
    memory: 8192,
    cores: 4,
    agent: 'stopped',
    disks: { scsi0: 'ceph:120G' },
    uptime: 5 * DAY,
    config: { ostype: 'win11' },
  });
  cluster.vm(108, {
    node: 'pve3',
    name: 'sandbox',
    status: 'stopped',
    memory: 2048,
    cores: 2,
    tags: ['test'],
    pool: 'development',
    disks: { scsi0: 'local-lvm:20G' },
  });
  cluster.vm(9000, {
    node: 'pve1',
    name: 'debian-13-template',
    status: 'stopped',
    memory: 2048,
    cores: 2,
    template: true,
    disks: { scsi0: 'ceph:20G' },
  });

  cluster.container(200, {
    node: 'pve1',
    name: 'proxy',
    status: 'running',
    memory: 1024,
    cores: 2,
    tags: ['prod', 'web'],
    pool: 'production',
    disks: { rootfs: 'local-lvm:8G' },
    uptime: 47 * DAY,
    address: '192.0.2.80',
    config: { onboot: 1 },
  });
  cluster.container(201, {
    node: 'pve2',
    name: 'dns',
    status: 'running',
    memory: 512,
    cores: 1,
    tags: ['prod'],
    pool: 'production',
    disks: { rootfs: 'ceph:4G' },
    uptime: 46 * DAY,
    address: '192.0.2.53',
    config: { onboot: 1 },
  });
  cluster.container(202, {
    node: 'pve3',
    name: 'monitoring',
    status: 'running',
    memory: 4096,
    cores: 4,
    tags: ['ops'],
    disks: { rootfs: 'local-lvm:50G' },
    uptime: 12 * DAY,
    address: '192.0.2.90',
  });
  cluster.container(203, {
    node: 'pve1',
    name: 'wiki',
    status: 'running',
    memory: 2048,
    cores: 2,
    tags: ['ops'],
    disks: { rootfs: 'ceph:16G' },
    uptime: 20 * DAY,
    address: '192.0.2.91',
  });
  cluster.container(204, {
    node: 'pve1',
    name: 'build-cache',
    status: 'stopped',
    memory: 2048,
    cores: 2,
    tags: ['ci'],
    pool: 'development',
    disks: { rootfs: 'local-lvm:40G' },
  });
  cluster.container(205, {
    node: 'pve2',
    name: 'scratch',
    status: 'stopped',
    memory: 512,
    cores: 1,
    tags: ['test'],
    pool: 'development',
    disks: { rootfs: 'ceph:8G' },
  });
}
