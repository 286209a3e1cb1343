import type { Simulator } from '../../src/simulator/start-simulator.ts';

export type Row = Readonly<Record<string, unknown>>;

/** A typical call of one operation, with what must exist for it. `id` is fresh, so that no call meets the traces of another. */
export interface OneCall {
  readonly name: string;
  arrange?(sim: Simulator, id: number): void;
  args(id: number, sim: Simulator): Row;
  /** Values for the placeholders of its permissions that its arguments do not have. */
  readonly fills?: Row;
  /** Privileges on what an optional argument names elsewhere, such as the storage of an ISO image. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  /** Carried over SSH, which these tests do not have: the call is only tried dry. */
  readonly needsSsh?: boolean;
}

const TEMPLATE = 'nfs-backup:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst';
const BACKED_UP = 'nfs-backup';

const vm = (sim: Simulator, id: number, facts: Parameters<Simulator['cluster']['vm']>[1] = {}): void =>
  void sim.cluster.vm(id, { node: 'pve1', status: 'stopped', disks: { scsi0: 'local-lvm:1G' }, ...facts });
const container = (sim: Simulator, id: number, facts: Parameters<Simulator['cluster']['container']>[1] = {}): void =>
  void sim.cluster.container(id, { node: 'pve1', status: 'stopped', disks: { rootfs: 'local-lvm:1G' }, ...facts });
const stoppedVm = { arrange: (sim: Simulator, id: number) => vm(sim, id) };
const runningVm = { arrange: (sim: Simulator, id: number) => vm(sim, id, { status: 'running', agent: true }) };
const stoppedContainer = { arrange: (sim: Simulator, id: number) => container(sim, id) };
const runningContainer = { arrange: (sim: Simulator, id: number) => container(sim, id, { status: 'running' }) };
const ofVm = (id: number): Row => ({ vmid: id });
const ofContainer = (id: number): Row => ({ selector: String(id) });
const volidOfBackup = (sim: Simulator, id: number): string =>
  [...sim.cluster.storage(BACKED_UP).volumes.values()]
    .flatMap((volumes) => [...volumes.values()])
    .find((volume) => volume.vmid === id && volume.content === 'backup')?.volid ?? '';
const backedUp = (sim: Simulator, id: number): void => {
  vm(sim, id);
  sim.cluster.backup(id, { storage: BACKED_UP });
};

/** One for every operation that reaches Proxmox VE. */
export const ONE_CALL_EACH: readonly OneCall[] = [
  { name: 'get_nodes', args: () => ({}) },
  { name: 'get_node_status', args: () => ({ node: 'pve2' }) },
  { name: 'get_storage', args: () => ({}) },
  { name: 'get_cluster_status', args: () => ({}) },
  { name: 'get_vms', args: () => ({ limit: 20 }) },
  {
    name: 'create_vm',
    args: (id) => ({
      node: 'pve1',
      vmid: id,
      name: `new-${id}`,
      cpus: 1,
      memory: 512,
      disk_size: 1,
      iso: 'nfs-backup:iso/virtio-win-0.1.271.iso',
      start: true,
    }),
    fills: { network_bridge: 'vmbr0', storage: 'local-lvm' },
    extra: { '/storage/nfs-backup': ['Datastore.AllocateSpace'] },
  },
  {
    name: 'clone_vm',
    ...stoppedVm,
    args: (id) => ({ source_vmid: id, target_vmid: id + 1_000_000, storage: 'local-lvm', name: 'copy' }),
  },
  { name: 'start_vm', ...stoppedVm, args: ofVm },
  { name: 'stop_vm', ...runningVm, args: ofVm },
  { name: 'shutdown_vm', ...runningVm, args: ofVm },
  { name: 'reset_vm', ...runningVm, args: ofVm },
  { name: 'delete_vm', ...runningVm, args: (id) => ({ vmid: id, force: true }) },
  { name: 'get_containers', args: () => ({ limit: 20 }) },
  { name: 'start_container', ...stoppedContainer, args: ofContainer },
  { name: 'stop_container', ...runningContainer, args: ofContainer },
  { name: 'restart_container', ...runningContainer, args: ofContainer },
  {
    name: 'update_container_resources',
    ...stoppedContainer,
    args: (id) => ({ selector: String(id), cores: 2, memory: 1024, disk_gb: 1 }),
  },
  {
    name: 'create_container',
    args: (id) => ({ node: 'pve1', vmid: id, ostemplate: TEMPLATE, hostname: `ct${id}`, storage: 'local-lvm', cores: 1, memory: 256 }),
    fills: { network_bridge: 'vmbr0' },
  },
  { name: 'delete_container', ...runningContainer, args: (id) => ({ selector: String(id), force: true }) },
  { name: 'get_container_config', ...stoppedContainer, args: ofVm },
  { name: 'get_container_ip', ...runningContainer, args: ofVm },
  { name: 'execute_vm_command', ...runningVm, args: (id) => ({ vmid: id, argv: ['hostname'] }) },
  { name: 'execute_container_command', ...runningContainer, needsSsh: true, args: (id) => ({ selector: String(id), argv: ['hostname'] }) },
  {
    name: 'update_container_ssh_keys',
    ...runningContainer,
    needsSsh: true,
    args: (id) => ({
      vmid: id,
      public_keys: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl a@example',
    }),
  },
  {
    name: 'read_guest_file',
    arrange: (sim, id) => {
      vm(sim, id, { status: 'running', agent: true });
      sim.cluster.guest(id)?.agent.files.set('/etc/hostname', Buffer.from('web-1\n'));
    },
    args: (id) => ({ vmid: id, path: '/etc/hostname' }),
  },
  { name: 'write_guest_file', ...runningVm, args: (id) => ({ vmid: id, path: '/tmp/note', content: 'text' }) },
  { name: 'get_guest_network', ...runningVm, args: ofVm },
  {
    name: 'list_snapshots',
    arrange: (sim, id) => {
      vm(sim, id);
      sim.cluster.snapshot(id, 'clean', { description: 'as new' });
    },
    args: ofVm,
  },
  { name: 'create_snapshot', ...stoppedVm, args: (id) => ({ vmid: id, snapname: 'clean' }) },
  {
    name: 'delete_snapshot',
    arrange: (sim, id) => {
      vm(sim, id);
      sim.cluster.snapshot(id, 'clean');
    },
    args: (id) => ({ vmid: id, snapname: 'clean' }),
  },
  {
    name: 'rollback_snapshot',
    arrange: (sim, id) => {
      vm(sim, id);
      sim.cluster.snapshot(id, 'clean');
    },
    args: (id) => ({ vmid: id, snapname: 'clean' }),
  },
  { name: 'list_isos', args: () => ({}) },
  { name: 'list_templates', args: () => ({}) },
  {
    name: 'download_iso',
    arrange: (sim, id) => sim.cluster.remoteFile(`https://images.example.org/${id}.iso`, { size: 1024 * 1024 }),
    args: (id) => ({ node: 'pve1', storage: 'local', url: `https://images.example.org/${id}.iso` }),
  },
  {
    name: 'delete_iso',
    arrange: (sim, id) => void sim.cluster.iso(`${id}.iso`, { storage: 'local', node: 'pve1' }),
    args: (id) => ({ node: 'pve1', storage: 'local', filename: `${id}.iso` }),
  },
  { name: 'list_backups', args: () => ({ limit: 5 }) },
  { name: 'create_backup', ...stoppedVm, args: (id) => ({ vmid: id, storage: BACKED_UP }) },
  {
    name: 'restore_backup',
    arrange: backedUp,
    args: (id, sim) => ({ archive: volidOfBackup(sim, id), vmid: id + 1_000_000, storage: 'local-lvm', node: 'pve1' }),
  },
  {
    name: 'delete_backup',
    arrange: backedUp,
    args: (id, sim) => ({ volid: volidOfBackup(sim, id) }),
    fills: { storage: BACKED_UP },
  },
];
