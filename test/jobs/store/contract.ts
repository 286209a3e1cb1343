import { expect, test } from 'vitest';
import { JOB_STATES, LEFT_READY } from '../../../src/jobs/job.ts';
import type { JobStore, Transition } from '../../../src/jobs/job-store.ts';
import { UPID, aNewRecord, aRecord } from '../a-job.ts';

const AT = '2026-01-01T00:00:01.000Z';
const id = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function change(fields: Partial<Transition> = {}): Transition {
  return { jobId: id(1), epoch: 1, from: 'ready', event: 'sending', to: 'sending', patch: {}, details: {}, timestamp: AT, ...fields };
}

/** What every job store keeps to, whatever holds its data. `open` answers an empty store; `passTime` lets leases run out. */
export function storeContract(open: () => Promise<{ store: JobStore; passTime: (milliseconds: number) => Promise<void> }>): void {
  test('gives back a job exactly as it was recorded', async () => {
    const { store } = await open();
    const fields = aRecord({
      jobId: id(1),
      input: { vmid: 101, name: "O'Brien; ünïcode ☃" },
      result: { storage: 'local' },
      warnings: ['one', 'two'],
      progress: 42,
      approval: { question: 'really?' },
      hasSecrets: true,
      error: { code: 'conflict', message: 'no', hint: null, details: { a: 1 } },
      step: {
        number: 1,
        node: 'pve1',
        task: { types: ['qmstart'], id: '101' },
        repeat: 'convergent',
        again: false,
        sends: 1,
        description: { method: 'POST', path: '/x', params: {} },
      },
      baseline: [UPID],
    });
    const outcome = await store.accept(aNewRecord(fields));
    const loaded = await store.load(id(1));
    expect(outcome.kind).toBe('created');
    expect(loaded).toEqual({ ...fields, seq: loaded?.seq });
    expect(await store.load(id(2))).toBeUndefined();
  });

  test('is bound to the first cluster that asks, for ever', async () => {
    const { store } = await open();
    const [first, second] = await Promise.all([store.bindToCluster('one'), store.bindToCluster('two')]);
    expect(['one', 'two']).toContain(first);
    expect(second).toBe(first);
    expect(await store.bindToCluster('three')).toBe(first);
  });

  test('lets one job hold a target and names the holder to the next', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1) }));
    expect(await store.accept(aNewRecord({ jobId: id(2) }))).toEqual({ kind: 'held', target: 'guest/101', jobId: id(1) });
    expect(await store.load(id(2))).toBeUndefined();
  });

  test('frees the targets of a job with its final state', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1) }));
    await store.transition(change({ event: 'impossible', to: 'failed' }));
    expect((await store.accept(aNewRecord({ jobId: id(2) }))).kind).toBe('created');
  });

  test('changes a job only for whoever knows its epoch and state', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1) }));
    expect((await store.transition(change({ epoch: 2 }))).kind).toBe('lost');
    expect((await store.transition(change({ from: 'running' }))).kind).toBe('lost');
    expect((await store.transition(change({ jobId: id(9) }))).kind).toBe('lost');
    expect((await store.transition(change())).kind).toBe('moved');
    expect((await store.transition(change())).kind).toBe('lost');
    expect((await store.events(id(1))).map((event) => event.event)).toEqual(['created', 'sending']);
  });

  test('gives exactly one of many simultaneous changes its way', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1) }));
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.transition(change())));
    expect(outcomes.filter((outcome) => outcome.kind === 'moved')).toHaveLength(1);
  });

  test('writes nothing of a change whose target is held', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1), targets: ['guest/1'] }));
    await store.accept(aNewRecord({ jobId: id(2), targets: ['guest/2'] }));
    const outcome = await store.transition(change({ jobId: id(2), claims: ['guest/2', 'guest/3', 'guest/1'] }));
    expect(outcome).toEqual({ kind: 'held', target: 'guest/1', jobId: id(1) });
    expect((await store.load(id(2)))?.state).toBe('ready');
    expect((await store.accept(aNewRecord({ jobId: id(3), targets: ['guest/3'] }))).kind).toBe('created');
  });

  test('gives a task to one job for ever', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1), targets: [], state: 'sending' }));
    await store.accept(aNewRecord({ jobId: id(2), targets: [], state: 'in_doubt' }));
    expect((await store.transition(change({ from: 'sending', event: 'started', to: 'running', link: UPID }))).kind).toBe('moved');
    const second = await store.transition(change({ jobId: id(2), from: 'in_doubt', event: 'adopted', to: 'running', link: UPID }));
    expect(second).toEqual({ kind: 'linked_elsewhere', jobId: id(1) });
    expect([...(await store.linkedElsewhere([UPID, 'UPID:other'], id(2)))]).toEqual([UPID]);
    expect([...(await store.linkedElsewhere([UPID], id(1)))]).toEqual([]);
  });

  test('answers the same key with the same job and another body with its refusal', async () => {
    const { store } = await open();
    const given = { principalId: 'key:alice', key: 'k1', bodyHash: 'h1' };
    const replay = { given, implied: null, heldSince: AT };
    await store.accept(aNewRecord({ jobId: id(1) }, { replay }));
    await store.transition(change({ event: 'impossible', to: 'failed', patch: { completedAt: AT } }));
    expect(await store.accept(aNewRecord({ jobId: id(2) }, { replay }))).toMatchObject({ kind: 'replayed', record: { jobId: id(1) } });
    const other = { ...replay, given: { ...given, bodyHash: 'h2' } };
    expect(await store.findReplay(other)).toEqual({ kind: 'key_reused', jobId: id(1) });
    const stranger = { ...replay, given: { ...given, principalId: 'key:bob' } };
    expect(await store.findReplay(stranger)).toEqual({ kind: 'none' });
  });

  test('answers a repeated call while its job is open or ended in doubt', async () => {
    const { store } = await open();
    const replay = { given: null, implied: 'same', heldSince: '2025-12-31T00:00:00.000Z' };
    await store.accept(aNewRecord({ jobId: id(1), impliedKey: 'same' }, { replay }));
    expect((await store.findReplay(replay)).kind).toBe('replayed');
    await store.transition(change({ event: 'undecidable', to: 'unknown', patch: { completedAt: AT } }));
    expect((await store.findReplay(replay)).kind).toBe('replayed');
    expect((await store.findReplay({ ...replay, heldSince: '2026-01-02T00:00:00.000Z' })).kind).toBe('none');
    await store.transition(change({ from: 'unknown', event: 'resolved_failed', to: 'failed', patch: { resolvedAt: AT } }));
    expect((await store.findReplay(replay)).kind).toBe('none');
  });

  test('adds facts to open jobs only, and to the history when asked', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1) }));
    expect((await store.annotate({ jobId: id(1), epoch: 1, patch: { progress: 7 }, timestamp: AT }))?.progress).toBe(7);
    expect(await store.annotate({ jobId: id(1), epoch: 2, patch: { progress: 8 }, timestamp: AT })).toBeUndefined();
    const noted = await store.annotate({
      jobId: id(1),
      epoch: null,
      patch: { cancelRequested: true },
      timestamp: AT,
      event: { name: 'cancel_requested', details: { by: 'alice' } },
    });
    expect(noted).toMatchObject({ cancelRequested: true, progress: 7, state: 'ready' });
    expect(await store.events(id(1))).toMatchObject([{ event: 'created' }, { event: 'cancel_requested', details: { by: 'alice' } }]);
    await store.transition(change({ event: 'cancelled_before_send', to: 'cancelled' }));
    expect(await store.annotate({ jobId: id(1), epoch: 1, patch: { progress: 9 }, timestamp: AT })).toBeUndefined();
  });

  test('adds to the history of a finished job without changing it', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1), state: 'unknown' }));
    const before = await store.load(id(1));
    await store.note(id(1), { timestamp: AT, event: 'late_task_seen', details: { upid: UPID } });
    expect(await store.load(id(1))).toEqual(before);
    expect((await store.events(id(1))).at(-1)).toEqual({ timestamp: AT, event: 'late_task_seen', details: { upid: UPID } });
  });

  test('tells of changes in one order and of each once', async () => {
    const { store } = await open();
    const start = { seq: await store.latestSeq(), jobId: '\uffff' };
    for (let number = 1; number <= 5; number += 1) await store.accept(aNewRecord({ jobId: id(number), targets: [] }));
    await store.transition(change({ jobId: id(2) }));
    const first = await store.changesSince(start, 3);
    const second = await store.changesSince(first.cursor, 10);
    const seen = [...first.records, ...second.records];
    expect(seen.map((record) => record.jobId)).toEqual([id(1), id(3), id(4), id(5), id(2)]);
    expect(seen.map((record) => record.seq)).toEqual(seen.map((record) => record.seq).toSorted((a, b) => a - b));
    expect((await store.changesSince(second.cursor, 10)).records).toEqual([]);
  });

  test('pages changes that were made together', async () => {
    const { store } = await open();
    for (let number = 1; number <= 7; number += 1)
      await store.accept(aNewRecord({ jobId: id(number), targets: [], state: 'running', upid: `${UPID}${number}` }));
    let cursor = { seq: await store.latestSeq(), jobId: '\uffff' };
    await store.setNodePhase('pve1', 'node_unreachable', AT);
    const seen: string[] = [];
    for (;;) {
      const page = await store.changesSince(cursor, 3);
      if (page.records.length === 0) break;
      seen.push(...page.records.map((record) => record.jobId));
      cursor = page.cursor;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7].map(id));
  });

  test('shows and clears the phase of a node that does not answer', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1), targets: [], state: 'running' }));
    await store.accept(aNewRecord({ jobId: id(2), targets: [], state: 'running', phase: 'cancel_requested', node: 'pve2' }));
    await store.setNodePhase('pve1', 'node_unreachable', AT);
    expect((await store.load(id(1)))?.phase).toBe('node_unreachable');
    await store.setNodePhase('pve1', null, AT);
    await store.setNodePhase('pve2', null, AT);
    expect((await store.load(id(1)))?.phase).toBeNull();
    expect((await store.load(id(2)))?.phase).toBe('cancel_requested');
  });

  test('names jobs that may yet start a task of the same kind', async () => {
    const { store } = await open();
    const step = {
      number: 1,
      node: 'pve1',
      task: { types: ['qmreset'], id: '101' },
      repeat: 'non-repeatable',
      again: false,
      sends: 1,
      description: { method: 'POST', path: '', params: {} },
    } as const;
    const task = { node: 'pve1', id: '101', types: ['qmreset', 'other'] };
    for (const [number, state] of [
      [1, 'in_doubt'],
      [2, 'in_doubt'],
      [3, 'running'],
      [4, 'in_doubt'],
    ] as const)
      await store.accept(aNewRecord({ jobId: id(number), targets: [], state, step }));
    const giveUp = { from: 'in_doubt', event: 'undecidable', to: 'unknown', lost: task } as const;
    await store.transition(change({ ...giveUp, jobId: id(2) }));
    await store.transition(change({ ...giveUp, jobId: id(4) }));
    await store.transition(change({ jobId: id(4), from: 'unknown', event: 'resolved_failed', to: 'failed' }));
    expect([...(await store.unresolved(task, id(9), AT))].sort()).toEqual([id(1), id(2)]);
    expect(await store.unresolved(task, id(1), '2026-02-01T00:00:00.000Z')).toEqual([]);
    expect([...(await store.unresolved(task, id(2), AT))].sort()).toEqual([id(1), id(2)]);
    expect(await store.unresolved({ ...task, types: ['qmstop'] }, id(9), AT)).toEqual([]);
    expect(await store.unresolved({ ...task, node: 'pve2' }, id(9), AT)).toEqual([]);
  });

  test('gives jobs of a dead process, and no others, a new owner and epoch', async () => {
    const { store, passTime } = await open();
    await store.accept(aNewRecord({ jobId: id(1), targets: [], owner: 'dead', state: 'sending' }, { leaseMs: 1000 }));
    await store.accept(aNewRecord({ jobId: id(2), targets: [], owner: 'dead', state: 'running' }, { leaseMs: 1000 }));
    await store.accept(aNewRecord({ jobId: id(3), targets: [], owner: 'dead', state: 'failed' }, { leaseMs: 1000 }));
    await store.accept(aNewRecord({ jobId: id(4), targets: [], owner: 'alive', state: 'ready' }, { leaseMs: 60_000 }));
    const request = { processId: 'heir', leaseMs: 60_000, sends: true, sendingBecomes: 'in_doubt', limit: 100, timestamp: AT } as const;
    expect(await store.takeOver(request)).toBe(0);
    await passTime(1100);
    expect(await store.takeOver(request)).toBe(2);
    expect(await store.takeOver({ ...request, processId: 'late' })).toBe(0);
    expect(await store.load(id(1))).toMatchObject({ owner: 'heir', epoch: 2, state: 'in_doubt' });
    expect(await store.load(id(2))).toMatchObject({ owner: 'heir', epoch: 2, state: 'running' });
    expect(await store.load(id(4))).toMatchObject({ owner: 'alive', epoch: 1 });
    expect((await store.events(id(1))).map((event) => event.event)).toEqual(['created', 'found_sending']);
    expect((await store.transition(change({ from: 'sending', event: 'started', to: 'running' }))).kind).toBe('lost');
  });

  test('gives a process that does not send what another such process has left, unless it is ready', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1), targets: [], owner: null, state: 'ready', phase: LEFT_READY }));
    await store.accept(aNewRecord({ jobId: id(2), targets: [], owner: null, state: 'ready', phase: null }));
    await store.accept(aNewRecord({ jobId: id(3), targets: [], owner: null, state: 'ready', phase: 'waiting_for_lock' }));
    await store.accept(aNewRecord({ jobId: id(4), targets: [], owner: null, state: 'in_doubt', phase: LEFT_READY }));
    const request = { leaseMs: 60_000, sendingBecomes: 'in_doubt', limit: 100, timestamp: AT } as const;
    expect(await store.takeOver({ ...request, processId: 'reader', sends: false })).toBe(3);
    expect(await store.load(id(1))).toMatchObject({ owner: null, epoch: 1 });
    expect(await store.takeOver({ ...request, processId: 'writer', sends: true })).toBe(1);
    expect(await store.load(id(1))).toMatchObject({ owner: 'writer', epoch: 2 });
  });

  test('hands over at once what a process has let go', async () => {
    const { store } = await open();
    await store.accept(aNewRecord({ jobId: id(1), owner: 'first' }));
    await store.lease('follow/pve1', 'first', 60_000);
    await store.release('first');
    expect(
      await store.takeOver({ processId: 'second', leaseMs: 60_000, sends: true, sendingBecomes: 'in_doubt', limit: 1, timestamp: AT }),
    ).toBe(1);
    expect(await store.lease('follow/pve1', 'second', 60_000)).toBe(true);
  });

  test('gives a lease to one process until it runs out', async () => {
    const { store, passTime } = await open();
    expect(await store.lease('follow/pve1', 'a', 1000)).toBe(true);
    expect(await store.lease('follow/pve1', 'b', 1000)).toBe(false);
    expect(await store.lease('follow/pve2', 'b', 1000)).toBe(true);
    expect(await store.lease('follow/pve1', 'a', 1000)).toBe(true);
    await passTime(1100);
    expect(await store.lease('follow/pve1', 'b', 1000)).toBe(true);
    expect(await store.lease('follow/pve1', 'a', 1000)).toBe(false);
  });

  test('lists every job once over its pages, newest first, filtered as asked', async () => {
    const { store } = await open();
    for (let number = 1; number <= 9; number += 1)
      await store.accept(
        aNewRecord({
          jobId: id(number),
          targets: [],
          createdAt: `2026-01-01T00:00:0${Math.ceil(number / 3)}.000Z`,
          operation: number % 2 === 0 ? 'stop_vm' : 'start_vm',
          state: number > 6 ? 'succeeded' : 'ready',
        }),
      );
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await store.list({ limit: 4, ...(typeof cursor === 'string' ? { cursor } : {}) });
      seen.push(...page.records.map((record) => record.jobId));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1].map(id));
    const filtered = await store.list({ limit: 10, operation: 'stop_vm', states: ['ready'] });
    expect(filtered.records.map((record) => record.jobId)).toEqual([6, 4, 2].map(id));
    expect((await store.list({ limit: 10, cancelRequested: true })).records).toEqual([]);
  });

  test('counts the jobs of each state, and says 0 of the others', async () => {
    const { store } = await open();
    const none = Object.fromEntries(JOB_STATES.map((state) => [state, 0]));
    expect(await store.counts()).toEqual(none);
    let number = 0;
    for (const state of [...JOB_STATES, 'running'] as const)
      await store.accept(aNewRecord({ jobId: id((number += 1)), targets: [], state }));
    expect(await store.counts()).toEqual({ ...Object.fromEntries(JOB_STATES.map((state) => [state, 1])), running: 2 });
    expect((await store.open()).map((record) => record.state)).toEqual([
      'awaiting_approval',
      'ready',
      'sending',
      'in_doubt',
      'running',
      'verifying',
      'running',
    ]);
  });

  test('deletes old finished jobs with all that belongs to them, and keeps keys as long as promised', async () => {
    const { store } = await open();
    const given = (key: string) => ({ given: { principalId: 'p', key, bodyHash: 'h' }, implied: null, heldSince: AT });
    const old = { targets: [], state: 'failed', completedAt: '2026-01-01T00:00:00.000Z' } as const;
    await store.accept(aNewRecord({ jobId: id(1), ...old }, { replay: given('old') }));
    await store.accept(aNewRecord({ jobId: id(2), ...old, createdAt: '2026-01-03T00:00:00.000Z' }, { replay: given('new') }));
    await store.accept(aNewRecord({ jobId: id(3), targets: [], state: 'running' }));
    await store.accept(aNewRecord({ jobId: id(4), ...old, completedAt: '2026-01-05T00:00:00.000Z' }));
    expect(await store.prune({ completedBefore: '2026-01-02T00:00:00.000Z', keysBefore: '2026-01-02T00:00:00.000Z' })).toBe(1);
    expect(await store.load(id(1))).toBeUndefined();
    expect(await store.events(id(1))).toEqual([]);
    expect((await store.findReplay(given('old'))).kind).toBe('none');
    expect((await store.findReplay(given('new'))).kind).toBe('replayed');
    expect(await store.load(id(3))).toBeDefined();
    expect(await store.load(id(4))).toBeDefined();
  });
}
