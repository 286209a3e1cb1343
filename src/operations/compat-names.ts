import type { OperationName } from './catalog.ts';

/**
 * The tools of ProxmoxMCP-Plus 0.5.2, in its order. They go on ignoring arguments they do not know (and name them in the
 * answer); every other operation refuses them.
 */
export const COMPAT_NAMES = [
  'get_nodes',
  'get_node_status',
  'get_storage',
  'get_cluster_status',
  'list_jobs',
  'get_job',
  'poll_job',
  'cancel_job',
  'retry_job',
  'get_vms',
  'create_vm',
  'clone_vm',
  'execute_vm_command',
  'start_vm',
  'stop_vm',
  'shutdown_vm',
  'reset_vm',
  'delete_vm',
  'get_containers',
  'start_container',
  'stop_container',
  'restart_container',
  'update_container_resources',
  'create_container',
  'delete_container',
  'execute_container_command',
  'update_container_ssh_keys',
  'get_container_config',
  'get_container_ip',
  'list_snapshots',
  'create_snapshot',
  'delete_snapshot',
  'rollback_snapshot',
  'list_isos',
  'list_templates',
  'download_iso',
  'delete_iso',
  'list_backups',
  'create_backup',
  'restore_backup',
  'delete_backup',
] as const satisfies readonly OperationName[];

export function isCompatName(name: string): boolean {
  return (COMPAT_NAMES as readonly string[]).includes(name);
}
