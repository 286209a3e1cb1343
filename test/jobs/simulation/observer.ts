import { isResendable } from '../../../src/domain/repeat-class.ts';
import type { Upid } from '../../../src/domain/upid.ts';
import { isFinal } from '../../../src/jobs/job.ts';
import type { JobState } from '../../../src/jobs/job.ts';
import type { JobRecord } from '../../../src/jobs/job-record.ts';
import type { JobStore, Transition } from '../../../src/jobs/job-store.ts';
import type { FaultModel } from './models.ts';
import { OPERATIONS, isAchieved } from './operations.ts';
import type { SimulatedInput, Witness } from './operations.ts';
import type { Scheduler } from './scheduler.ts';
import type { Sent, World } from './world.ts';

/** Watches the store and the wire, and says where a promise was broken. */
export interface Observer extends Witness {
  readonly violations: string[];
  readonly doubts: () => number;
  /** The store with every change looked at. */
  watch(store: JobStore): JobStore;
  /** Looks at what everything came to, when all is over. */
  conclude(jobs: readonly JobRecord[]): void;
}

const EPOCH_MS = Date.parse('2026-01-01T00:00:00Z');
const LEAVES_FINAL = new Set(['retried', 'retried_asking', 'resolved_succeeded', 'resolved_failed']);
/** Where nobody looked again: a change this young may have come after the answer of Proxmox. */
const SETTLED_MS = 8000;

export function createObserver(world: World, model: FaultModel, scheduler: Scheduler): Observer {
  const violations: string[] = [];
  const states = new Map<string, JobState>();
  const audited = new Set<string>();
  const achieved = new Set<string>();
  const doubtful = new Set<string>();
  const misled = new Set<string>();
  const looks = new Map<string, number>();
  const links = new Map<Upid, string>();
  let doubts = 0;

  const say = (promise: string, jobId: string, text: string): void => {
    violations.push(`${promise}: job ${jobId.slice(0, 8)} ${text} (at ${Math.round(scheduler.now() / 1000)} s)`);
  };

  function checkLink(change: Transition, record: JobRecord): void {
    if (change.link === undefined) return;
    links.set(change.link, record.jobId);
    const task = world.tasks.get(change.link);
    if (!task || task.sent?.jobId === record.jobId) return;
    misled.add(record.jobId);
    if (model.name === 'foreign tasks' && task.sent && misled.has(task.sent.jobId)) return;
    if (model.name !== 'foreign tasks' || task.sent) {
      say(
        'P4',
        record.jobId,
        `${record.operation} took over ${change.link}, which ${task.sent ? `job ${task.sent.jobId.slice(0, 8)}` : 'nobody'} started`,
      );
      return;
    }
    if (record.sentAt !== null && EPOCH_MS + task.startedAt < Date.parse(record.sentAt) - 10_000)
      say('P3', record.jobId, 'took over a task that is older than its own request');
    // Somebody used our token: one task cannot be told from ours, but of two none may be chosen.
    const candidates = [...world.tasks.values()].filter(
      (other) =>
        other.node === task.node &&
        other.id === task.id &&
        record.step?.task?.types.includes(other.type) &&
        scheduler.now() - other.startedAt > 20_000 &&
        !record.baseline.includes(other.upid) &&
        !record.previousUpids.includes(other.upid) &&
        (links.get(other.upid) ?? record.jobId) === record.jobId &&
        !other.hidden,
    );
    if (candidates.length > 1) say('P3', record.jobId, `chose one of ${candidates.length} tasks`);
  }

  function checkFinal(change: Transition, record: JobRecord): void {
    if (record.state === 'unknown' || record.state === 'not_observed') doubtful.add(record.jobId);
    const operation = OPERATIONS[record.operation];
    const refusedByProxmox = change.event === 'refused' || change.event === 'not_achieved' || change.event === 'task_failed';
    if (record.state !== 'failed' || operation?.repeat !== 'convergent' || !refusedByProxmox) return;
    const input = record.input as unknown as SimulatedInput;
    const { changedAt } = world.guest(input.vmid);
    const look = looks.get(record.jobId);
    const sawIt = look === undefined ? scheduler.now() - changedAt > SETTLED_MS : look >= changedAt;
    if (sawIt && isAchieved(world, record.operation, input, record.jobId) === 'achieved')
      say('P3', record.jobId, `${record.operation} failed although VM ${input.vmid} is as it wants`);
  }

  function watchTransition(change: Transition, record: JobRecord): void {
    const before = states.get(record.jobId);
    if (before !== undefined && isFinal(before) && !LEAVES_FINAL.has(change.event))
      say('P7', record.jobId, `went from ${before} to ${record.state}`);
    states.set(record.jobId, record.state);
    if (record.state === 'in_doubt') doubts += 1;
    checkLink(change, record);
    if (isFinal(record.state)) checkFinal(change, record);
  }

  function checkEnd(job: JobRecord, sent: readonly Sent[]): void {
    const verb = OPERATIONS[job.operation]?.verb;
    const main = sent.filter((request) => request.verb === verb);
    const attempt = main.filter((request) => request.attempt === job.retryCount);
    if (!isFinal(job.state)) say('liveness', job.jobId, `${job.operation} is still ${job.state} (${job.phase ?? ''})`);
    if (misled.has(job.jobId)) return;
    const succeeded = job.state === 'succeeded' || job.state === 'succeeded_with_warnings';
    if (succeeded && !attempt.some((request) => request.applied) && !achieved.has(job.jobId))
      say('P3', job.jobId, `${job.operation} ${job.state} without an effect`);
    if (job.state === 'failed') {
      const effective = main.find((request) => request.applied && !request.undone);
      if (effective)
        say('P3', job.jobId, `${job.operation} failed although request ${effective.id} had its effect; ${job.lastError ?? ''}`);
      const any = sent.find((request) => request.applied);
      if (job.effect === 'none' && any)
        say('P3', job.jobId, `${job.operation} says effect none although request ${any.id} (${any.verb}) had one`);
    }
    if (job.state === 'not_observed' && model.name !== 'unbounded delay' && attempt.some((request) => request.applied && !request.undone))
      say('P3', job.jobId, `${job.operation} was not observed but happened`);
    if (job.state === 'cancelled' && job.effect === 'none' && sent.some((request) => request.applied))
      say('P3', job.jobId, 'was cancelled with effect none but had one');
  }

  function checkSends(job: JobRecord, sent: readonly Sent[]): void {
    const counts = new Map<string, number>();
    for (const request of sent.filter((one) => !one.refused)) {
      const repeat = request.verb === OPERATIONS[job.operation]?.verb ? job.repeat : 'convergent';
      if (isResendable(repeat)) continue;
      const key = `attempt ${request.attempt}, step ${request.step}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const [key, count] of counts) if (count > 1) say('P2', job.jobId, `${job.operation} was sent ${count} times (${key})`);
  }

  return {
    violations,
    doubts: () => doubts,
    written(request) {
      const state = states.get(request.jobId);
      if (state !== 'sending' && state !== 'in_doubt') say('P1', request.jobId, `was sent while recorded as ${state ?? 'nothing'}`);
      if (!audited.has(request.jobId)) say('P8', request.jobId, 'was sent without an audit record');
    },
    audited: (jobId) => audited.add(jobId),
    toldAchieved: (jobId) => achieved.add(jobId),
    looked: (jobId) => looks.set(jobId, scheduler.now()),
    watch: (store) => ({
      ...store,
      async accept(request) {
        const outcome = await store.accept(request);
        if (outcome.kind === 'created') states.set(outcome.record.jobId, outcome.record.state);
        return outcome;
      },
      async transition(change) {
        const outcome = await store.transition(change);
        if (outcome.kind === 'moved') watchTransition(change, outcome.record);
        return outcome;
      },
      async takeOver(request) {
        const taken = await store.takeOver(request);
        if (taken > 0)
          for (const [jobId, state] of states)
            if (state === 'sending') {
              const record = await store.load(jobId);
              if (record) states.set(jobId, record.state);
            }
        return taken;
      },
    }),
    conclude(jobs) {
      const byJob = new Map<string, Sent[]>();
      for (const request of world.sent) byJob.set(request.jobId, [...(byJob.get(request.jobId) ?? []), request]);
      const byId = new Map(jobs.map((job) => [job.jobId, job]));
      for (const request of world.sent) if (!byId.has(request.jobId)) say('P1', request.jobId, 'was sent and is not recorded');
      const keys = new Map<string, string>();
      for (const job of jobs) {
        const sent = byJob.get(job.jobId) ?? [];
        checkEnd(job, sent);
        checkSends(job, sent);
        const key = job.metadata['key'];
        if (typeof key !== 'string') continue;
        if (keys.has(key)) say('P5', job.jobId, `is a second job for key ${key}`);
        keys.set(key, job.jobId);
      }
      for (const task of world.tasks.values()) {
        if (!task.sent || links.get(task.upid) === task.sent.jobId || model.name === 'foreign tasks') continue;
        const job = byId.get(task.sent.jobId);
        const { step, attempt } = task.sent;
        const resent =
          (byJob.get(task.sent.jobId) ?? []).filter((request) => request.step === step && request.attempt === attempt).length > 1;
        if (job && !doubtful.has(job.jobId) && !resent && !achieved.has(job.jobId))
          say('P4', job.jobId, `${job.operation} (${job.state}) lost its task ${task.upid}`);
      }
      for (const { task, other } of world.overlaps) {
        const [first, second] = [other.sent?.jobId ?? '', task.sent?.jobId ?? ''];
        const excused = [first, second].some(
          (jobId) => doubtful.has(jobId) || misled.has(jobId) || (model.name === 'unbounded delay' && byId.get(jobId)?.tainted),
        );
        if (!excused) say('P6', second, `ran on VM ${task.vmid} together with job ${first.slice(0, 8)}`);
      }
    },
  };
}
