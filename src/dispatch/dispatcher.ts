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
import { createOffer, isFor } from './offer.ts';
import type { GuestTextReaders } from './guest-text-readers.ts';
import { readArguments } from './read-arguments.ts';
import { registerOperation, type RegisteredOperation } from './registered-operation.ts';
import { replanJob } from './replan-job.ts';
import { runTask } from './run-task.ts';

/** The one door: every call of every surface comes through here. */
export interface Dispatcher {
  /** Every operation, in the order of the catalogue. */
  readonly operations: readonly RegisteredOperation[];
  /** The operations of which policy could ever let a call of this principal pass, the same list for equal principals. */
  offeredTo(principal: Principal): readonly RegisteredOperation[];
  /** @throws OperationError */
  call(call: Call): Promise<CallResult>;
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
  const operations = Object.entries(catalog).flatMap(([toolset, members]) =>
    members.map((operation) => registerOperation(operation, toolset, active.hasTokens)),
  );
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

  async function answer(registered: RegisteredOperation, given: Facts, call: EnteredCall): Promise<CallResult> {
    const { operation } = registered;
    const { approval_token: token, ...input } = given;
    const approvalToken = typeof token === 'string' ? token : undefined;
    if (operation.kind === 'task') return runTask({ registered, operation, input, call, runner, jobs, admission, approvalToken });
    const { principal, requestId, callId } = call;
    const steered = operation.kind === 'control' && operation.risk !== 'read' ? await steeredBy(input) : undefined;
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

  /** Whether an answer carries text that guests or tenants wrote: an operation's own, or that of the job it shows. */
  async function showsGuestText({ operation }: RegisteredOperation, input: Facts, output: Facts): Promise<boolean> {
    if (operation.kind === 'task') return operation.showsGuestText === true;
    if (operation.kind === 'query') return operation.showsGuestText?.(output) === true;
    const shown = await steeredBy(input);
    const made = shown && byName.get(shown.operation)?.operation;
    return made?.kind === 'task' && made.showsGuestText === true;
  }

  return {
    operations,
    offeredTo: createOffer(operations, active),
    async call(call) {
      const registered = byName.get(call.operation);
      if (!registered) throw unknownOperation(call.operation);
      await admission.enter({ ...call, registered });
      if (!isFor(registered, call.principal)) throw forPeopleOnly(call.operation);
      const { input, ignored } = readArguments(registered, call.arguments);
      const result = await answer(registered, input, { ...call, callId: randomUUID() });
      if (await showsGuestText(registered, input, result.output)) readers.note(call.principal);
      return ignored.length === 0 ? result : withIgnored(result, ignored);
    },
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
