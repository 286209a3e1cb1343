import type { Tool } from '@modelcontextprotocol/server';
import { OperationError, toOperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { CallResult } from '../dispatch/call.ts';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import type { AskOperation } from './ask-operation.ts';
import { argumentsWithin, withArgumentNames } from './called-operation.ts';
import { describeOperation } from './describe-operation.ts';
import { SEARCH_TOOLS } from './tool-search-tools.ts';
import type { Caller } from './caller.ts';
import { createRank } from './rank-operations.ts';

/** A few tools that lead to every operation, for clients whose context is small. */
export interface ToolSearch {
  readonly tools: readonly Tool[];
  /** What a call of `call_operation` means. @throws OperationError `not_found`, `invalid_input` */
  meantBy(args: Facts): { readonly operation: string; readonly args: unknown };
  /** What to throw in place of an error of such a call: the caller may not have read which arguments there are. */
  explain(error: unknown, meant: { readonly operation: string; readonly args: unknown }): unknown;
  /** Runs one of the tools that only look around. Undefined for any other tool. */
  look(tool: string, args: Facts, caller: Caller): Promise<CallResult> | CallResult | undefined;
}

/** The tool behind which all operations are. */
export const CALL_OPERATION = 'call_operation';

const FOUND_BY_DEFAULT = 5;
const MOST_FOUND = 20;

export function createToolSearch({ operations, ask }: { operations: readonly RegisteredOperation[]; ask: AskOperation }): ToolSearch {
  const byName = new Map(operations.map((registered) => [registered.operation.name, registered]));
  const rank = createRank(operations.map(({ operation }) => operation));

  const registeredNamed = (name: unknown): RegisteredOperation => {
    const registered = typeof name === 'string' ? byName.get(name) : undefined;
    if (registered) return registered;
    if (name === undefined) {
      throw new OperationError('invalid_input', 'operation is missing.', {
        hint: 'Give the name of an operation; search_operations finds it.',
      });
    }
    const near = typeof name === 'string' ? rank(name.replaceAll('_', ' '), 3).map(({ name: found }) => found) : [];
    throw new OperationError('not_found', `There is no operation ${JSON.stringify(String(name).slice(0, 80))}.`, {
      hint: near.length === 0 ? 'Find its name with search_operations.' : `Near it are ${near.join(', ')}.`,
      details: { operation: String(name).slice(0, 80) },
    });
  };

  const looks: Readonly<Record<string, (args: Facts, caller: Caller) => Promise<CallResult> | CallResult>> = {
    async overview(_args, caller) {
      const cluster = await clusterOf(ask, caller);
      const toolsets = [...new Set(operations.map(({ toolset }) => toolset))].map((toolset) => ({
        toolset,
        operations: operations.filter((registered) => registered.toolset === toolset).map(({ operation }) => operation.name),
      }));
      const lines = toolsets.map(({ toolset, operations: names }) => `${toolset}: ${names.join(' ')}`);
      return answer({ cluster: cluster.output, toolsets }, [cluster.text, ...lines].join('\n'));
    },
    search_operations({ wish, limit }) {
      const most = typeof limit === 'number' ? Math.min(Math.max(1, Math.floor(limit)), MOST_FOUND) : FOUND_BY_DEFAULT;
      if (typeof wish !== 'string' || wish.trim() === '') {
        throw new OperationError('invalid_input', 'wish has to say in words what is to be done.', {
          hint: 'For example: {"wish": "snapshot of a VM"}.',
        });
      }
      const found = rank(wish, most).map(({ name }) => {
        const { operation } = registeredNamed(name);
        return { operation: name, risk: operation.risk, description: operation.description };
      });
      const lines = found.map(({ operation, risk, description }) => `${operation} (${risk}): ${description}`);
      return answer({ operations: found }, lines.join('\n') || 'Nothing like it. overview lists every operation.');
    },
    describe_operation({ operation }) {
      const described = describeOperation(registeredNamed(operation));
      return answer(described, JSON.stringify(described));
    },
  };

  return {
    tools: SEARCH_TOOLS,
    meantBy: (args) => ({ operation: registeredNamed(args['operation']).operation.name, args: argumentsWithin(args) }),
    explain: (error, { operation, args }) => withArgumentNames(error, registeredNamed(operation), args),
    look: (tool, args, caller) => (Object.hasOwn(looks, tool) ? looks[tool]?.(args, caller) : undefined),
  };
}

function answer(output: Facts, text: string): CallResult {
  return { output, text, jobIds: [] };
}

/** How the cluster stands; that it cannot be reached is a fact like any other here. */
async function clusterOf(ask: AskOperation, caller: Caller): Promise<{ output: Facts | null; text: string }> {
  try {
    return await ask(caller, 'get_cluster_status', {});
  } catch (thrown) {
    return { output: null, text: `The cluster could not be asked: ${toOperationError(thrown).message}` };
  }
}
