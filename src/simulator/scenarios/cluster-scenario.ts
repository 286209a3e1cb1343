import type { Cluster } from '../cluster.ts';
import { addClusterGuests } from './cluster-guests.ts';
import { GIB, MIB } from '../model/size.ts';
import type { World } from '../model/world.ts';

const DAY = 86_400;

/** Three nodes with quorum, shared storage, HA, a template, and one VM whose start fails because its ISO image is gone. */
export function buildCluster(world: World, cluster: Cluster): void {
  world.clusterName = 'production';
  cluster.node('pve1', { cores: 32, memoryBytes: 128 * GIB, uptime: 47 * DAY });
  cluster.node('pve2', { cores: 32, memoryBytes: 128 * GIB, uptime: 46 * DAY });
  cluster.node('pve3', { cores: 16, memoryBytes: 64 * GIB, uptime: 12 * DAY });
  cluster.storage('local', {
    type: 'dir',
    content: ['iso', 'vztmpl', 'backup', 'snippets', 'import'],
    totalBytes: 94 * GIB,
    otherBytes: 8 * GIB,
    settings: { path: '/var/lib/vz', 'prune-backups': 'keep-last=3' },
  });
  cluster.storage('local-lvm', {
    type: 'lvmthin',
    content: ['images', 'rootdir'],
    totalBytes: 1700 * GIB,
    otherBytes: 0,
    settings: { vgname: 'pve', thinpool: 'data' },
  });
  cluster.storage('nfs-backup', {
    type: 'nfs',
    content: ['backup', 'iso', 'vztmpl'],
    totalBytes: 8000 * GIB,
    otherBytes: 900 * GIB,
    settings: {
      server: '198.51.100.50',
      export: '/tank/backup',
      path: '/mnt/pve/nfs-backup',
      'prune-backups': 'keep-daily=7,keep-weekly=4',
    },
  });
  cluster.storage('ceph', {
    type: 'rbd',
    content: ['images', 'rootdir'],
    totalBytes: 12_000 * GIB,
    otherBytes: 40 * GIB,
    settings: { pool: 'vm-disks', krbd: '0' },
  });
  cluster.pool('production', { comment: 'customer facing' });
  cluster.pool('development', { comment: 'may break' });

  for (const node of ['pve1', 'pve2', 'pve3']) cluster.iso('debian-13.1.0-amd64-netinst.iso', { storage: 'local', node, size: 783 * MIB });
  cluster.iso('ubuntu-24.04.3-live-server-amd64.iso', { storage: 'nfs-backup', size: 3166 * MIB });
  cluster.iso('virtio-win-0.1.271.iso', { storage: 'nfs-backup', size: 693 * MIB });
  cluster.containerTemplate('debian-13-standard_13.1-2_amd64.tar.zst', { storage: 'local', node: 'pve1', size: 124 * MIB });
  cluster.containerTemplate('debian-13-standard_13.1-2_amd64.tar.zst', { storage: 'nfs-backup', size: 124 * MIB });
  cluster.containerTemplate('alpine-3.22-default_20250617_amd64.tar.xz', { storage: 'nfs-backup', size: 3 * MIB });
  cluster.importImage('debian-13-genericcloud-amd64.qcow2', { storage: 'local', node: 'pve1', size: 420 * MIB });

  addClusterGuests(cluster);

  cluster.snapshot(102, 'before-migration', { description: 'schema 41', secondsAgo: 9 * DAY });
  cluster.snapshot(105, 'clean', { description: 'fresh installation', secondsAgo: 25 * DAY });
  cluster.snapshot(105, 'with-app', { description: 'release 2.3', secondsAgo: 4 * DAY });
  cluster.snapshot(203, 'before-upgrade', { secondsAgo: 2 * DAY });
  for (const vmid of [100, 101, 102, 103, 104, 200, 201, 202, 203])
    for (const days of [0, 1, 2])
      cluster.backup(vmid, {
        storage: 'nfs-backup',
        secondsAgo: days * DAY + 6 * 3600 + vmid,
        ...(vmid === 102 && days === 2 ? { protected: true, notes: 'before the migration' } : {}),
      });
  cluster.backup(105, { storage: 'local', secondsAgo: 3 * DAY });
  for (const [n, vmid] of [100, 102, 200, 203].entries()) {
    cluster.task({
      node: 'pve1',
      type: 'vzdump',
      id: String(vmid),
      secondsAgo: 6 * 3600 + vmid,
      durationSeconds: 60 + n * 45,
      log: [
        `INFO: starting new backup job: vzdump ${vmid} --storage nfs-backup --mode snapshot --compress zstd`,
        'INFO: Backup job finished successfully',
      ],
    });
  }
  cluster.task({ node: 'pve1', type: 'qmstart', id: '106', secondsAgo: 5400, exitstatus: "volume 'local:iso/missing.iso' does not exist" });
  cluster.task({
    node: 'pve2',
    type: 'vzstart',
    id: '201',
    secondsAgo: 46 * DAY,
    log: ['WARN: Systemd 257 detected. You may need to enable nesting.'],
    exitstatus: 'WARNINGS: 1',
  });
}
