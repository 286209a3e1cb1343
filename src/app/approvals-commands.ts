import { showJson } from '../domain/untrusted-text.ts';
import { OperationError } from '../domain/operation-error.ts';
import { localPrincipal } from '../domain/principal.ts';
import { approvalOf, type ApprovalRequest } from '../dispatch/stored-approval.ts';
import type { Job } from '../jobs/job.ts';
import type { Argument, Command, Invocation } from '../cli/command.ts';
import { renderTable } from '../cli/render-table.ts';
import type { Product } from './compose.ts';
import { withProduct } from './with-product.ts';

const JOB: Argument = { name: 'job_id', summary: 'Id of the job that waits.', isRequired: true };
const REASON = { type: 'string', summary: 'Why; kept with the job and in the audit log.' } as const;
/** A server sends within seconds; where none runs, this process takes the job over. */
const WAIT_SECONDS = 30;

/** What waits for a person, and the person's answer. */
export const approvalsCommands: readonly Command[] = [
  {
    name: 'approvals list',
    summary: 'jobs that wait for an approval, newest first',
    async run(invocation) {
      const { terminal, flags } = invocation;
      const waiting = await withProduct(invocation, ({ approvals }) => approvals.waiting());
      const rows = waiting.map((job) => ({
        job_id: job.jobId,
        asked_by: approvalOf(job)?.asked_by ?? job.principalId,
        expires: job.expiresAt,
        summary: job.summary,
      }));
      if (flags['json'] === true) terminal.out(`${showJson(rows, 2)}\n`);
      else terminal.out(rows.length === 0 ? 'Nothing waits for an approval.\n' : `${renderTable(rows, terminal.columns)}\n`);
      return 0;
    },
  },
  {
    name: 'approvals show',
    summary: 'what a job wants to do, from facts that the server found out',
    arguments: [JOB],
    async run(invocation) {
      const { terminal, flags } = invocation;
      const { job, request } = await withProduct(invocation, (product) => askedJob(product, invocation));
      if (flags['json'] === true)
        terminal.out(`${showJson({ job_id: job.jobId, state: job.state, expires_at: job.expiresAt, ...request }, 2)}\n`);
      else
        terminal.out(
          `${request.question.join('\n')}\n${job.state === 'awaiting_approval' ? '' : `The job no longer waits: ${job.state}\n`}`,
        );
      return 0;
    },
  },
  {
    name: 'approvals approve',
    summary: 'let a job go on, once',
    details: 'Shows what the job wants to do, and asks for the name of what it does it to. In a pipe, give that name with --confirm.',
    arguments: [JOB],
    flags: { confirm: { type: 'string', summary: 'What you would be asked to type.' }, reason: REASON },
    run: (invocation) =>
      withProduct(invocation, async (product) => {
        const { terminal, flags } = invocation;
        const { job, request } = await askedJob(product, invocation);
        if (job.state === 'awaiting_approval') await confirmed(invocation, request);
        await product.approvals.decide(job.jobId, localPrincipal('cli'), {
          approve: true,
          reason: reasonOf(invocation),
          hash: request.hash,
        });
        const reached = await product.jobs.wait(job.jobId, { seconds: WAIT_SECONDS, signal: invocation.signal });
        if (flags['json'] === true)
          terminal.out(`${showJson({ job_id: reached.jobId, approved: true, state: reached.state, error: reached.lastError })}\n`);
        else
          terminal.out(`${reached.summary}: approved, now ${reached.state}${reached.lastError === null ? '' : `: ${reached.lastError}`}\n`);
        return 0;
      }),
  },
  {
    name: 'approvals deny',
    summary: 'refuse a job, for good',
    arguments: [JOB],
    flags: { reason: REASON },
    run: (invocation) =>
      withProduct(invocation, async (product) => {
        const { terminal, flags } = invocation;
        const { job } = await askedJob(product, invocation);
        const refused = await product.approvals.decide(job.jobId, localPrincipal('cli'), { approve: false, reason: reasonOf(invocation) });
        if (flags['json'] === true) terminal.out(`${showJson({ job_id: refused.jobId, approved: false, state: refused.state })}\n`);
        else terminal.out(`${refused.summary}: refused\n`);
        return 0;
      }),
  },
];

function reasonOf({ flags }: Invocation): string | null {
  return typeof flags['reason'] === 'string' ? flags['reason'].slice(0, 500) : null;
}

async function askedJob({ jobs }: Product, invocation: Invocation): Promise<{ job: Job; request: ApprovalRequest }> {
  const { job_id: jobId = '' } = invocation.arguments;
  const job = await jobs.get(jobId);
  const request = job && approvalOf(job);
  if (job && request) return { job, request };
  throw new OperationError('not_found', job ? `Job ${jobId} asks for no approval.` : `There is no job ${showJson(jobId.slice(0, 80))}.`, {
    hint: 'See proxmox-mcp-plus approvals list.',
  });
}

/** @throws OperationError `invalid_input` when what was typed is not what was asked for */
async function confirmed({ flags, terminal, signal }: Invocation, { question, confirm }: ApprovalRequest): Promise<void> {
  const given = flags['confirm'];
  let typed = typeof given === 'string' ? given : undefined;
  if (typed === undefined && terminal.isInteractive && process.stdin.isTTY) {
    terminal.err(`${question.join('\n')}\n`);
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      typed = await lines.question(`${confirm.label}, to approve: `, { signal });
    } finally {
      lines.close();
    }
  }
  if (typed?.trim() === confirm.expected) return;
  throw new OperationError(
    'invalid_input',
    typed === undefined ? 'The approval is not confirmed.' : 'That is not what the job is about; nothing was approved.',
    {
      hint: `Look at it with approvals show, then give its ${confirm.label.toLowerCase()} with --confirm.`,
    },
  );
}
