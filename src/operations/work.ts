import { OperationError } from '../domain/operation-error.ts';
import type { Mutation } from '../domain/mutation.ts';
import type { SendPlan } from '../domain/plan.ts';
import { isUpid } from '../domain/upid.ts';
import type { Job } from '../jobs/job.ts';
import type { Answer, SendOptions, Work } from '../jobs/ports.ts';
import { ApiError } from '../proxmox/api-error.ts';
import type { ProxmoxApi } from '../proxmox/api.ts';
import type { Task } from './define.ts';
import type { Runner } from './runner.ts';

export interface WorkOptions {
  readonly api: ProxmoxApi;
  readonly runner: Runner;
  /** Undefined for an operation that this version does not have. */
  taskNamed(name: string): Task | undefined;
  /** Audit: recorded before anything is sent; a throw keeps it from being sent. */
  beforeSend(job: Job, plan: SendPlan): Promise<void>;
  ended(job: Job): Promise<void>;
}

/** How jobs reach the operations and Proxmox: the implementation of their `Work` port. */
export function createWork({ api, runner, taskNamed, beforeSend, ended }: WorkOptions): Work {
  const taskOf = (job: Job): Task => {
    const task = taskNamed(job.operation);
    if (task) return task;
    throw new OperationError('internal', `This server has no operation ${job.operation}, so the job cannot go on here.`, {
      hint: 'Let a server of the version that accepted the job finish it.',
    });
  };
  return {
    plan: ({ job, input }) => runner.plan(taskOf(job), { input, jobId: job.jobId, planned: job.metadata }),
    verify: ({ job, input }) => runner.verify(taskOf(job), { input, jobId: job.jobId, planned: job.metadata }),
    beforeSend,
    ended,
    send: (_planned, { step }, options) => {
      if (step.kind === 'request') return sendRequest(api, step, options);
      throw new OperationError('internal', 'Commands in guests are not available in this server.');
    },
  };
}

/** Sends one request and says what its answer proves. */
async function sendRequest(api: ProxmoxApi, mutation: Mutation, { sendBefore }: SendOptions): Promise<Answer> {
  try {
    const { data } = await api.write(mutation, { sendBefore });
    if (isUpid(data)) return { kind: 'task', upid: data };
    if (mutation.task === null) return { kind: 'done', result: data === null ? {} : { answer: data } };
    if (data !== null && data === mutation.task.nothingToDo) {
      const error = new OperationError('conflict', `There was nothing to do on node ${mutation.node}: the guest is not there any more.`, {
        hint: 'It may have been migrated. Call again; leave node out.',
      });
      return { kind: 'refused', error, again: false };
    }
    return {
      kind: 'in_doubt',
      error: new OperationError('proxmox_failed', 'Proxmox VE answered without naming the task it started.', { effect: 'unknown' }),
    };
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    const { failure, error } = thrown;
    switch (failure) {
      case 'not_sent':
        return { kind: 'not_sent', error };
      case 'refused':
        return { kind: 'refused', error, again: false };
      case 'refused_again':
        return { kind: 'refused', error, again: true };
      case 'in_doubt':
        return { kind: 'in_doubt', error };
    }
  }
}
