import type { CallToolResult, ResourceLink } from '@modelcontextprotocol/server';
import { dropOldest } from '../domain/drop-oldest.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { ApprovalQuestion } from '../dispatch/approvals.ts';
import type { CallResult } from '../dispatch/call.ts';
import { isOpen } from '../jobs/job-status.ts';
import { readFacts, type AskOperation } from './ask-operation.ts';
import { decisionOf, formOf, readAnswer, type AskableApprovals } from './ask-person.ts';
import type { Caller } from './caller.ts';
import type { CreatedTask, TaskOffer, TaskState } from './task.ts';
import { toolResult } from './tool-result.ts';

/** Jobs, seen as tasks: the task id is the job id, so both outlive the server. */
export interface JobTasks extends TaskOffer {
  /** What to answer in place of a result while a job goes on. @throws OperationError */
  created(jobId: string, caller: Caller): Promise<CreatedTask>;
}

export interface JobTasksOptions {
  readonly ask: AskOperation;
  readonly approvals?: AskableApprovals | undefined;
  /** How long a job can be asked for at least, from its beginning. */
  readonly ttlMs: number;
  /** Puts the answer of an operation into the shape of the tool that called it. */
  present(operation: string, result: CallResult): CallResult;
  /** What an answer leads to that is too long to tell. */
  linksOf(output: Facts): readonly ResourceLink[];
  /** Tells the questions of this process from those of earlier ones. */
  readonly processTag: string;
}

const POLL_INTERVAL_MS = 2000;
const MAX_ASKED = 10_000;
/** What a job may have ended as without having done what was asked. */
const ENDED_BADLY = new Set(['failed', 'rejected', 'unknown']);

export function createJobTasks({ ask, approvals, ttlMs, processTag, present, linksOf }: JobTasksOptions): JobTasks {
  /** How often a job's question was answered wrongly: each time it is asked under a new key. */
  const rounds = new Map<string, number>();
  const keyOf = (jobId: string): string => `approval-${processTag}-${rounds.get(jobId) ?? 0}`;

  async function jobNamed(jobId: string, caller: Caller): Promise<Facts | undefined> {
    try {
      return await readFacts(ask, caller, 'get_job', { job_id: jobId });
    } catch (error) {
      if (error instanceof OperationError && (error.code === 'not_found' || error.code === 'invalid_input')) return undefined;
      throw error;
    }
  }

  async function questionOf(job: Facts, caller: Caller): Promise<ApprovalQuestion | undefined> {
    if (job['status'] !== 'awaiting_approval' || !caller.abilities.form) return undefined;
    return (await approvals?.questionOf(String(job['job_id']), caller.principal)) ?? undefined;
  }

  async function stateOf(job: Facts, caller: Caller): Promise<TaskState> {
    const jobId = String(job['job_id']);
    const status = String(job['status']);
    const fields = {
      taskId: jobId,
      statusMessage: messageOf(job),
      createdAt: String(job['created_at']),
      lastUpdatedAt: String(job['updated_at']),
      ttlMs,
      ...(isOpen(status) ? { pollIntervalMs: POLL_INTERVAL_MS } : {}),
    };
    const question = await questionOf(job, caller);
    if (question) return { ...fields, status: 'input_required', inputRequests: { [keyOf(jobId)]: formOf(question) } };
    if (isOpen(status)) return { ...fields, status: 'working' };
    rounds.delete(jobId);
    if (status === 'cancelled') return { ...fields, status: 'cancelled' };
    const ended = await ask(caller, 'poll_job', { job_id: jobId });
    const result: CallToolResult & { resultType: 'complete' } = {
      resultType: 'complete',
      ...toolResult(present(String(job['tool_name']), ended), linksOf(ended.output)),
      isError: ENDED_BADLY.has(status),
    };
    return { ...fields, status: 'completed', result };
  }

  return {
    async get(taskId, caller) {
      const job = await jobNamed(taskId, caller);
      return job && stateOf(job, caller);
    },
    async update(taskId, answers, caller) {
      const job = await jobNamed(taskId, caller);
      if (!job) return undefined;
      const question = await questionOf(job, caller);
      const key = keyOf(taskId);
      if (!approvals || !question || !Object.hasOwn(answers, key)) return 'taken';
      const verdict = readAnswer(answers[key], question);
      rounds.set(taskId, (rounds.get(taskId) ?? 0) + 1);
      dropOldest(rounds, MAX_ASKED);
      if (verdict === 'approved' || verdict === 'refused') {
        await approvals.decide(taskId, caller.principal, decisionOf(verdict));
      }
      return 'taken';
    },
    async cancel(taskId, caller) {
      const job = await jobNamed(taskId, caller);
      if (!job) return undefined;
      if (!isOpen(job['status'])) return 'asked';
      try {
        await ask(caller, 'cancel_job', { job_id: taskId });
      } catch (error) {
        // It ended while it was asked to: there is nothing left to cancel.
        if (!(error instanceof OperationError) || error.code !== 'conflict') throw error;
      }
      return 'asked';
    },
    async created(jobId, caller) {
      const job = await jobNamed(jobId, caller);
      if (!job) throw new OperationError('internal', `The job ${jobId} was lost.`, { effect: 'unknown' });
      const { taskId, status, statusMessage = '', createdAt, lastUpdatedAt } = await stateOf(job, caller);
      return { resultType: 'task', taskId, status, statusMessage, createdAt, lastUpdatedAt, ttlMs, pollIntervalMs: POLL_INTERVAL_MS };
    },
  };
}

/** `Start VM 101: running 40% (node_unreachable)`. */
function messageOf(job: Facts): string {
  const progress = typeof job['progress'] === 'number' && job['status'] === 'running' ? ` ${job['progress']}%` : '';
  return `${String(job['summary'])}: ${String(job['status'])}${progress}${typeof job['phase'] === 'string' ? ` (${job['phase']})` : ''}`;
}
