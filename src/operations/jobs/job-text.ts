import { showJson, showUntrusted } from '../../domain/untrusted-text.ts';
import type { CompactJobView, JobView } from '../../jobs/view.ts';
import { holdsOutput, linesOfResult } from '../result-lines.ts';

/** A job as lines that hold every fact of its view, the empty ones left out. */
export function textOfJob(job: JobView): string {
  return [
    lineOfJob(job),
    ...(job.upid === null ? [] : [`Task ID: ${job.upid}`]),
    `Job ID: ${job.job_id}`,
    `operation ${job.tool_name}, ${job.node === null ? '' : `node ${job.node}, `}effect ${job.effect}, sent ${job.attempts}x, retried ${job.retry_count}x, over ${job.surface}`,
    `created ${job.created_at}, updated ${job.updated_at}${job.completed_at === null ? '' : `, completed ${job.completed_at}`}`,
    ...(job.expires_at === null ? [] : [`expires ${job.expires_at}`]),
    ...job.warnings.map((warning) => `warning ${showUntrusted(warning)}`),
    ...job.previous_upids.map((upid) => `earlier task ${upid}`),
    ...fact('metadata', job.metadata),
    ...(job.result !== null && holdsOutput(job.result) ? linesOfResult(job.result) : fact('result', job.result)),
    ...fact('approval', job.approval),
    ...(job.retry_spec === null ? [] : fact('retry would run', job.retry_spec)),
    ...(job.audit_log_omitted === 0 ? [] : [`history: ${job.audit_log_omitted} older events not shown`]),
    ...job.audit_log.map(
      ({ timestamp, event, details }) => `${timestamp} ${event}${Object.keys(details).length === 0 ? '' : ` ${showJson(details)}`}`,
    ),
  ].join('\n');
}

/** `Start VM 101: running 40% (in_doubt)`. */
export function lineOfJob(job: CompactJobView): string {
  const progress = job.progress === null || job.status !== 'running' ? '' : ` ${job.progress}%`;
  const error = job.last_error === null ? '' : `: ${showUntrusted(job.last_error)}`;
  return `${job.summary}: ${job.status}${progress}${job.phase === null ? '' : ` (${job.phase})`}${error}`;
}

function fact(name: string, value: unknown): readonly string[] {
  if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) return [];
  return [`${name} ${showJson(value)}`];
}
