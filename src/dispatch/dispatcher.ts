import { randomUUID } from 'node:crypto';
import { showJson } from '../domain/untrusted-text.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { Principal } from '../domain/principal.ts';
import type { Job } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { KeptOutputs } from '../jobs/kept-outputs.ts';
import type { ControlContext, Operation } from '../operations/define.ts';
import type { Runner } from '../operations/runner.ts';
import type { Admission } from './admit.ts';
import type { ActivePolicy } from './active-policy.ts';
import type { Call, CallResult, EnteredCall } from './call.ts';
import { answerCarries, errorCarries, jobCarries, type ShownJob } from './guest-text.ts';
import { createOffer, isFor } from './offer.ts';
import type { GuestTextReaders } from './guest-text-readers.ts';
import { readArguments, type ReadArguments } from './read-arguments.ts';
import { registerCatalog, type RegisteredOperation } from './registered-operation.ts';
import { replanJob } from './replan-job.ts';
import { runTask } from './run-task.ts';

/** The one way in: every call of every surface comes through here. */
export interface Dispatcher {
  /** Every operation, in the order of the catalogue. */
  readonly operations: readonly RegisteredOperation[];
  /** The operations of which policy could ever let a call of this principal pass, the same list for equal principals. */
  offeredTo(principal: Principal): readonly RegisteredOperation[];
  /** @throws OperationError */
  call(call: Call): Promise<CallResult>;
  /** Notes that a principal is shown jobs beside a call, as in a stream of changes. */
  showed(principal: Principal, jobs: readonly ShownJob[]): void;
  /** Decides about a read as `call` does, and leaves the reading to a surface that shows it in another shape. @throws OperationError */
  admitRead(call: Call): Promise<void>;
}

export interface DispatcherOptions {
  readonly catalog: Readonly<Record<string, readonly Operation[]>>;
  readonly runner: Runner;
  readonly jobs: Jobs;
  readonly outputs: Pick<KeptOutputs, 'read'>;
  readonly active: ActivePolicy;
  readonly admission: Admission;
  readonly readers: Pick<GuestTextReaders, 'note'>;
}

export function createDispatcher({ catalog, runner, jobs, outputs, active, admission, readers }: DispatcherOptions): Dispatcher {
  const operations = registerCatalog(catalog, active.hasTokens);
  const byName = new Map(operations.map((registered) => [registered.operation.name, registered]));

  function controlContext(input: Facts, call: EnteredCall, approvalToken: string | undefined): ControlContext<Facts> {
    const { principal, signal, onProgress } = call;
    return {
      input,
      jobs,
      outputs,
      principal,
      signal: signal ?? new AbortController().signal,
      onProgress: onProgress ?? (() => undefined),
      replan: (job, secrets) => replanJob({ registered: byName.get(job.operation), job, secrets, call, runner, admission, approvalToken }),
    };
  }

  /** Checks the arguments of a call that may come in. @throws OperationError */
  async function enter(call: Call): Promise<{ registered: RegisteredOperation; entered: EnteredCall } & ReadArguments> {
    const { operation, principal, requestId } = call;
    const registered = byName.get(operation);
    if (!registered) throw unknownOperation(operation);
    await admission.enter({ registered, principal, requestId });
    if (!isFor(registered, principal)) throw forPeopleOnly(operation);
    const read = readArguments(registered, call.arguments);
    await admission.enter({ registered, principal, requestId, input: read.input });
    return { registered, entered: { ...call, callId: randomUUID() }, ...read };
  }

  /** Asks policy about what sends nothing itself. @throws OperationError `denied` */
  async function pass(
    registered: RegisteredOperation,
    input: Facts,
    { principal, requestId, callId }: EnteredCall,
    approvalToken: string | undefined,
  ): Promise<void> {
    const { kind, risk } = registered.operation;
    const steered = kind === 'control' && risk !== 'read' ? await steeredBy(input) : undefined;
    await admission.pass({
      registered,
      input,
      principal,
      plan: null,
      steered,
      requestId,
      callId,
      targetsOfCall: 1,
      canAskCaller: false,
      approvalToken,
    });
  }

  async function answer(registered: RegisteredOperation, given: Facts, call: EnteredCall): Promise<CallResult> {
    const { operation } = registered;
    const { approval_token: token, ...input } = given;
    const approvalToken = typeof token === 'string' ? token : undefined;
    if (operation.kind === 'task') return runTask({ registered, operation, input, call, runner, jobs, admission, approvalToken });
    await pass(registered, input, call, approvalToken);
    const output =
      operation.kind === 'query' ? await runner.query(operation, input) : await operation.run(controlContext(input, call, approvalToken));
    return {
      output,
      // Written when a surface shows it; programs over HTTP do not.
      get text() {
        return input['format_style'] === 'json' ? showJson(output) : operation.text(output, input);
      },
      jobIds: [],
    };
  }

  async function steeredBy({ job_id: jobId }: Facts): Promise<Job | undefined> {
    return typeof jobId === 'string' ? jobs.get(jobId) : undefined;
  }

  /** Notes whose text an answer carries: an operation's own, or that of the jobs it shows. */
  async function noteAnswer(principal: Principal, { operation }: RegisteredOperation, input: Facts, output: Facts): Promise<void> {
    if (operation.kind !== 'control') {
      if (answerCarries(operation, output)) readers.note(principal);
      return;
    }
    const job = await steeredBy(input);
    const named = job ? [{ tool_name: job.operation, result: job.result, last_error: job.lastError }] : [];
    noteJobs(principal, [...named, ...(operation.jobsShown?.(output) ?? [])]);
  }

  function noteJobs(principal: Principal, jobs: readonly ShownJob[]): void {
    if (jobs.some((job) => jobCarries(byName.get(job.tool_name)?.operation, job))) readers.note(principal);
  }

  return {
    operations,
    offeredTo: createOffer(operations, active),
    async call(call) {
      const { registered, entered, input, ignored } = await enter(call);
      try {
        const result = await answer(registered, input, entered);
        await noteAnswer(call.principal, registered, input, result.output);
        return ignored.length === 0 ? result : withIgnored(result, ignored);
      } catch (error) {
        if (error instanceof OperationError && errorCarries(registered.operation, error)) readers.note(call.principal);
        throw error;
      }
    },
    async admitRead(call) {
      const { registered, entered, input } = await enter(call);
      await pass(registered, input, entered, undefined);
    },
    showed: noteJobs,
  };
}

function withIgnored(result: CallResult, ignored: readonly string[]): CallResult {
  const names = ignored.slice(0, 20).map((name) => name.slice(0, 60));
  return {
    ...result,
    output: { ...result.output, ignored_arguments: names },
    text: `${result.text}\nIgnored arguments that this operation does not have: ${names.map((name) => showJson(name)).join(', ')}`,
  };
}

function forPeopleOnly(name: string): OperationError {
  return new OperationError('denied', `${name} is a person's word, and not taken from a model's client.`, {
    hint: 'A person can say it at the terminal (proxmox-mcp-plus jobs resolve), or over HTTP with the scope approve.',
    details: { policy: 'OP_POLICY_SCOPE' },
  });
}

function unknownOperation(name: string): OperationError {
  return new OperationError('not_found', `There is no operation ${JSON.stringify(name.slice(0, 80))}.`, { hint: 'See the list of tools.' });
}
