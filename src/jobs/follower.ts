import { ERROR_CLASSES, OperationError } from '../domain/operation-error.ts';
import type { Upid } from '../domain/upid.ts';
import { timestamp } from './engine.ts';
import type { Engine } from './engine.ts';
import type { JobRecord } from './job-record.ts';
import { createLateTaskReporter } from './late-tasks.ts';
import { stopTask } from './stop-task.ts';
import { checkTask, endLostTask } from './task-end.ts';

/** Looks at tasks in a burst before the steady rate applies. */
const BURST = 10;
const STOP_AGAIN_MS = 15_000;
/** Nodes that are looked at in one round of `followEveryMs`; with more of them each one's turn comes less often. */
const NODES_PER_ROUND = 5;

export interface Follower {
  /** Follows a node from now on, as long as jobs run there. */
  attend(node: string): void;
  /** Looks at one job's task now. */
  check(record: JobRecord): Promise<void>;
  /** By how many milliseconds the turn of the node that waits longest is overdue; 0 when nothing is followed here. */
  lagMs(): number;
}

interface NodeState {
  /** Requests that may be made now. They come back evenly, so this may be a fraction. */
  tokens: number;
  filledAt: number;
  leaseUntil: number;
  lookedAt: number;
  /** Never looked at so far. */
  isNew: boolean;
  unreachable: boolean;
  /** When each running job's task was last looked at by itself. */
  readonly checkedAt: Map<string, number>;
  /** Counts the looks at tasks that the list calls running, which take turns. */
  round: number;
}

/**
 * Follows the tasks of running jobs, one follower per node among all processes.
 * @param isWatched whether somebody here waits for a job of the node, which is then looked at in every round
 */
export function createFollower(engine: Engine, isWatched: (node: string) => boolean): Follower {
  const { clock, settings, store, board, tasks } = engine;
  const nodes = new Map<string, NodeState>();
  const missingSince = new Map<Upid, number>();
  const stopAskedAt = new Map<Upid, number>();
  const checking = new Set<string>();
  const reportLateTasks = createLateTaskReporter(engine);

  async function check(record: JobRecord): Promise<void> {
    if (record.upid === null || checking.has(record.jobId)) return;
    checking.add(record.jobId);
    try {
      const seen = await checkTask(engine, record);
      if (seen === 'running' || seen === 'ended') {
        missingSince.delete(record.upid);
        return;
      }
      const since = missingSince.get(record.upid) ?? clock.monotonic();
      missingSince.set(record.upid, since);
      if (clock.monotonic() - since < (seen === 'gone' ? settings.noSuchTaskGraceMs : settings.evidenceMs)) return;
      await endLostTask(engine, record);
      missingSince.delete(record.upid);
    } finally {
      checking.delete(record.jobId);
    }
  }

  function takeToken(state: NodeState): boolean {
    const now = clock.monotonic();
    state.tokens = Math.min(BURST, state.tokens + ((now - state.filledAt) / 1000) * settings.statusPerSecond);
    state.filledAt = now;
    if (state.tokens < 1) return false;
    state.tokens -= 1;
    return true;
  }

  async function isLeased(node: string, state: NodeState): Promise<boolean> {
    const now = clock.monotonic();
    if (now < state.leaseUntil - settings.followLeaseMs / 2) return true;
    const taken = await store.lease(`follow/${node}`, engine.processId, settings.followLeaseMs);
    state.leaseUntil = taken ? now + settings.followLeaseMs : 0;
    return taken;
  }

  async function showReachable(node: string, state: NodeState, reachable: boolean): Promise<void> {
    const shown = [...board.running(node).values()].some((record) => (record.phase === 'node_unreachable') === reachable);
    if (shown || state.unreachable === reachable) await store.setNodePhase(node, reachable ? null : 'node_unreachable', timestamp(engine));
    state.unreachable = !reachable;
  }

  async function look(node: string, state: NodeState): Promise<void> {
    let active: ReadonlySet<Upid>;
    try {
      active = new Set((await tasks.active(node)).filter((entry) => entry.running).map((entry) => entry.upid));
    } catch (thrown) {
      if (!(thrown instanceof OperationError)) throw thrown;
      if (thrown.code !== 'not_found') {
        // Said once: a token that is not accepted any more would fill the log.
        if (!state.unreachable && !ERROR_CLASSES[thrown.code].transient) reportFault(thrown, node);
        return showReachable(node, state, false);
      }
      // A node that has left the cluster knows none of its tasks any more.
      active = new Set();
    }
    await engine.ownCluster.assert();
    await showReachable(node, state, true);
    const jobs = [...board.running(node).values()];
    // Those that have waited longest first: tasks that stay here unanswered must not keep the others from their turn.
    const left = jobs
      .filter((record) => record.upid !== null && !active.has(record.upid))
      .sort((one, other) => (state.checkedAt.get(one.jobId) ?? 0) - (state.checkedAt.get(other.jobId) ?? 0));
    // The list may call a finished task running, so those are looked at in turn with what is left over.
    const listed = jobs.filter((record) => record.upid !== null && active.has(record.upid));
    const turn = listed.length > 0 ? [listed[state.round++ % listed.length]].filter((record) => record !== undefined) : [];
    const due = [...left, ...turn].filter(() => takeToken(state));
    for (const record of due) state.checkedAt.set(record.jobId, clock.monotonic());
    const checked = await Promise.allSettled(due.map((record) => check(record)));
    for (const outcome of checked) if (outcome.status === 'rejected') reportFault(outcome.reason, node);
    for (const record of listed) if (record.cancelRequested) await stopAgain(record);
    const running = new Set(jobs.map((record) => record.jobId));
    for (const jobId of state.checkedAt.keys()) if (!running.has(jobId)) state.checkedAt.delete(jobId);
    await reportLateTasks([...active].filter((upid) => !board.running(node).has(upid)));
    state.lookedAt = clock.monotonic();
    // Nodes that came together are not to be looked at together for ever.
    if (state.isNew) state.lookedAt -= engine.random.next() * (rounds() - 1) * settings.followEveryMs;
    state.isNew = false;
  }

  async function stopAgain(record: JobRecord): Promise<void> {
    if (record.upid === null) return;
    // The record may be younger than now on a clock that was set back.
    const askedAgo = Math.max(0, clock.now().getTime() - Date.parse(record.updatedAt));
    const askedAt = stopAskedAt.get(record.upid) ?? clock.monotonic() - askedAgo;
    if (clock.monotonic() - askedAt < STOP_AGAIN_MS) return;
    stopAskedAt.set(record.upid, clock.monotonic());
    await stopTask(engine, record);
  }

  function reportFault(fault: unknown, node: string): void {
    engine.report(fault, `tasks of ${node}`);
  }

  /** What all nodes are asked together stays the same however many there are. */
  const rounds = (): number => Math.max(1, Math.ceil(nodes.size / NODES_PER_ROUND));

  function isDue(node: string, { lookedAt, isNew }: NodeState): boolean {
    return isNew || rounds() === 1 || isWatched(node) || clock.monotonic() - lookedAt >= (rounds() - 0.5) * settings.followEveryMs;
  }

  async function follow(node: string, state: NodeState): Promise<void> {
    while (board.running(node).size > 0 && !engine.stopping.aborted) {
      try {
        if ((await engine.ownCluster.isForeign()) || !(await isLeased(node, state))) state.lookedAt = clock.monotonic();
        else if (isDue(node, state)) await look(node, state);
      } catch (fault) {
        reportFault(fault, node);
      }
      await clock.sleep(state.unreachable ? settings.unreachableEveryMs : settings.followEveryMs, engine.stopping);
    }
    nodes.delete(node);
  }

  return {
    check,
    attend(node) {
      if (nodes.has(node) || engine.stopping.aborted) return;
      const now = clock.monotonic();
      const state: NodeState = {
        tokens: BURST,
        filledAt: now,
        leaseUntil: 0,
        lookedAt: now,
        isNew: true,
        unreachable: false,
        checkedAt: new Map(),
        round: 0,
      };
      nodes.set(node, state);
      void engine.during(follow(node, state));
    },
    lagMs: () => {
      const now = clock.monotonic();
      const turn = (rounds() - 1) * settings.followEveryMs;
      return Math.max(0, ...[...nodes.values()].map((state) => now - state.lookedAt - turn));
    },
  };
}
