import { ERROR_CLASSES, OperationError } from '../domain/operation-error.ts';
import { isFinal, openAmong } from './job.ts';
import { timestamp, timestampAgo } from './engine.ts';
import type { Engine } from './engine.ts';
import { without } from './safeguards.ts';

/** Jobs that one transaction takes over. */
const TAKE_AT_ONCE = 20_000;
/** Changes of other servers that are read at once. */
const PAGE = 1000;
const PRUNE_EVERY_MS = 3_600_000;
/** The servers of desktop clients rarely live as long as that. */
const FIRST_PRUNE_AFTER_MS = 60_000;

export interface Membership {
  /**
   * Reads what is open, takes over what nobody drives, and goes on doing so. Resolves after the first round.
   * @throws OperationError when the store fails: then nothing has begun, and the first round is tried again by itself
   */
  joined(): Promise<void>;
}

/** What makes this process one of several: it shows that it lives, takes over from the dead, and reads what the others do. */
export function createMembership(engine: Engine): Membership {
  const { store, board, clock, settings, processId } = engine;
  let cursor = { seq: 0, jobId: '' };
  let isClusterReported = false;

  async function readChanges(): Promise<void> {
    for (;;) {
      const page = await store.changesSince(cursor, PAGE);
      cursor = page.cursor;
      for (const record of page.records) board.publish(record);
      if (page.records.length < PAGE) return;
    }
  }

  async function takeOver(): Promise<number> {
    if (!(await isOwnCluster())) return 0;
    const sendingBecomes = without?.('foundSendingIsDoubt') ? 'ready' : 'in_doubt';
    return store.takeOver({
      processId,
      leaseMs: settings.leaseMs,
      sends: engine.sends,
      sendingBecomes,
      limit: TAKE_AT_ONCE,
      timestamp: timestamp(engine),
    });
  }

  /** Jobs of another cluster are left to its servers; those of one that does not answer can wait. */
  async function isOwnCluster(): Promise<boolean> {
    try {
      await engine.ownCluster.assert();
      return true;
    } catch (fault) {
      if (!(fault instanceof OperationError)) throw fault;
      if (!ERROR_CLASSES[fault.code].transient && !isClusterReported) engine.report(fault, 'jobs of the database');
      isClusterReported = true;
      return false;
    }
  }

  function ownsJobs(): boolean {
    for (const record of board.open()) if (record.owner === processId && !isFinal(record.state)) return true;
    return false;
  }

  async function prune(): Promise<void> {
    if (!(await store.lease('prune', processId, PRUNE_EVERY_MS / 2))) return;
    await store.prune({
      completedBefore: timestampAgo(engine, settings.retentionMs),
      keysBefore: timestampAgo(engine, settings.idempotencyMs),
    });
  }

  async function repeat(milliseconds: () => number, about: string, work: () => Promise<unknown>): Promise<void> {
    for (;;) {
      await clock.sleep(milliseconds(), engine.stopping);
      if (engine.stopping.aborted) return;
      await work().catch((fault: unknown) => {
        engine.report(fault, about);
      });
    }
  }

  function every(milliseconds: () => number, about: string, work: () => Promise<unknown>): void {
    void engine.during(repeat(milliseconds, about, work));
  }

  async function join(): Promise<void> {
    // First ours, then shown: nothing is started on a record that changes hands meanwhile.
    if (openAmong(await store.counts()) > 0) await takeOver();
    cursor = { seq: await store.latestSeq(), jobId: '\uffff' };
    for (const record of await store.open()) board.publish(record);
    const jitter = (base: number) => () => base * (0.8 + 0.4 * engine.random.next());
    every(
      jitter(settings.takeOverEveryMs),
      'taking over jobs',
      async () => board.openCount() > 0 && (await takeOver()) > 0 && readChanges(),
    );
    every(jitter(settings.heartbeatEveryMs), 'sign of life', async () => ownsJobs() && store.heartbeat(processId, settings.leaseMs));
    every(
      () => (board.openCount() > 0 || board.listenerCount() > 1 ? settings.feedEveryMs : settings.feedEveryMs * 4),
      'changes of other servers',
      readChanges,
    );
    let sincePrune = jitter(FIRST_PRUNE_AFTER_MS);
    every(
      () => sincePrune(),
      'pruning',
      () => {
        sincePrune = jitter(PRUNE_EVERY_MS);
        return prune();
      },
    );
  }

  let joining: Promise<void> | undefined;
  function joined(): Promise<void> {
    joining ??= join().catch((fault: unknown) => {
      joining = undefined;
      throw fault;
    });
    return joining;
  }

  /** A store that is full or away when the server starts may come back. */
  async function keepJoining(): Promise<void> {
    for (let failures = 0; !engine.stopping.aborted; failures += 1) {
      try {
        return await joined();
      } catch (fault) {
        if (failures === 0) engine.report(fault, 'start');
        await clock.sleep(settings.takeOverEveryMs, engine.stopping);
      }
    }
  }
  void engine.during(keepJoining());

  return { joined };
}
