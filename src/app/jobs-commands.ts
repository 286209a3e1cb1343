import type { Argument, Command, Invocation } from '../cli/command.ts';
import { WAIT_FLAG, waitSecondsIn } from '../cli/operation-flags.ts';
import { readInputFile } from '../cli/read-input-file.ts';
import { runCall } from '../cli/run-call.ts';
import { JOB_STATUSES } from '../jobs/job.ts';
import { withProduct } from './with-product.ts';

const JOB: Argument = { name: 'job_id', summary: 'Id of the job.', isRequired: true };

/** Jobs from the command line: the operations of the jobs toolset under shorter names. */
export const jobsCommands: readonly Command[] = [
  {
    name: 'jobs list',
    summary: 'jobs, newest first',
    flags: {
      status: { type: 'string', choices: JOB_STATUSES, summary: 'Only jobs that stand so.' },
      operation: { type: 'string', summary: 'Only jobs of this operation.' },
      limit: { type: 'integer', summary: 'Jobs per page, 1 to 500; 20 by default.' },
      cursor: { type: 'string', summary: 'Next page: the cursor that the last one ended with.' },
    },
    run(invocation) {
      const { status, operation, limit = 20, cursor } = invocation.flags;
      return steer(invocation, 'list_jobs', { status: status ?? null, tool_name: operation ?? null, limit, cursor: cursor ?? null });
    },
  },
  {
    name: 'jobs show',
    summary: 'one job with its history',
    arguments: [JOB],
    flags: { refresh: { type: 'boolean', summary: 'Ask Proxmox VE first.' } },
    run: (invocation) => steer(invocation, 'get_job', { ...invocation.arguments, refresh: invocation.flags['refresh'] === true }),
  },
  {
    name: 'jobs wait',
    summary: 'wait for the end of a job, with a progress bar',
    arguments: [JOB],
    flags: WAIT_FLAG,
    run: (invocation) => steer(invocation, 'poll_job', invocation.arguments, waitSecondsIn(invocation.flags)),
  },
  {
    name: 'jobs cancel',
    summary: 'ask Proxmox VE to stop the task of a job, and wait for its end',
    arguments: [JOB],
    flags: WAIT_FLAG,
    run: (invocation) => steer(invocation, 'cancel_job', invocation.arguments, waitSecondsIn(invocation.flags)),
  },
  {
    name: 'jobs retry',
    summary: 'run a job that ended without success once more, and wait for its end',
    arguments: [JOB],
    flags: {
      secrets: {
        type: 'string',
        placeholder: 'FILE',
        summary: 'JSON file with the secret arguments, which are never stored; - for standard input.',
      },
      'approval-token': { type: 'string', summary: 'Static approval token, where one is configured.' },
      ...WAIT_FLAG,
    },
    async run(invocation) {
      const { secrets, 'approval-token': token } = invocation.flags;
      const given = {
        ...(typeof secrets === 'string' ? { secrets: await readInputFile(secrets) } : {}),
        ...(token === undefined ? {} : { approval_token: token }),
      };
      return steer(invocation, 'retry_job', { ...invocation.arguments, ...given }, waitSecondsIn(invocation.flags));
    },
  },
  {
    name: 'jobs resolve',
    summary: 'record how a job of status unknown really ended',
    arguments: [JOB],
    flags: {
      outcome: { type: 'string', choices: ['succeeded', 'failed'], isRequired: true, summary: 'What was found.' },
      reason: { type: 'string', isRequired: true, summary: 'How it was found out.' },
    },
    run: (invocation) =>
      steer(invocation, 'resolve_job', {
        ...invocation.arguments,
        outcome: invocation.flags['outcome'],
        reason: invocation.flags['reason'],
      }),
  },
];

function steer(invocation: Invocation, operation: string, input: Readonly<Record<string, unknown>>, waitSeconds?: number): Promise<number> {
  const { terminal, signal, flags } = invocation;
  return withProduct(invocation, ({ dispatcher }) =>
    runCall({ dispatcher, operation, input, terminal, signal, isJson: flags['json'] === true, waitSeconds }),
  );
}
