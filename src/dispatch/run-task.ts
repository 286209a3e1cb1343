import { randomUUID } from 'node:crypto';
import { OperationError, toOperationError, type Effect } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import { showJson } from '../domain/untrusted-text.ts';
import type { Job, JobError } from '../jobs/job.ts';
import type { Accepted, CallIdentity, Jobs } from '../jobs/jobs.ts';
import { withoutSecrets } from '../jobs/secret-fields.ts';
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
import type { Admission, WriteRequest } from './admit.ts';
import type { CallResult, EnteredCall } from './call.ts';
import type { RegisteredOperation, WriteArguments } from './registered-operation.ts';

interface TaskCall {
  readonly registered: RegisteredOperation;
  readonly operation: Task;
  readonly call: EnteredCall;
  readonly runner: Runner;
  readonly jobs: Jobs;
  readonly admission: Admission;
  /** The static token that came with the call. */
  readonly approvalToken: string | undefined;
  readonly dryRun: boolean;
  readonly waitSeconds: number;
  readonly reason: string | undefined;
}

/** A new id that others may take first is chosen again this often. */
const ID_CHOICES = 5;

/** Runs a write: settle, plan, decide, record as a job, wait as long as asked. Several targets are several jobs, side by side. */
export async function runTask(
  called: Omit<TaskCall, 'dryRun' | 'waitSeconds' | 'reason'> & { readonly input: Facts },
): Promise<CallResult> {
  const { wait_seconds, dry_run, reason, ...input } = called.input as Facts & WriteArguments;
  const task: TaskCall = { ...called, dryRun: dry_run, waitSeconds: wait_seconds, reason };
  const answer = (await answerEarlier(task, input)) ?? (await answerTargets(task, input));
  const text = input['format_style'] === 'json' ? showJson(answer) : textOfJobAnswer(answer);
  const jobIds = [answer.job_id, ...answer.targets.map((target) => target.job_id)].filter((id) => id !== null);
  return { output: answer, text, jobIds };
}

/** The same call made before answers its job: nothing is planned or sent again. */
async function answerEarlier(task: TaskCall, asked: Facts, part?: string): Promise<JobAnswer | undefined> {
  if (task.dryRun) return undefined;
  const job = await task.jobs.replay(identityOf(task, asked, part));
  return job && answerOfJob(await waitFor(task, job), true);
}

function identityOf({ operation, call }: TaskCall, asked: Facts, part?: string): CallIdentity {
  const key = call.idempotencyKey;
  return {
    operation: operation.name,
    principal: call.principal,
    input: asked,
    asked,
    secretFields: operation.secrets ?? [],
    idempotencyKey: key === undefined ? null : part === undefined ? key : `${key}#${part}`,
  };
}

async function answerTargets(task: TaskCall, asked: Facts): Promise<JobAnswer> {
  const taken: number[] = [];
  for (;;) {
    const targets = await task.runner.each(task.operation, { input: asked, taken });
    const [only] = targets;
    if (only === undefined || targets.length > 1) return answerOfSeveral(task.operation.summary(asked), await runSeveral(task, targets));
    try {
      return await runOne(task, asked, only);
    } catch (error) {
      const settled = settledId(asked, only);
      const isTaken = error instanceof OperationError && error.code === 'conflict' && error.effect === 'none';
      if (settled === undefined || !isTaken || taken.length + 1 >= ID_CHOICES) throw error;
      taken.push(settled);
    }
  }
}

/** The id that was chosen for the caller, who left it out. */
function settledId(asked: Facts, settled: Facts): number | undefined {
  const field = ['vmid', 'target_vmid'].find((name) => asked[name] === undefined && typeof settled[name] === 'number');
  return field === undefined ? undefined : Number(settled[field]);
}

async function runOne(
  task: TaskCall,
  asked: Facts,
  input: Facts,
  { part, of = 1 }: { part?: string; of?: number } = {},
): Promise<JobAnswer> {
  const { operation, call, runner, jobs, admission } = task;
  const jobId = randomUUID();
  const plan = await runner.plan(operation, { input, jobId, planned: null });
  const summary = operation.summary(input);
  if (plan.kind === 'unchanged') return answerOfUnchanged(summary, plan.message, plan.result);

  const wanted = writeRequest(task, { input, plan, jobId, summary, targetsOfCall: of });
  if (task.dryRun) {
    const { effect, code, reason, hint, rules } = await admission.judge(wanted);
    return answerOfDryRun(summary, plan, { effect, code, reason, ...(hint === undefined ? {} : { hint }), rules });
  }
  const approval = await admission.admit(wanted);
  let accepted: Accepted;
  try {
    accepted = await jobs.accept({
      ...identityOf(task, asked, part),
      jobId,
      input,
      repeat: operation.repeat,
      summary,
      requestId: call.requestId,
      metadata: plan.result,
      plan,
      approval,
    });
  } catch (error) {
    admission.release(jobId);
    throw error;
  }
  const { job, replayed } = accepted;
  if (replayed) admission.release(jobId);
  const reached = await waitFor(task, job);
  if (!replayed && reached.state === 'failed' && reached.error !== null) throw refusalOf(reached, reached.error);
  return answerOfJob(reached, replayed);
}

function writeRequest(
  { registered, operation, call, approvalToken, reason }: TaskCall,
  { input, ...planned }: Pick<WriteRequest, 'input' | 'plan' | 'jobId' | 'summary' | 'targetsOfCall'>,
): WriteRequest {
  const { principal, requestId, callId, canAskCaller = false } = call;
  return {
    ...planned,
    registered,
    input,
    stored: withoutSecrets(input, operation.secrets ?? []),
    principal,
    ownerId: principal.id,
    requestId,
    callId,
    canAskCaller,
    approvalToken,
    reason,
    attempt: 0,
  };
}

/** Proxmox (or the audit log) refused to begin: that is a failed call, with a job that says so. */
function refusalOf(job: Job, { code, message, hint, details }: JobError): OperationError {
  return new OperationError(code, message, { hint: hint ?? undefined, effect: job.effect, details: { ...details, job_id: job.jobId } });
}

function waitFor({ jobs, call, waitSeconds }: TaskCall, job: Job): Promise<Job> | Job {
  if (waitSeconds === 0) return job;
  return jobs.wait(job.jobId, {
    seconds: waitSeconds,
    ...(call.signal ? { signal: call.signal } : {}),
    ...(call.onProgress ? { onChange: call.onProgress } : {}),
  });
}

function runSeveral(
  task: TaskCall,
  targets: readonly Facts[],
): Promise<readonly { readonly target: TargetResult; readonly effect: Effect }[]> {
  return Promise.all(
    targets.map(async (input) => {
      const name = String(input['selector'] ?? task.operation.summary(input));
      try {
        const answer = (await answerEarlier(task, input, name)) ?? (await runOne(task, input, input, { part: name, of: targets.length }));
        const status = answer.status === 'unchanged' || answer.status === 'several' ? 'completed' : answer.status;
        const error = answer.status === 'failed' ? answer.message : null;
        return { target: { target: name, job_id: answer.job_id, status, task_id: answer.task_id, error }, effect: answer.effect };
      } catch (thrown) {
        const { message, effect } = toOperationError(thrown);
        return { target: { target: name, job_id: null, status: 'refused' as const, task_id: null, error: message }, effect };
      }
    }),
  );
}
