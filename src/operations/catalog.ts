import { getClusterStatus } from './cluster/get-cluster-status.ts';
import { getNodeStatus } from './cluster/get-node-status.ts';
import { getNodes } from './cluster/get-nodes.ts';
import { getStorage } from './cluster/get-storage.ts';
import { getContainers } from './containers/get-containers.ts';
import { restartContainer } from './containers/restart-container.ts';
import { startContainer } from './containers/start-container.ts';
import { stopContainer } from './containers/stop-container.ts';
import type { Operation } from './define.ts';
import { cancelJob } from './jobs/cancel-job.ts';
import { getJob } from './jobs/get-job.ts';
import { listJobs } from './jobs/list-jobs.ts';
import { pollJob } from './jobs/poll-job.ts';
import { resolveJob } from './jobs/resolve-job.ts';
import { retryJob } from './jobs/retry-job.ts';
import { getVms } from './vms/get-vms.ts';
import { resetVm } from './vms/reset-vm.ts';
import { shutdownVm } from './vms/shutdown-vm.ts';
import { startVm } from './vms/start-vm.ts';
import { stopVm } from './vms/stop-vm.ts';

/** Every operation, by toolset, in the order in which surfaces list them. */
export const CATALOG = {
  cluster: [getNodes, getNodeStatus, getStorage, getClusterStatus],
  jobs: [listJobs, getJob, pollJob, cancelJob, retryJob, resolveJob],
  vms: [getVms, startVm, stopVm, shutdownVm, resetVm],
  containers: [getContainers, startContainer, stopContainer, restartContainer],
} as const satisfies Readonly<Record<string, readonly Operation[]>>;

export type Toolset = keyof typeof CATALOG;
