import { OperationError } from '../domain/operation-error.ts';
import type { SendPlan } from '../domain/plan.ts';
import type { Job } from '../jobs/job.ts';
import type { Work } from '../jobs/ports.ts';
import type { ProxmoxApi } from '../proxmox/api.ts';
import type { Task } from './define.ts';
import type { Runner } from './runner.ts';
import { scrubAnswer } from './scrub-answer.ts';
import type { CommandWays } from './command-ways.ts';
import { createCommandSender } from './send-command.ts';
import { sendRequest } from './send-request.ts';

export interface WorkOptions extends Omit<CommandWays, 'api'> {
  readonly api: ProxmoxApi;
  readonly runner: Runner;
  /** Undefined for an operation that this version does not have. */
  taskNamed(name: string): Task | undefined;
  /** Audit: recorded before anything is sent; a throw keeps it from being sent. */
  beforeSend(job: Job, plan: SendPlan): Promise<void>;
  ended(job: Job): Promise<void>;
}

/** How jobs reach the operations and Proxmox: the implementation of their `Work` port. */
export function createWork({ api, runner, taskNamed, beforeSend, ended, ...ways }: WorkOptions): Work {
  const sendCommand = createCommandSender({ api, ...ways });
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
    async send({ job, input }, { step }, options) {
      const sent = await (step.kind === 'request' ? sendRequest(api, step, options) : sendCommand(job.jobId, step, options));
      const answer = scrubAnswer(sent, input, taskOf(job).secrets ?? []);
      if (answer.kind !== 'refused') return answer;
      const error = await runner.explain(taskOf(job), input, answer.error);
      return error instanceof OperationError ? { ...answer, error } : answer;
    },
  };
}
