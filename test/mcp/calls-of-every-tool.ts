import type { Cluster } from '../../src/simulator/start-simulator.ts';

export type ToolCall = readonly [
  tool: string,
  args: Readonly<Record<string, unknown>> | ((last: LastAnswers) => Readonly<Record<string, unknown>>),
];

/** Structured answers so far, by tool. */
export type LastAnswers = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** States what the calls below need beyond the example cluster. */
export function prepareCluster(cluster: Cluster): void {
  cluster.vm(900, { node: 'pve1', name: 'old', status: 'stopped' });
  cluster.container(901, { node: 'pve1', name: 'old-ct', status: 'stopped' });
  cluster.iso('old.iso', { storage: 'local', node: 'pve1' });
  cluster.remoteFile('https://images.example.org/tiny.iso', { size: 1024 * 1024 });
}

const W = { wait_seconds: 40 };
const jobId = ({ start_vm: made }: LastAnswers) => ({ job_id: made?.['job_id'] });

/** One call of every tool, in an order in which each finds what it needs. */
export const CALLS: readonly ToolCall[] = [
  ['get_nodes', {}],
  ['get_node_status', { node: 'pve1' }],
  ['get_storage', {}],
  ['get_cluster_status', {}],
  ['get_vms', {}],
  ['get_containers', { include_raw: true }],
  ['start_vm', { vmid: 106, ...W }],
  ['list_jobs', {}],
  ['get_job', jobId],
  ['poll_job', jobId],
  ['get_task_log', ({ start_vm: made }) => ({ upid: made?.['task_id'] })],
  ['retry_job', jobId],
  ['cancel_job', jobId],
  ['resolve_job', (last) => ({ ...jobId(last), outcome: 'failed', reason: 'looked at the node' })],
  ['create_vm', { node: 'pve1', name: 'fresh', cpus: 1, memory: 512, disk_size: 4, vmid: 910, ...W }],
  ['clone_vm', { source_vmid: 910, target_vmid: 911, ...W }],
  ['shutdown_vm', { vmid: 104, ...W }],
  ['reset_vm', { vmid: 100, ...W }],
  ['stop_vm', { vmid: 100, ...W }],
  ['delete_vm', { vmid: 900, ...W }],
  ['execute_vm_command', { vmid: 101, command: 'uptime', ...W }],
  ['get_job_output', ({ execute_vm_command: made }) => ({ job_id: made?.['job_id'] })],
  ['read_guest_file', { vmid: 101, path: '/etc/hostname' }],
  ['write_guest_file', { vmid: 101, path: '/tmp/x', content: 'x', ...W }],
  ['get_guest_network', { vmid: 101 }],
  ['start_container', { selector: '205', ...W }],
  ['restart_container', { selector: '200', ...W }],
  ['stop_container', { selector: '200', ...W }],
  ['update_container_resources', { selector: '201', memory: 1024, ...W }],
  ['create_container', { node: 'pve1', ostemplate: 'nfs-backup:vztmpl/alpine-3.22-default_20250617_amd64.tar.xz', vmid: 912, ...W }],
  ['delete_container', { selector: '901', ...W }],
  ['execute_container_command', { selector: '201', command: 'uptime', ...W }],
  [
    'update_container_ssh_keys',
    { vmid: 201, public_keys: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl test', ...W },
  ],
  ['get_container_config', { vmid: 201 }],
  ['get_container_ip', { vmid: 201 }],
  ['list_snapshots', { vmid: 105 }],
  ['create_snapshot', { vmid: 105, snapname: 'now', ...W }],
  ['rollback_snapshot', { vmid: 105, snapname: 'now', ...W }],
  ['delete_snapshot', { vmid: 105, snapname: 'now', ...W }],
  ['list_isos', {}],
  ['list_templates', {}],
  ['download_iso', { node: 'pve1', storage: 'local', url: 'https://images.example.org/tiny.iso', filename: 'tiny.iso', ...W }],
  ['delete_iso', { node: 'pve1', storage: 'local', filename: 'old.iso', ...W }],
  ['list_backups', { vmid: 105 }],
  ['create_backup', { vmid: 105, storage: 'nfs-backup', ...W }],
  [
    'restore_backup',
    ({ list_backups: found }) => ({ archive: (found?.['backups'] as { volid: string }[] | undefined)?.[0]?.volid, vmid: 913, ...W }),
  ],
  ['delete_backup', ({ list_backups: found }) => ({ volid: (found?.['backups'] as { volid: string }[] | undefined)?.[0]?.volid, ...W })],
];
