import type { CallToolRequest, ServerContext } from '@modelcontextprotocol/server';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { CallResult } from '../dispatch/call.ts';
import type { Job } from '../jobs/job.ts';
import type { OperationName } from '../operations/catalog.ts';
import { createAskOperation } from './ask-operation.ts';
import { createCallTool, type Asking } from './call-tool.ts';
import type { ToolChoice } from './choose-operations.ts';
import { createCompletions } from './completions.ts';
import { CALL_OPERATION, createToolSearch } from './tool-search.ts';
import { instructionsFor } from './instructions.ts';
import { createJobTasks } from './job-tasks.ts';
import type { Caller } from './caller.ts';
import type { Offer, ToolAnswer } from './offer.ts';
import { createPrompts } from './prompts.ts';
import { createResources } from './resources.ts';
import { listTools } from './tool-list.ts';
import { outputLinks, toolResult } from './tool-result.ts';

export interface ProductOfferOptions {
  readonly dispatcher: Dispatcher;
  /** What is shown; other operations do not exist for clients. */
  readonly choice: ToolChoice;
  /** Calls the listener with each change of a job; returns the way to stop. */
  readonly subscribe: (listener: (job: Job) => void) => () => void;
  /** Undefined where nobody is asked at the client; jobs then wait for a decision that comes another way. */
  readonly asking?: Asking | undefined;
  /** How long a job can be asked for at least. */
  readonly taskTtlMs: number;
  /** Short, different in every process. */
  readonly processTag: string;
}

/** Tools of the job toolset that tool search lists beside its own. */
export const LISTED_JOB_TOOLS: readonly string[] = [
  'list_jobs',
  'get_job',
  'poll_job',
  'cancel_job',
  'retry_job',
] satisfies readonly OperationName[];

/** What the product shows its clients: the operations as tools, and what can be read through them. */
export function createProductOffer({ dispatcher, choice, subscribe, asking, taskTtlMs, processTag }: ProductOfferOptions): Offer {
  const { operations, mode } = choice;
  const byName = new Map(operations.map((registered) => [registered.operation.name, registered]));
  const ask = createAskOperation(dispatcher, asking !== undefined);
  const toolSearch = mode === 'search' ? createToolSearch({ operations, ask }) : undefined;
  const listed = toolSearch ? operations.filter(({ operation }) => LISTED_JOB_TOOLS.includes(operation.name)) : operations;
  const makesJob = (operation: string): boolean => byName.get(operation)?.operation.kind === 'task';
  // With tool search every job was made through call_operation, so its answer keeps that tool's shape.
  const present = (operation: string, result: CallResult): CallResult =>
    toolSearch && !LISTED_JOB_TOOLS.includes(operation) ? { ...result, output: { operation, output: result.output } } : result;
  const linksOf = byName.has('get_job_output') ? outputLinks : () => [];
  const tasks = createJobTasks({ ask, approvals: asking?.approvals, ttlMs: taskTtlMs, processTag, present, linksOf });
  const callTool = createCallTool({ ask, asking, tasks, makesJob, present, linksOf });

  return {
    instructions: instructionsFor(mode),
    tools: [...(toolSearch?.tools ?? []), ...listTools(listed)],
    async callTool({ name, arguments: args = {} }: CallToolRequest['params'], caller: Caller, context: ServerContext): Promise<ToolAnswer> {
      const seen = await toolSearch?.look(name, args, caller);
      if (seen) return toolResult(seen);
      if (!toolSearch || name !== CALL_OPERATION) return callTool({ tool: name, operation: name, args, caller, context });
      const meant = toolSearch.meantBy(args);
      try {
        return await callTool({ tool: name, ...meant, caller, context });
      } catch (error) {
        throw toolSearch.explain(error, meant);
      }
    },
    resources: createResources({ ask, operations, subscribe }),
    prompts: createPrompts(new Set(byName.keys()), mode),
    complete: createCompletions(ask, operations),
    tasks,
  };
}
