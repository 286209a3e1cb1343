import { z } from 'zod';
import { SURFACES } from '../domain/principal.ts';
import { JOB_STATUSES } from './job.ts';
import type { Job, JobEvent } from './job.ts';
import { statusOf } from './job-status.ts';

/** Events of its history that a job shows; older ones are counted. */
const EVENTS_SHOWN = 50;

const facts = z.record(z.string(), z.unknown());

const auditEvent = z.object({
  timestamp: z.string().describe('When it was recorded, ISO 8601 in UTC.'),
  event: z.string().describe('What happened, e.g. created, sending, started, task_ok.'),
  details: facts.describe('Facts that belong to it.'),
});

const compactFields = {
  job_id: z.string().describe('Stable id of the job, over retries too.'),
  tool_name: z.string().describe('Operation that made the job.'),
  summary: z.string().describe('What the job does, in one line.'),
  node: z.string().nullable().describe('Node that does the work.'),
  upid: z.string().nullable().describe('Task of Proxmox that runs or ran for the present attempt.'),
  status: z.enum(JOB_STATUSES).describe('Where the job stands. unknown: it cannot be told whether it happened.'),
  phase: z
    .string()
    .nullable()
    .describe('Finer than status, e.g. in_doubt, node_unreachable, verifying_end, not_observed, server_read_only.'),
  progress: z.number().int().min(0).max(100).nullable().describe('Percent; null when Proxmox does not say.'),
  effect: z.enum(['none', 'applied', 'unknown']).describe('Whether anything was changed in the cluster.'),
  attempts: z.number().int().describe('Times the request was handed to Proxmox.'),
  retry_count: z.number().int().describe('Times somebody retried the job.'),
  last_error: z.string().nullable().describe('Why it failed, or what is known when it is in doubt.'),
  warnings: z.array(z.string()).describe('Warnings that Proxmox gave with a success.'),
  created_at: z.string().describe('ISO 8601, UTC.'),
  updated_at: z.string().describe('ISO 8601, UTC.'),
  completed_at: z.string().nullable().describe('ISO 8601, UTC; null while the job is under way.'),
  expires_at: z.string().nullable().describe('Until when an approval may be given.'),
  result: facts.nullable().describe('Facts about what was done.'),
  metadata: facts.describe('Facts about the request, e.g. vmid.'),
  previous_upids: z.array(z.string()).describe('Tasks of earlier attempts and steps, oldest first.'),
  approval: facts.nullable().describe('What a person is or was asked, and the answer.'),
};

/** A job in a list: everything but its history and its recipe. */
export const compactJobView = z.object(compactFields).meta({ id: 'JobSummary' });
export type CompactJobView = z.infer<typeof compactJobView>;

/** A job as every surface shows it. */
export const jobView = z
  .object({
    ...compactFields,
    audit_log: z.array(auditEvent).describe('The newest events of its history, oldest first.'),
    audit_log_omitted: z.number().int().describe('Older events that are not shown.'),
    retry_spec: z
      .object({
        operation: z.string().describe('Operation that a retry runs.'),
        input: facts.describe('Its input, without secrets.'),
        needs_secrets: z.boolean().describe('True when a retry must give secret fields again.'),
      })
      .nullable()
      .describe('What a retry would do.'),
    surface: z.enum(SURFACES).describe('Where the call came in.'),
  })
  .meta({ id: 'Job' });
export type JobView = z.infer<typeof jobView>;

const PHASES: Readonly<Partial<Record<Job['state'], string>>> = {
  ready: 'waiting_to_send',
  sending: 'sending',
  in_doubt: 'in_doubt',
  verifying: 'verifying_end',
  not_observed: 'not_observed',
  expired: 'expired',
};

const LONG_TEXT = 1000;

/** Lists leave out what a command printed; the job itself tells it. */
function withoutLongTexts(result: NonNullable<Job['result']>): NonNullable<Job['result']> {
  return Object.fromEntries(
    Object.entries(result).map(([name, value]) => [
      name,
      typeof value === 'string' && value.length > LONG_TEXT ? `<${value.length} characters, see get_job>` : value,
    ]),
  );
}

/** The compact form for lists. */
export function viewJobCompact(job: Job): CompactJobView {
  return {
    job_id: job.jobId,
    tool_name: job.operation,
    summary: job.summary,
    node: job.node,
    upid: job.upid,
    status: statusOf(job),
    phase: job.phase ?? PHASES[job.state] ?? null,
    progress: job.progress,
    effect: job.effect,
    attempts: job.attempts,
    retry_count: job.retryCount,
    last_error: job.lastError,
    warnings: [...job.warnings],
    created_at: job.createdAt,
    updated_at: job.updatedAt,
    completed_at: job.completedAt,
    expires_at: job.expiresAt,
    result: job.result && withoutLongTexts(job.result),
    metadata: job.metadata,
    previous_upids: [...job.previousUpids],
    approval: job.approval,
  };
}

/** The whole job with the newest of its history. */
export function viewJob(job: Job, events: readonly JobEvent[]): JobView {
  const shown = events.slice(-EVENTS_SHOWN);
  return {
    ...viewJobCompact(job),
    result: job.result,
    audit_log: shown.map(({ timestamp, event, details }) => ({ timestamp, event, details: { ...details } })),
    audit_log_omitted: events.length - shown.length,
    retry_spec: { operation: job.operation, input: job.input, needs_secrets: job.hasSecrets },
    surface: job.surface,
  };
}
