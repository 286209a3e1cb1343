import { isFinal, JOB_STATES, LEFT_READY } from '../../../src/jobs/job.ts';
import type { JobEvent, JobState } from '../../../src/jobs/job.ts';
import type { JobRecord } from '../../../src/jobs/job-record.ts';
import type { HeldTarget, JobStore, ReplayOutcome, ReplayQuery, TaskKey, Transition } from '../../../src/jobs/job-store.ts';
import type { Upid } from '../../../src/domain/upid.ts';

/** Everything a memory store holds, open to the checks of a simulation. */
interface MemoryTables {
  readonly jobs: Map<string, JobRecord>;
  readonly events: Map<string, JobEvent[]>;
  readonly targets: Map<string, string>;
  readonly upids: Map<Upid, string>;
  readonly keys: Map<string, { bodyHash: string; jobId: string; createdAt: string }>;
}

interface MemoryStore extends JobStore {
  readonly tables: MemoryTables;
}

/** A job store in memory that keeps the contract of the real ones, for many seeds in little time. */
export function memoryStore(nowMs: () => number): MemoryStore {
  const tables: MemoryTables = { jobs: new Map(), events: new Map(), targets: new Map(), upids: new Map(), keys: new Map() };
  const { jobs, events, targets, upids, keys } = tables;
  const open = new Set<string>();
  const implied = new Map<string, Set<string>>();
  const byTask = new Map<string, Set<string>>();
  const lost: { readonly jobId: string; readonly task: TaskKey; readonly at: string }[] = [];
  const processes = new Map<string, number>();
  const leases = new Map<string, { holder: string; until: number }>();
  // In order of change; a job moves to the end with each of them.
  const order = new Map<string, number>();
  let seq = 0;
  let cluster: string | undefined;

  function index(map: Map<string, Set<string>>, key: string, jobId: string): void {
    const known = map.get(key);
    if (known) known.add(jobId);
    else map.set(key, new Set([jobId]));
  }

  function put(record: JobRecord): void {
    jobs.set(record.jobId, record);
    order.delete(record.jobId);
    order.set(record.jobId, record.seq);
    if (isFinal(record.state)) open.delete(record.jobId);
    else open.add(record.jobId);
    if (record.impliedKey !== null) index(implied, record.impliedKey, record.jobId);
    if (record.step?.task) index(byTask, `${record.step.node}/${record.step.task.id}`, record.jobId);
  }

  function note(jobId: string, timestamp: string, event: string, details: JobEvent['details']): void {
    const history = events.get(jobId);
    if (history) history.push({ timestamp, event, details });
    else events.set(jobId, [{ timestamp, event, details }]);
  }

  function find(query: ReplayQuery): ReplayOutcome {
    if (query.given) {
      const known = keys.get(`${query.given.principalId}\n${query.given.key}`);
      const record = known && jobs.get(known.jobId);
      if (!record || !known) return { kind: 'none' };
      return known.bodyHash === query.given.bodyHash ? { kind: 'replayed', record } : { kind: 'key_reused', jobId: known.jobId };
    }
    let newest: JobRecord | undefined;
    for (const jobId of (query.implied !== null && implied.get(query.implied)) || []) {
      const record = jobs.get(jobId);
      if (!record) continue;
      const doubtful =
        (record.state === 'unknown' || record.state === 'not_observed') &&
        record.resolvedAt === null &&
        (record.completedAt ?? '') >= query.heldSince;
      if ((!isFinal(record.state) || doubtful) && (!newest || record.seq > newest.seq)) newest = record;
    }
    return newest ? { kind: 'replayed', record: newest } : { kind: 'none' };
  }

  function claim(jobId: string, wanted: readonly string[]): HeldTarget | undefined {
    for (const target of wanted) {
      const holder = targets.get(target);
      if (holder !== undefined && holder !== jobId) return { kind: 'held', target, jobId: holder };
    }
    for (const target of wanted) targets.set(target, jobId);
    return undefined;
  }

  function transition(change: Transition): ReturnType<JobStore['transition']> {
    const before = jobs.get(change.jobId);
    if (!before || (change.epoch !== null && before.epoch !== change.epoch) || (change.from !== null && before.state !== change.from))
      return Promise.resolve({ kind: 'lost' });
    const linked = change.link === undefined ? undefined : upids.get(change.link);
    const held = claim(change.jobId, change.claims ?? []);
    if (held) return Promise.resolve(held);
    if (change.link !== undefined) {
      if (linked !== undefined && linked !== change.jobId) return Promise.resolve({ kind: 'linked_elsewhere', jobId: linked });
      upids.set(change.link, change.jobId);
    }
    const record: JobRecord = { ...before, ...change.patch, state: change.to, seq: ++seq, updatedAt: change.timestamp };
    put(record);
    note(change.jobId, change.timestamp, change.event, change.details);
    if (change.lost) lost.push({ jobId: change.jobId, task: change.lost, at: change.timestamp });
    if (change.event.startsWith('resolved'))
      for (const one of lost.filter((entry) => entry.jobId === change.jobId)) lost.splice(lost.indexOf(one), 1);
    if (isFinal(change.to)) for (const [target, holder] of targets) if (holder === change.jobId) targets.delete(target);
    return Promise.resolve({ kind: 'moved', record });
  }

  function lives(owner: string | null, leaseMs: number): boolean {
    const until = owner === null ? 0 : (processes.get(owner) ?? 0);
    return until > nowMs() && until <= nowMs() + leaseMs * 4;
  }

  return {
    tables,
    accept(request) {
      const replay = find(request.replay);
      if (replay.kind !== 'none') return Promise.resolve(replay);
      const held = claim(request.record.jobId, request.claims);
      if (held) return Promise.resolve(held);
      const record = { ...request.record, seq: ++seq };
      put(record);
      note(record.jobId, record.createdAt, 'created', request.details);
      const { given } = request.replay;
      if (given)
        keys.set(`${given.principalId}\n${given.key}`, { bodyHash: given.bodyHash, jobId: record.jobId, createdAt: record.createdAt });
      if (record.owner !== null) processes.set(record.owner, nowMs() + request.leaseMs);
      return Promise.resolve({ kind: 'created', record });
    },
    findReplay: (query) => Promise.resolve(find(query)),
    transition,
    annotate(change) {
      const before = jobs.get(change.jobId);
      if (!before || isFinal(before.state) || (change.epoch !== null && before.epoch !== change.epoch)) return Promise.resolve(undefined);
      const record: JobRecord = { ...before, ...change.patch, seq: ++seq, updatedAt: change.timestamp };
      put(record);
      if (change.event) note(change.jobId, change.timestamp, change.event.name, change.event.details);
      return Promise.resolve(record);
    },
    note(jobId, { timestamp, event, details }) {
      note(jobId, timestamp, event, details);
      return Promise.resolve();
    },
    load: (jobId) => Promise.resolve(jobs.get(jobId)),
    events: (jobId) => Promise.resolve([...(events.get(jobId) ?? [])]),
    list(filter) {
      const sorted = [...jobs.values()]
        .filter((job) => !filter.states || filter.states.includes(job.state))
        .filter((job) => filter.cancelRequested === undefined || job.cancelRequested === filter.cancelRequested)
        .filter((job) => filter.operation === undefined || job.operation === filter.operation)
        .map((job) => ({ job, key: `${job.createdAt} ${job.jobId}` }))
        .filter(({ key }) => filter.cursor === undefined || key < filter.cursor)
        .sort((a, b) => (a.key < b.key ? 1 : -1));
      const page = sorted.slice(0, filter.limit);
      return Promise.resolve({
        records: page.map(({ job }) => job),
        nextCursor: sorted.length > page.length ? (page.at(-1)?.key ?? null) : null,
      });
    },
    open: () => Promise.resolve([...open].map((jobId) => jobs.get(jobId)).filter((job) => job !== undefined)),
    changesSince(cursor, limit) {
      const fresh: JobRecord[] = [];
      if (seq >= cursor.seq)
        for (const jobId of [...order.keys()].toReversed()) {
          const record = jobs.get(jobId);
          if (!record || record.seq < cursor.seq) break;
          if (record.seq > cursor.seq || record.jobId > cursor.jobId) fresh.push(record);
        }
      fresh.sort((a, b) => a.seq - b.seq || (a.jobId < b.jobId ? -1 : 1));
      const records = fresh.slice(0, limit);
      const last = records.at(-1);
      return Promise.resolve({ records, cursor: last ? { seq: last.seq, jobId: last.jobId } : cursor });
    },
    latestSeq: () => Promise.resolve(seq),
    bindToCluster: (clusterId) => Promise.resolve((cluster ??= clusterId)),
    linkedElsewhere: (wanted, jobId) => Promise.resolve(new Set(wanted.filter((upid) => (upids.get(upid) ?? jobId) !== jobId))),
    unresolved(task, jobId, since) {
      const found = lost
        .filter(
          (one) =>
            one.at >= since &&
            one.task.node === task.node &&
            one.task.id === task.id &&
            one.task.types.some((type) => task.types.includes(type)),
        )
        .map((one) => one.jobId);
      for (const id of byTask.get(`${task.node}/${task.id}`) ?? []) {
        const job = jobs.get(id);
        if (!job || id === jobId || job.step?.node !== task.node || job.step.task?.id !== task.id) continue;
        if ((job.state === 'sending' || job.state === 'in_doubt') && job.step.task.types.some((type) => task.types.includes(type)))
          found.push(id);
      }
      return Promise.resolve([...new Set(found)]);
    },
    heartbeat(processId, leaseMs) {
      processes.set(processId, nowMs() + leaseMs);
      return Promise.resolve();
    },
    takeOver({ processId, leaseMs, sends, sendingBecomes, limit, timestamp }) {
      const orphans = [...open]
        .map((jobId) => jobs.get(jobId))
        .filter((job) => job !== undefined && !lives(job.owner, leaseMs))
        .filter((job) => sends || job?.state !== 'ready' || job.phase !== LEFT_READY);
      if (orphans.length === 0) return Promise.resolve(0);
      processes.set(processId, nowMs() + leaseMs);
      seq += 1;
      for (const job of orphans.slice(0, limit)) {
        if (!job) continue;
        note(job.jobId, timestamp, job.state === 'sending' ? 'found_sending' : 'taken_over', { by: processId });
        put({
          ...job,
          owner: processId,
          epoch: job.epoch + 1,
          seq,
          updatedAt: timestamp,
          state: job.state === 'sending' ? sendingBecomes : job.state,
        });
      }
      return Promise.resolve(Math.min(limit, orphans.length));
    },
    lease(name, processId, leaseMs) {
      const held = leases.get(name);
      if (held && held.holder !== processId && held.until > nowMs() && held.until <= nowMs() + leaseMs * 4) return Promise.resolve(false);
      leases.set(name, { holder: processId, until: nowMs() + leaseMs });
      return Promise.resolve(true);
    },
    release(processId) {
      processes.delete(processId);
      for (const [name, lease] of leases) if (lease.holder === processId) leases.delete(name);
      return Promise.resolve();
    },
    setNodePhase(node, phase, timestamp) {
      seq += 1;
      for (const jobId of open) {
        const job = jobs.get(jobId);
        if (job?.state !== 'running' || job.node !== node) continue;
        if (phase === null ? job.phase !== 'node_unreachable' : job.phase === phase) continue;
        put({ ...job, phase, seq, updatedAt: timestamp });
      }
      return Promise.resolve();
    },
    prune({ completedBefore, keysBefore }) {
      let pruned = 0;
      for (const job of jobs.values()) {
        if (!isFinal(job.state) || (job.completedAt ?? '') >= completedBefore) continue;
        if ([...keys.values()].some((key) => key.jobId === job.jobId && key.createdAt >= keysBefore)) continue;
        jobs.delete(job.jobId);
        order.delete(job.jobId);
        events.delete(job.jobId);
        for (const [upid, jobId] of upids) if (jobId === job.jobId) upids.delete(upid);
        for (const [key, entry] of keys) if (entry.jobId === job.jobId) keys.delete(key);
        pruned += 1;
      }
      return Promise.resolve(pruned);
    },
    counts() {
      const counts = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as Record<JobState, number>;
      for (const { state } of jobs.values()) counts[state] += 1;
      return Promise.resolve(counts);
    },
    probe: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
