import { z } from 'zod';
import { describeStep } from '../domain/mutation.ts';
import type { Effect } from '../domain/operation-error.ts';
import type { Facts, SendPlan } from '../domain/plan.ts';
import { showUntrusted } from '../domain/untrusted-text.ts';
import { JOB_STATUSES, type Job } from '../jobs/job.ts';
import { goesOn, statusOf } from '../jobs/job-status.ts';
import { linesOfResult } from './result-lines.ts';

/** What one target of a call with several targets came to. */
const targetResult = z.object({
  target: z.string(),
  job_id: z.string().nullable(),
  status: z.enum([...JOB_STATUSES, 'refused', 'dry_run']),
  task_id: z.string().nullable(),
  error: z.string().nullable(),
});

/** The one shape in which every write answers: accepted, finished, waiting, unchanged, tried dry, or several at once. */
export const jobAnswer = z.object({
  job_id: z.string().nullable().describe('Null when nothing had to be done, and with several targets.'),
  status: z.enum([...JOB_STATUSES, 'unchanged', 'dry_run', 'several']),
  summary: z.string(),
  message: z.string().nullable(),
  node: z.string().nullable(),
  task_id: z.string().nullable().describe('UPID of the task in Proxmox VE.'),
  progress: z.number().nullable().describe('Percent.'),
  phase: z.string().nullable(),
  effect: z.enum(['none', 'applied', 'unknown']),
  warnings: z.array(z.string()),
  result: z.record(z.string(), z.unknown()),
  replayed: z.boolean().describe('True when an earlier, equal call made this job.'),
  next: z
    .enum(['none', 'wait', 'approve', 'inspect'])
    .describe('wait: poll_job with wait_seconds. inspect: look at the guest before repeating.'),
  targets: z.array(targetResult),
});
export type JobAnswer = z.output<typeof jobAnswer>;
export type TargetResult = z.output<typeof targetResult>;

/** A job as the answer of the call that made it or asked for it. */
export function answerOfJob(job: Job, replayed = false): JobAnswer {
  const status = statusOf(job);
  return {
    job_id: job.jobId,
    status,
    summary: job.summary,
    message:
      status === 'awaiting_approval'
        ? `A person has to approve this${job.expiresAt === null ? '' : ` by ${job.expiresAt}`}; nothing was sent.`
        : job.lastError,
    node: job.node,
    task_id: job.upid,
    progress: job.progress,
    phase: job.phase,
    effect: job.effect,
    warnings: [...job.warnings],
    result: status === 'awaiting_approval' ? askedOf(job) : { ...job.result },
    replayed,
    next: nextOf(status),
    targets: [],
  };
}

/** What a person is asked, and where they can answer. The caller cannot. */
function askedOf({ jobId, approval }: Job): Facts {
  return {
    asked: approval?.['question'] ?? [],
    decided_by: [`proxmox-mcp-plus approvals show ${jobId}`, `POST /jobs/${jobId}/decision`],
  };
}

function nextOf(status: JobAnswer['status']): JobAnswer['next'] {
  if (goesOn(status)) return 'wait';
  if (status === 'awaiting_approval') return 'approve';
  return status === 'unknown' ? 'inspect' : 'none';
}

const NOTHING_SENT = {
  job_id: null,
  node: null,
  task_id: null,
  progress: null,
  phase: null,
  effect: 'none',
  warnings: [],
  replayed: false,
  next: 'none',
  targets: [],
} as const satisfies Partial<JobAnswer>;

/** There was nothing to do. */
export function answerOfUnchanged(summary: string, message: string, result: Facts): JobAnswer {
  return { ...NOTHING_SENT, warnings: [], targets: [], status: 'unchanged', summary, message, result: { changed: false, ...result } };
}

/** What would be sent, and that nothing was. */
export function answerOfDryRun(summary: string, plan: SendPlan, decision: Facts): JobAnswer {
  return {
    ...NOTHING_SENT,
    warnings: [],
    targets: [],
    status: 'dry_run',
    summary,
    message: 'Nothing was sent.',
    node: plan.step.node,
    result: { would_send: describeStep(plan.step), then_plan_again: plan.again, holds: [...plan.step.targets], decision, ...plan.result },
  };
}

/** Several targets, each with its own outcome. */
export function answerOfSeveral(summary: string, ended: readonly { readonly target: TargetResult; readonly effect: Effect }[]): JobAnswer {
  const targets = ended.map(({ target }) => target);
  const had = (effect: Effect): boolean => ended.some((one) => one.effect === effect);
  return {
    ...NOTHING_SENT,
    warnings: [],
    targets,
    status: 'several',
    summary,
    message: null,
    effect: had('unknown') ? 'unknown' : had('applied') ? 'applied' : 'none',
    result: {},
    next: targets.some((target) => goesOn(target.status))
      ? 'wait'
      : targets.some((target) => target.status === 'awaiting_approval')
        ? 'approve'
        : targets.some((target) => target.status === 'unknown')
          ? 'inspect'
          : 'none',
  };
}

/** The answer as lines. `Task ID:` and `Job ID:` are what scripts of the predecessor look for. */
export function textOfJobAnswer(answer: JobAnswer): string {
  const progress = answer.progress === null || answer.status !== 'running' ? '' : ` ${Math.round(answer.progress)}%`;
  const said =
    answer.message === null
      ? ''
      : `: ${answer.status === 'unchanged' || answer.status === 'dry_run' || answer.status === 'awaiting_approval' ? answer.message : showUntrusted(answer.message)}`;
  return [
    `${answer.summary}: ${answer.status}${progress}${answer.phase === null ? '' : ` (${answer.phase})`}${answer.job_id === null ? '' : `, effect ${answer.effect}`}${said}`,
    ...(answer.task_id === null ? [] : [`Task ID: ${answer.task_id}`]),
    ...(answer.job_id === null ? [] : [`Job ID: ${answer.job_id}`]),
    ...(answer.replayed ? ['An earlier, equal call made this job; nothing was sent again.'] : []),
    ...(answer.effect === 'unknown' && answer.next !== 'wait' ? ['It is not known whether it took effect: look before repeating it.'] : []),
    ...answer.warnings.map((warning) => `Warning: ${showUntrusted(warning)}`),
    ...linesOfResult(answer.result),
    ...answer.targets.flatMap((target) => [
      `${target.target}: ${target.status}${target.error === null ? '' : `: ${showUntrusted(target.error)}`}`,
      ...(target.task_id === null ? [] : [`Task ID: ${target.task_id}`]),
      ...(target.job_id === null ? [] : [`Job ID: ${target.job_id}`]),
    ]),
    ...(answer.next === 'wait'
      ? ['Next: poll_job with wait_seconds']
      : answer.next === 'approve'
        ? ['Next: a person has to approve it']
        : []),
  ].join('\n');
}
