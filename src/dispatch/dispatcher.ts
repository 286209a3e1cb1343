import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { ControlContext, Operation } from '../operations/define.ts';
import type { Runner } from '../operations/runner.ts';
import { denied, type Authorize } from './authorize.ts';
import type { Call, CallResult } from './call.ts';
import { readArguments } from './read-arguments.ts';
import { registerOperation, type RegisteredOperation } from './registered-operation.ts';
import { runTask } from './run-task.ts';

/** The one door: every call of every surface comes through here. */
export interface Dispatcher {
  /** Every operation, in the order of the catalogue. */
  readonly operations: readonly RegisteredOperation[];
  /** @throws OperationError */
  call(call: Call): Promise<CallResult>;
}

export interface DispatcherOptions {
  readonly catalog: Readonly<Record<string, readonly Operation[]>>;
  readonly runner: Runner;
  readonly jobs: Jobs;
  readonly authorize: Authorize;
}

export function createDispatcher({ catalog, runner, jobs, authorize }: DispatcherOptions): Dispatcher {
  const operations = Object.entries(catalog).flatMap(([toolset, members]) =>
    members.map((operation) => registerOperation(operation, toolset)),
  );
  const byName = new Map(operations.map((registered) => [registered.operation.name, registered]));

  function controlContext(input: Facts, { principal, signal, onProgress }: Call): ControlContext<Facts> {
    return {
      input,
      jobs,
      principal,
      signal: signal ?? new AbortController().signal,
      onProgress: onProgress ?? (() => undefined),
      async replan(job, secrets) {
        const registered = byName.get(job.operation);
        if (registered?.operation.kind !== 'task') throw notRetryable(job.operation);
        const plan = await runner.plan(registered.operation, {
          input: { ...job.input, ...secrets },
          jobId: job.jobId,
          planned: job.metadata,
        });
        if (plan.kind === 'unchanged') throw new OperationError('conflict', `There is nothing left to do: ${plan.message}`);
        const verdict = await authorize({ registered, input: job.input, principal, plan });
        if (verdict.effect === 'deny') throw denied(verdict);
        return plan;
      },
    };
  }

  async function answer(registered: RegisteredOperation, input: Facts, call: Call): Promise<CallResult> {
    const { operation } = registered;
    if (operation.kind === 'task') return runTask({ registered, operation, input, call, runner, jobs, authorize });
    const verdict = await authorize({ registered, input, principal: call.principal, plan: null });
    if (verdict.effect !== 'allow')
      throw new OperationError('denied', verdict.reason, { hint: verdict.hint, details: { policy: verdict.code } });
    const output = operation.kind === 'query' ? await runner.query(operation, input) : await operation.run(controlContext(input, call));
    return { output, text: textOf(operation.text(output, input), output, input), jobIds: [] };
  }

  return {
    operations,
    async call(call) {
      const registered = byName.get(call.operation);
      if (!registered) throw unknownOperation(call.operation);
      const { input, ignored } = readArguments(registered, call.arguments);
      const result = await answer(registered, input, call);
      return ignored.length === 0 ? result : withIgnored(result, ignored);
    },
  };
}

function textOf(text: string, output: Facts, input: Facts): string {
  return input['format_style'] === 'json' ? JSON.stringify(output) : text;
}

function withIgnored(result: CallResult, ignored: readonly string[]): CallResult {
  const names = ignored.slice(0, 20).map((name) => name.slice(0, 60));
  return {
    ...result,
    output: { ...result.output, ignored_arguments: names },
    text: `${result.text}\nIgnored arguments that this operation does not have: ${names.map((name) => JSON.stringify(name)).join(', ')}`,
  };
}

function notRetryable(name: string): OperationError {
  return new OperationError('conflict', `A job of ${name} cannot be run again by this server.`, { hint: 'Make a new call instead.' });
}

function unknownOperation(name: string): OperationError {
  return new OperationError('not_found', `There is no operation ${JSON.stringify(name.slice(0, 80))}.`, { hint: 'See the list of tools.' });
}
