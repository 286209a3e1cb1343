import type { Clock } from '../domain/clock.ts';
import { systemClock } from '../domain/clock.ts';
import { createLanes } from '../domain/lanes.ts';
import { OperationError } from '../domain/operation-error.ts';
import { sharedReading } from '../domain/shared-reading.ts';
import { acceptJob, replayJob } from './accept-job.ts';
import { createBoard } from './board.ts';
import { createDrivers } from './drivers.ts';
import type { Engine } from './engine.ts';
import { createFollower } from './follower.ts';
import type { JobStore } from './job-store.ts';
import type { Job } from './job.ts';
import type { Jobs } from './jobs.ts';
import { createMembership } from './membership.ts';
import { createOwnCluster } from './own-cluster.ts';
import type { Tasks, Work } from './ports.ts';
import type { Randomness } from './randomness.ts';
import { systemRandomness } from './randomness.ts';
import { retryJob } from './retry-job.ts';
import { jobsSettings } from './settings.ts';
import type { JobsSettings } from './settings.ts';
import { statusFilter } from './job-status.ts';
import { cancelJob, decideJob, loadJob, resolveJob } from './steer-job.ts';
import { createProgressReader } from './task-log.ts';
import { createUnderWay } from './under-way.ts';
import { isSettled, waitForJob } from './wait-for-job.ts';
import { createWatchedJobs } from './watched-jobs.ts';

/** Reads of one node at once, for jobs that are verified or in doubt. */
const LOOKS_PER_NODE = 4;
/** A probe writes: often enough to tell a full disk, and no load. */
const PROBE_EVERY_MS = 10_000;
/** Counting reads an index of all jobs: a few milliseconds for a hundred thousand. */
const COUNT_EVERY_MS = 2000;

interface JobsDependencies {
  /** Open, migrated; closed by `close`. */
  readonly store: JobStore;
  readonly work: Work;
  readonly tasks: Tasks;
  readonly clock?: Clock;
  readonly random?: Randomness;
  readonly settings?: Partial<JobsSettings>;
  /** False for a server that is read-only: jobs that are ready wait for another one. True by default. */
  readonly sends?: boolean;
  /** Hears of faults that no caller hears of. */
  readonly onFault?: (fault: unknown, about: string) => void;
}

/** The first answer of Proxmox is in, or none will come soon. A refusal counts once the world was looked at, which takes one read. */
function isAnswered(job: Job): boolean {
  const looksAtRefusal = job.state === 'verifying' && job.phase === 'verifying_refusal';
  return (
    isSettled(job.state) ||
    job.state === 'running' ||
    job.state === 'in_doubt' ||
    (job.state === 'verifying' && !looksAtRefusal) ||
    job.stepsDone > 0
  );
}

/** Starts the jobs room of one process on a store that others may share. */
export function createJobs(dependencies: JobsDependencies): Jobs {
  const { store, work, tasks, clock = systemClock, random = systemRandomness } = dependencies;
  const settings = jobsSettings(dependencies.settings);
  const stopping = new AbortController();
  const board = createBoard();
  const underWay = createUnderWay();
  let storeClosed = false;
  const engine: Engine = {
    store,
    work,
    tasks,
    clock,
    random,
    settings,
    board,
    sends: dependencies.sends ?? true,
    processId: random.uuid(),
    stopping: stopping.signal,
    ownCluster: createOwnCluster(store, tasks),
    inputs: new Map(),
    plans: new Map(),
    look: createLanes(LOOKS_PER_NODE),
    during: (work) => underWay.during(work),
    // What took longer than `close` waits finds the store closed: that is no fault.
    report: (fault, about) => {
      if (!storeClosed) dependencies.onFault?.(fault, about);
    },
  };
  const drivers = createDrivers(engine);
  const progress = createProgressReader(engine);
  const watched = createWatchedJobs(engine, progress);
  const follower = createFollower(engine, (node) => watched.areOn(node));
  const counts = sharedReading(() => store.counts(), clock, COUNT_EVERY_MS);
  const isWritable = sharedReading(
    () =>
      store.probe().then(
        () => true,
        () => false,
      ),
    clock,
    PROBE_EVERY_MS,
  );

  board.listen((record) => {
    drivers.consider(record);
    if (record.state === 'running' && record.node !== null) follower.attend(record.node);
    else if (record.upid !== null) progress.forget(record.upid);
  });
  const membership = createMembership(engine);

  async function beReady(): Promise<void> {
    if (engine.stopping.aborted)
      throw new OperationError('internal', 'The server is stopping.', { hint: 'Repeat the call when it is back.' });
    await engine.ownCluster.assert();
    await membership.joined();
  }

  return {
    async accept(request) {
      await beReady();
      const { record, replayed } = await underWay.during(acceptJob(engine, request));
      if (replayed) return { job: record, replayed };
      const job = await waitForJob(engine, record, { milliseconds: settings.answerWithinMs, enough: isAnswered });
      return { job, replayed };
    },
    async replay(request) {
      await engine.ownCluster.refuseForeign();
      return replayJob(engine, request);
    },
    get: (jobId) => store.load(jobId),
    events: (jobId) => store.events(jobId),
    async list(filter) {
      const { status, ...rest } = filter;
      const selected = status === undefined ? {} : statusFilter(status);
      const limit = Math.min(500, Math.max(1, Math.floor(filter.limit)));
      if (selected.states?.length === 0) return { jobs: [], nextCursor: null };
      const page = await store.list({ ...rest, ...selected, limit });
      return { jobs: page.records, nextCursor: page.nextCursor };
    },
    async refresh(jobId) {
      const record = await loadJob(engine, jobId);
      if (record.state !== 'running') return record;
      await engine.ownCluster.assert();
      board.publish(record);
      await follower.check(record);
      const after = await loadJob(engine, jobId);
      await progress.read(after);
      return board.get(jobId) ?? after;
    },
    async wait(jobId, options) {
      const record = await loadJob(engine, jobId);
      const { seconds, ...rest } = options;
      return watched.during(jobId, () =>
        waitForJob(engine, record, { ...rest, milliseconds: seconds * 1000, enough: (job) => isSettled(job.state) }),
      );
    },
    async cancel(jobId, by) {
      await engine.ownCluster.refuseForeign();
      return cancelJob(engine, jobId, by);
    },
    async retry(jobId, by, options) {
      await beReady();
      const record = await underWay.during(retryJob(engine, jobId, by, options));
      return waitForJob(engine, record, { milliseconds: settings.answerWithinMs, enough: isAnswered });
    },
    decide: (jobId, by, answer) => decideJob(engine, jobId, by, answer),
    resolve: (jobId, by, resolution) => resolveJob(engine, jobId, by, resolution),
    subscribe: (listener) =>
      board.listen((record) => {
        try {
          listener(record);
        } catch (fault) {
          engine.report(fault, 'subscriber');
        }
      }),
    async status() {
      return { counts: await counts(), followerLagMs: Math.round(follower.lagMs()), writable: await isWritable() };
    },
    async close() {
      if (engine.stopping.aborted) return;
      stopping.abort();
      await Promise.race([underWay.idle(), clock.sleep(settings.closeWithinMs)]);
      await store.release(engine.processId).catch((fault: unknown) => {
        engine.report(fault, 'release');
      });
      storeClosed = true;
      await store.close();
    },
  };
}
