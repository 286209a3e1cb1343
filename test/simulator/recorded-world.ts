import { startSimulator, type Cluster, type Simulator } from '../../src/simulator/start-simulator.ts';
import { DIFFERENCES } from './recorded-differences.ts';
import { MIB } from '../../src/simulator/model/size.ts';

/** Starts a simulator that holds what the recorded machine held, as far as answers depend on it. */
export async function startRecordedWorld(name: string): Promise<Simulator> {
  const sim = await startSimulator({ scenario: arrange, clock: 'manual' });
  for (const [pattern, tweak] of DIFFERENCES) if (pattern.test(name)) tweak(sim);
  return sim;
}

function arrange(cluster: Cluster): void {
  cluster.form('testcluster');
  cluster.node('pve1', { cores: 2 });
  cluster.node('pve2', { online: false });
  cluster.storage('local', {
    type: 'dir',
    content: ['snippets', 'import', 'images', 'iso', 'vztmpl', 'backup', 'rootdir'],
    settings: { path: '/var/lib/vz', 'prune-backups': 'keep-all=1' },
  });
  cluster.storage('local2', { type: 'dir', content: ['backup', 'images', 'rootdir'], settings: { path: '/var/lib/vz2' } });
  cluster.storage('local-btrfs', { type: 'btrfs', content: ['images', 'rootdir'], settings: { path: '/var/lib/pve-btrfs' } });
  cluster.pool('testpool', { comment: 'test pool' });
  cluster.iso('tiny.iso', { storage: 'local', node: 'pve1' });
  cluster.importImage('tiny.qcow2', { storage: 'local', node: 'pve1', size: 18 * MIB });
  cluster.containerTemplate('alpine-3.22-default_20250617_amd64.tar.xz', { storage: 'local', node: 'pve1' });
  cluster.containerTemplate('debian-13-standard_13.1-1_amd64.tar.zst', { storage: 'local', node: 'pve1' });
  const vm = {
    memory: 256,
    cores: 1,
    node: 'pve1',
    config: { cpu: 'max', kvm: 0, serial0: 'socket', numa: 0, sockets: null, onboot: 1, protection: 0, startup: 'order=1' },
  };
  cluster.vm(100, { ...vm, name: 'tinyvm', status: 'running', tags: 'q', disks: { scsi0: 'local:96M' } });
  cluster.vm(100, { config: { description: 'first' } });
  cluster.vm(104, { ...vm, name: 'tinyvm', status: 'running', disks: { scsi0: 'local:96M' } });
  cluster.vm(101, { ...vm, name: 'clone101', status: 'stopped', tags: 'a;b', disks: { scsi0: 'local:106M' } });
  cluster.vm(103, {
    ...vm,
    name: 'tinyvm',
    status: 'stopped',
    tags: 'prod',
    template: true,
    disks: { scsi0: 'local:96M', scsi1: 'local:1G' },
  });
  cluster.vm(110, { ...vm, name: 'noboot', status: 'running', agent: false, shutdownSeconds: Number.POSITIVE_INFINITY, disks: {} });
  cluster.vm(111, { ...vm, name: 'noagent', status: 'running', agent: 'stopped', disks: {} });
  cluster.vm(900, { ...vm, node: 'pve2', disks: {} });
  const container = { node: 'pve1', memory: 600, config: { cores: null } };
  cluster.container(200, { ...container, name: 'ct200', status: 'stopped', disks: { rootfs: 'local:1G' } });
  cluster.container(201, {
    ...container,
    name: 'newname',
    status: 'running',
    disks: { rootfs: 'local-btrfs:2G' },
    config: { cores: null, description: 'a ct' },
  });
  cluster.container(202, { ...container, name: 'clonect', status: 'stopped', template: true, disks: { rootfs: 'local-btrfs:3G' } });
  cluster.container(203, { ...container, name: 'newname', status: 'stopped', disks: { rootfs: 'local-btrfs:3G' } });
  cluster.container(901, { ...container, node: 'pve2', disks: {} });
  cluster.backup(100, { storage: 'local', node: 'pve1', at: 1795336625, protected: true });
  cluster.backup(200, { storage: 'local', node: 'pve1', at: 1795336620 });
  cluster.backup(201, { storage: 'local', node: 'pve1', at: 1795336621 });
  cluster.task({ node: 'pve1', type: 'vzcreate', id: '200', user: 'root@pam!mcp' });
  cluster.task({ node: 'pve1', type: 'qmstart', id: '100', user: 'root@pam!mcp', log: ['WARN: something'], exitstatus: 'WARNINGS: 1' });
  cluster.task({
    node: 'pve1',
    type: 'vzstart',
    id: '200',
    user: 'root@pam!mcp',
    exitstatus: 'unable to get PID for CT 200 (not running?)',
  });
  for (const user of ['alice@pve', 'audit@pve', 'nobody1@pve'])
    cluster.user(user, { comment: `test user ${user}`, email: 'user@example.invalid', password: 'Secret-alice-1' });
  cluster.user('alice@pve', { groups: ['admins'] });
  cluster.acl('/', 'admins', 'Administrator');
  cluster.acl('/', 'audit@pve', 'PVEAuditor');
  cluster.createToken('root@pam', 'mcp', { privsep: false });
  cluster.createToken('root@pam', 'limited', { privsep: true });
  cluster.createToken('alice@pve', 'full', { privsep: false });
  cluster.createToken('alice@pve', 'limited', { privsep: true });
  cluster.createToken('audit@pve', 'ro', { privsep: false });
  cluster.createToken('nobody1@pve', 'none', { privsep: false });
  cluster.acl('/vms', 'root@pam!limited', 'PVEVMUser');
  cluster.acl('/vms/100', 'alice@pve!limited', 'PVEVMAdmin');
}
