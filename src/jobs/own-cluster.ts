import { ERROR_CLASSES, OperationError } from '../domain/operation-error.ts';
import type { JobStore } from './job-store.ts';
import type { Tasks } from './ports.ts';

/** Says whether the jobs in the database are of the cluster that this server speaks to. */
export interface OwnCluster {
  /** @throws OperationError `conflict` when they are of another cluster; others when the cluster or the store does not answer */
  assert(): Promise<void>;
  /** True when it is known that they are of another cluster. */
  isForeign(): Promise<boolean>;
  /** @throws OperationError `conflict` when that is known, and only then: for what works while the cluster is away */
  refuseForeign(): Promise<void>;
}

function ofAnotherCluster(): OperationError {
  return new OperationError('conflict', 'This job database belongs to another Proxmox VE cluster.', {
    hint: 'Give each cluster a database of its own: set jobs.sqlite_path (PROXMOX_JOBS_SQLITE_PATH) or jobs.database_url.',
    details: { code: 'other_cluster' },
  });
}

/**
 * Ids and names mean something else in another cluster: a job that was recorded for one must never be sent to, looked for or
 * judged in another, only because two servers were started on the same file. Asks once.
 */
export function createOwnCluster(store: JobStore, tasks: Tasks): OwnCluster {
  let known: Promise<boolean> | undefined;

  async function compare(): Promise<boolean> {
    const clusterId = await tasks.clusterId().catch((fault: unknown) => {
      if (!(fault instanceof OperationError) || ERROR_CLASSES[fault.code].transient || fault.code === 'unauthenticated') throw fault;
      // A cluster that answers and does not tell is not told apart.
      return null;
    });
    return clusterId === null || (await store.bindToCluster(clusterId)) === clusterId;
  }

  function isOwn(): Promise<boolean> {
    known ??= compare().catch((fault: unknown) => {
      known = undefined;
      throw fault;
    });
    return known;
  }

  async function isForeign(): Promise<boolean> {
    return isOwn().then(
      (own) => !own,
      () => false,
    );
  }

  return {
    async assert() {
      if (!(await isOwn())) throw ofAnotherCluster();
    },
    isForeign,
    async refuseForeign() {
      if (await isForeign()) throw ofAnotherCluster();
    },
  };
}
