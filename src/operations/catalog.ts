import { createBackup } from './backups/create-backup.ts';
import { deleteBackup } from './backups/delete-backup.ts';
import { listBackups } from './backups/list-backups.ts';
import { restoreBackup } from './backups/restore-backup.ts';
import { getClusterStatus } from './cluster/get-cluster-status.ts';
import { getNodeStatus } from './cluster/get-node-status.ts';
import { getNodes } from './cluster/get-nodes.ts';
import { getStorage } from './cluster/get-storage.ts';
import { executeContainerCommand } from './commands/execute-container-command.ts';
import { executeVmCommand } from './commands/execute-vm-command.ts';
import { getGuestNetwork } from './commands/get-guest-network.ts';
import { readGuestFile } from './commands/read-guest-file.ts';
import { updateContainerSshKeys } from './commands/update-container-ssh-keys.ts';
import { writeGuestFile } from './commands/write-guest-file.ts';
import { createContainer } from './containers/create-container.ts';
import { deleteContainer } from './containers/delete-container.ts';
import { getContainerConfig } from './containers/get-container-config.ts';
import { getContainerIp } from './containers/get-container-ip.ts';
import { getContainers } from './containers/get-containers.ts';
import { restartContainer } from './containers/restart-container.ts';
import { startContainer } from './containers/start-container.ts';
import { stopContainer } from './containers/stop-container.ts';
import { updateContainerResources } from './containers/update-container-resources.ts';
import type { Operation } from './define.ts';
import { deleteIso } from './images/delete-iso.ts';
import { downloadIso } from './images/download-iso.ts';
import { listIsos } from './images/list-isos.ts';
import { listTemplates } from './images/list-templates.ts';
import { cancelJob } from './jobs/cancel-job.ts';
import { getJob } from './jobs/get-job.ts';
import { getJobOutput } from './jobs/get-job-output.ts';
import { getTaskLog } from './jobs/get-task-log.ts';
import { listJobs } from './jobs/list-jobs.ts';
import { pollJob } from './jobs/poll-job.ts';
import { resolveJob } from './jobs/resolve-job.ts';
import { retryJob } from './jobs/retry-job.ts';
import { createSnapshot } from './snapshots/create-snapshot.ts';
import { deleteSnapshot } from './snapshots/delete-snapshot.ts';
import { listSnapshots } from './snapshots/list-snapshots.ts';
import { rollbackSnapshot } from './snapshots/rollback-snapshot.ts';
import { cloneVm } from './vms/clone-vm.ts';
import { createVm } from './vms/create-vm.ts';
import { deleteVm } from './vms/delete-vm.ts';
import { getVms } from './vms/get-vms.ts';
import { resetVm } from './vms/reset-vm.ts';
import { shutdownVm } from './vms/shutdown-vm.ts';
import { startVm } from './vms/start-vm.ts';
import { stopVm } from './vms/stop-vm.ts';

/** Every operation, by toolset, in the order in which surfaces list them. */
export const CATALOG = {
  cluster: [getNodes, getNodeStatus, getStorage, getClusterStatus],
  jobs: [listJobs, getJob, pollJob, cancelJob, retryJob, resolveJob, getTaskLog, getJobOutput],
  vms: [getVms, createVm, cloneVm, startVm, stopVm, shutdownVm, resetVm, deleteVm],
  containers: [
    getContainers,
    startContainer,
    stopContainer,
    restartContainer,
    updateContainerResources,
    createContainer,
    deleteContainer,
    getContainerConfig,
    getContainerIp,
  ],
  commands: [executeVmCommand, executeContainerCommand, updateContainerSshKeys, readGuestFile, writeGuestFile, getGuestNetwork],
  snapshots: [listSnapshots, createSnapshot, deleteSnapshot, rollbackSnapshot],
  images: [listIsos, listTemplates, downloadIso, deleteIso],
  backups: [listBackups, createBackup, restoreBackup, deleteBackup],
} as const satisfies Readonly<Record<string, readonly Operation[]>>;

/** A name of the catalogue: what lists operations by name elsewhere does not compile once one of them is called otherwise. */
export type OperationName = (typeof CATALOG)[keyof typeof CATALOG][number]['name'];

/** The operations that a configuration has the means for. */
export function offeredCatalog(means: { readonly ssh: boolean }): Readonly<Record<string, readonly Operation[]>> {
  return Object.fromEntries(
    Object.entries(CATALOG).map(([toolset, members]: [string, readonly Operation[]]) => [
      toolset,
      members.filter(({ needs }) => needs === undefined || means[needs]),
    ]),
  );
}
