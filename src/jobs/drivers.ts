import { createLanes } from '../domain/lanes.ts';
import { advanceReady } from './advance-ready.ts';
import { move, timestamp } from './engine.ts';
import type { Engine } from './engine.ts';
import type { JobRecord } from './job-record.ts';
import type { JobState } from './job.ts';
import { settleDoubt } from './settle-doubt.ts';
import type { Pause } from './settle-doubt.ts';
import { verifyWorld } from './verify-world.ts';

/** States in which a job needs its owner to do something. RUNNING jobs belong to the follower of their node. */
const DRIVEN: ReadonlySet<JobState> = new Set<JobState>(['awaiting_approval', 'ready', 'sending', 'in_doubt', 'verifying']);
/** Jobs per node that are sent at once. */
const SENDS_PER_NODE = 8;
/** Pause before a job whose driver has failed is driven again. */
const AFTER_FAULT_MS = 5000;

export interface Drivers {
  /** Takes notice of a job: starts to drive it if it is ours, or wakes its driver. */
  consider(record: JobRecord): void;
}

interface Driver {
  /** The job as the driver knows it. */
  record: JobRecord;
  interrupt: AbortController;
}

async function awaitApproval(engine: Engine, record: JobRecord, pause: Pause): Promise<JobRecord | undefined> {
  for (;;) {
    const latest = engine.board.get(record.jobId);
    if (!latest || latest.state !== 'awaiting_approval' || latest.epoch !== record.epoch) return latest;
    const left = latest.expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(latest.expiresAt) - engine.clock.now().getTime();
    if (left <= 0) return move(engine, latest, 'approval_expired', { patch: { lastError: 'Nobody approved this in time.' } });
    await pause(Math.min(left, 60_000));
    if (engine.stopping.aborted) return undefined;
  }
}

export function createDrivers(engine: Engine): Drivers {
  const drivers = new Map<string, Driver>();
  const sends = createLanes(SENDS_PER_NODE);

  function next(record: JobRecord, pause: Pause): Promise<JobRecord | undefined> {
    const node = record.node ?? '';
    switch (record.state) {
      case 'awaiting_approval':
        return awaitApproval(engine, record, pause);
      case 'ready':
        // A guest command may take minutes and must not hold up the others.
        return record.step?.task === null || engine.plans.get(record.jobId)?.plan.step.kind === 'command'
          ? advanceReady(engine, record, pause)
          : sends(node, () => advanceReady(engine, record, pause));
      case 'sending':
        return move(engine, record, 'found_sending', { patch: { phase: 'in_doubt' }, details: { at: timestamp(engine) } });
      case 'in_doubt':
        return settleDoubt(engine, record, pause);
      case 'verifying':
        return verifyWorld(engine, record, pause);
      case 'running':
      case 'succeeded':
      case 'succeeded_with_warnings':
      case 'failed':
      case 'cancelled':
      case 'rejected':
      case 'expired':
      case 'not_observed':
      case 'unknown':
        return Promise.resolve(undefined);
    }
  }

  function isOurs(record: JobRecord): boolean {
    return record.owner === engine.processId && DRIVEN.has(record.state) && !engine.stopping.aborted;
  }

  async function run(driver: Driver, pause: Pause): Promise<void> {
    for (;;) {
      const moved = await next(driver.record, pause);
      if (!moved) return;
      driver.record = moved;
      if (!isOurs(moved)) return;
      // Whatever woke this driver so far was its own doing, or is in the record.
      driver.interrupt = new AbortController();
    }
  }

  function start(record: JobRecord): void {
    const driver: Driver = { record, interrupt: new AbortController() };
    const pause: Pause = async (milliseconds) => {
      await engine.clock.sleep(milliseconds, AbortSignal.any([driver.interrupt.signal, engine.stopping]));
      if (driver.interrupt.signal.aborted) driver.interrupt = new AbortController();
    };
    drivers.set(record.jobId, driver);
    const finished = run(driver, pause)
      .catch(async (fault: unknown) => {
        engine.report(fault, `job ${record.jobId}`);
        await engine.clock.sleep(AFTER_FAULT_MS, engine.stopping);
        driver.record = { ...driver.record, seq: -1 };
      })
      .then(() => {
        drivers.delete(record.jobId);
        const latest = engine.board.get(record.jobId);
        if (latest && latest.seq > driver.record.seq) consider(latest);
      });
    void engine.during(finished);
  }

  function consider(record: JobRecord): void {
    const driver = drivers.get(record.jobId);
    if (!driver) {
      if (isOurs(record)) start(record);
      return;
    }
    const { state, epoch, cancelRequested } = driver.record;
    if (record.state !== state || record.epoch !== epoch || record.cancelRequested !== cancelRequested) driver.interrupt.abort();
  }

  return { consider };
}
