import { OperationError, toOperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { Job, JobError } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Task } from '../operations/define.ts';
import {
  answerOfDryRun,
  answerOfJob,
  answerOfSeveral,
  answerOfUnchanged,
  textOfJobAnswer,
  type JobAnswer,
  type TargetResult,
} from '../operations/job-answer.ts';
import type { Runner } from '../operations/runner.ts';
import { denied, type Authorize } from './authorize.ts';
import type { Call, CallResult } from './call.ts';
import type { RegisteredOperation, WriteArguments } from './registered-operation.ts';

interface TaskCall {
  readonly registered: RegisteredOperation;
  readonly operation: Task;
  readonly input: Facts;
  readonly call: Call;
  readonly runner: Runner;
  readonly jobs: Jobs;
  readonly authorize: Authorize;
}

/** Runs a write: plan, decide, record as a job, wait as long as asked. Several targets are several jobs, side by side. */
export async function runTask(task: TaskCall): Promise<CallResult> {
  const { wait_seconds, dry_run, ...input } = task.input as Facts & WriteArguments;
  const targets = await task.runner.each(task.operation, input);
  const [only] = targets;
  const answer =
    targets.length === 1 && only !== undefined
      ? await runOne(task, only, wait_seconds, dry_run)
      : answerOfSeveral(task.operation.summary(input), await runSeveral(task, targets, wait_seconds, dry_run));
  const text = input['format_style'] === 'json' ? JSON.stringify(answer) : textOfJobAnswer(answer);
  const jobIds = [answer.job_id, ...answer.targets.map((target) => target.job_id)].filter((id) => id !== null);
  return { output: answer, text, jobIds };
}

async function runOne(task: TaskCall, input: Facts, waitSeconds: number, dryRun: boolean): Promise<JobAnswer> {
  const { registered, operation, call, runner, jobs, authorize } = task;
  const identity = {
    operation: operation.name,
    principal: call.principal,
    input,
    secretFields: operation.secrets ?? [],
    idempotencyKey: call.idempotencyKey ?? null,
  };
  if (!dryRun) {
    const earlier = await jobs.replay(identity);
    if (earlier) return answerOfJob(await waitFor(jobs, earlier, waitSeconds, call), true);
  }

  const plan = await runner.plan(operation, input, null);
  const summary = operation.summary(input);
  if (plan.kind === 'unchanged') return answerOfUnchanged(summary, plan.message, plan.result);

  const verdict = await authorize({ registered, input, principal: call.principal, plan });
  if (dryRun) return answerOfDryRun(summary, plan, { ...verdict });
  if (verdict.effect === 'deny')
    throw new OperationError('denied', verdict.reason, { hint: verdict.hint, details: { policy: verdict.code } });

  const { job, replayed } = await jobs.accept({
    ...identity,
    repeat: operation.repeat,
    summary,
    requestId: call.requestId,
    metadata: plan.result,
    plan,
    approval: null,
  });
  const reached = await waitFor(jobs, job, waitSeconds, call);
  if (!replayed && reached.state === 'failed' && reached.error !== null) throw refusalOf(reached, reached.error);
  return answerOfJob(reached, replayed);
}

/** Proxmox (or the audit log) refused to begin: that is a failed call, with a job that says so. */
function refusalOf(job: Job, { code, message, hint, details }: JobError): OperationError {
  return new OperationError(code, message, { hint: hint ?? undefined, effect: job.effect, details: { ...details, job_id: job.jobId } });
}

function waitFor(jobs: Jobs, job: Job, seconds: number, call: Call): Promise<Job> | Job {
  if (seconds === 0) return job;
  return jobs.wait(job.jobId, {
    seconds,
    ...(call.signal ? { signal: call.signal } : {}),
    ...(call.onProgress ? { onChange: call.onProgress } : {}),
  });
}

function runSeveral(task: TaskCall, targets: readonly Facts[], waitSeconds: number, dryRun: boolean): Promise<readonly TargetResult[]> {
  return Promise.all(
    targets.map(async (input): Promise<TargetResult> => {
      const target = String(input['selector'] ?? task.operation.summary(input));
      try {
        const answer = await runOne(task, input, waitSeconds, dryRun);
        const status =
          answer.status === 'unchanged' || answer.status === 'dry_run' || answer.status === 'several' ? 'completed' : answer.status;
        return {
          target,
          job_id: answer.job_id,
          status,
          task_id: answer.task_id,
          error: answer.status === 'failed' ? answer.message : null,
        };
      } catch (thrown) {
        const error = toOperationError(thrown);
        return { target, job_id: null, status: 'refused', task_id: null, error: error.message };
      }
    }),
  );
}
