import { expect, test } from 'vitest';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import type { Job } from '../../src/jobs/job.ts';
import type { TaskStatus, Tasks, Work } from '../../src/jobs/ports.ts';
import { openSqliteStore } from '../../src/jobs/sqlite-store.ts';
import { UPID, aNewRecord } from './a-job.ts';

const never = (): Promise<never> => new Promise(() => undefined);

/** A store that notes what is asked of it once it is closed. */
async function aWatchedStore(): Promise<{ store: JobStore; late: string[] }> {
  const inner = await openSqliteStore(':memory:');
  const late: string[] = [];
  let closed = false;
  const store = new Proxy(inner, {
    get(target, name: keyof JobStore) {
      const method = target[name] as (...all: unknown[]) => unknown;
      return (...parameters: unknown[]) => {
        if (closed) late.push(name);
        if (name === 'close') closed = true;
        return method(...parameters);
      };
    },
  });
  return { store, late };
}

/** A server with one running job, whose task is being looked at until `answer` is called. */
async function aServerLooking(changes: { work?: Partial<Work>; closeWithinMs?: number } = {}) {
  const { store, late } = await aWatchedStore();
  await store.accept(aNewRecord({ state: 'running', node: 'pve1', upid: UPID, owner: null }));
  const faults: string[] = [];
  let answer = (_status: TaskStatus): void => undefined;
  const looked = Promise.withResolvers<void>();
  const work: Work = { plan: never, beforeSend: never, send: never, verify: never, ended: () => Promise.resolve(), ...changes.work };
  const tasks: Tasks = {
    tokenId: 'root@pam!mcp',
    clusterId: () => Promise.resolve('this cluster'),
    status: () => {
      looked.resolve();
      return new Promise((resolve) => (answer = resolve));
    },
    active: () => Promise.resolve([]),
    log: never,
    ofType: never,
    clusterLog: never,
    stop: never,
  };
  const jobs = createJobs({
    store,
    work,
    tasks,
    settings: { followEveryMs: 5, ...(changes.closeWithinMs === undefined ? {} : { closeWithinMs: changes.closeWithinMs }) },
    onFault: (fault, about) => faults.push(`${about}: ${String(fault)}`),
  });
  await looked.promise;
  return { jobs, late, faults, answer: (status: TaskStatus) => answer(status) };
}

test('a server that closes records what it is about to learn, and closes its store last', async () => {
  const ended: Job[] = [];
  const { jobs, late, faults, answer } = await aServerLooking({ work: { ended: async (job) => void ended.push(job) } });
  const closing = jobs.close();
  answer({ running: false, exitStatus: 'OK' });
  await closing;
  expect(ended).toMatchObject([{ state: 'succeeded' }]);
  expect(late).toEqual([]);
  expect(faults).toEqual([]);
});

test('a server that closes waits for the record of an end, which the audit log keeps', async () => {
  const written = Promise.withResolvers<void>();
  let recorded = false;
  const { jobs, answer } = await aServerLooking({
    work: { ended: () => (setTimeout(written.resolve, 50), written.promise.then(() => void (recorded = true))) },
  });
  const closing = jobs.close();
  answer({ running: false, exitStatus: 'OK' });
  await closing;
  expect(recorded).toBe(true);
});

test('a server does not wait for a node that does not answer, and what comes later is no fault', async () => {
  const { jobs, faults, answer } = await aServerLooking({ closeWithinMs: 20 });
  await jobs.close();
  answer({ running: false, exitStatus: 'OK' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(faults).toEqual([]);
});
