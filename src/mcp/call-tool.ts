import type { ResourceLink, ServerContext } from '@modelcontextprotocol/server';
import type { CallResult } from '../dispatch/call.ts';
import type { Facts } from '../domain/plan.ts';
import { isOpen } from '../jobs/job-status.ts';
import type { AskOperation } from './ask-operation.ts';
import { decisionOf, type AskableApprovals, type AskPerson, type PersonsAnswer } from './ask-person.ts';
import type { JobTasks } from './job-tasks.ts';
import type { Caller } from './caller.ts';
import type { ToolAnswer } from './offer.ts';
import { toolResult } from './tool-result.ts';

/** People who can be asked, and the way to ask them. */
export interface Asking {
  readonly approvals: AskableApprovals;
  readonly askPerson: AskPerson;
}

export interface ToolCall {
  readonly tool: string;
  /** The operation behind it, and its arguments. */
  readonly operation: string;
  readonly args: unknown;
  readonly caller: Caller;
  readonly context: ServerContext;
}

export interface CallToolOptions {
  readonly ask: AskOperation;
  readonly asking?: Asking | undefined;
  readonly tasks: JobTasks;
  /** True for operations that make a job: only they may be answered with a task. */
  makesJob(operation: string): boolean;
  /** Puts the answer of an operation into the shape of the tool that called it. */
  present(operation: string, result: CallResult): CallResult;
  /** What an answer leads to that is too long to tell. */
  linksOf(output: Facts): readonly ResourceLink[];
}

/** Runs a tool's operation and answers in what the client can take: a result, a question to its person, or a task. */
export function createCallTool({
  ask,
  asking,
  tasks,
  makesJob,
  present,
  linksOf,
}: CallToolOptions): (call: ToolCall) => Promise<ToolAnswer> {
  /** The job as it stands, in the shape in which the call that made it answers. */
  async function answerOfJob(call: ToolCall, jobId: string): Promise<ToolAnswer> {
    const wait = (call.args as Facts | undefined)?.['wait_seconds'];
    return answerWith(call, await ask(call.caller, 'poll_job', { job_id: jobId, wait_seconds: typeof wait === 'number' ? wait : 0 }));
  }

  async function follow({ approvals, askPerson }: Asking, answer: PersonsAnswer, call: ToolCall): Promise<ToolAnswer> {
    if (answer.kind === 'mistyped') {
      const again = await askPerson.ask(call.caller, call.context, call.tool, answer.jobId, answer.round + 1);
      if (again) return again;
    } else if (answer.kind === 'approved' || answer.kind === 'refused') {
      await approvals.decide(answer.jobId, call.caller.principal, decisionOf(answer.kind));
    }
    return answerOfJob(call, answer.jobId);
  }

  async function answerWith({ operation, caller }: ToolCall, result: CallResult): Promise<ToolAnswer> {
    const { job_id: jobId, status } = result.output;
    if (isOpen(status) && caller.abilities.tasks && typeof jobId === 'string' && makesJob(operation)) return tasks.created(jobId, caller);
    return toolResult(present(operation, result), caller.abilities.links ? linksOf(result.output) : []);
  }

  return async (call) => {
    const answer = await asking?.askPerson.answerIn(call.caller, call.tool);
    if (asking && answer) return follow(asking, answer, call);
    const result = await ask(call.caller, call.operation, call.args);
    const { job_id: jobId, status } = result.output;
    if (
      asking &&
      status === 'awaiting_approval' &&
      typeof jobId === 'string' &&
      (makesJob(call.operation) || call.operation === 'retry_job')
    ) {
      const question = await asking.askPerson.ask(call.caller, call.context, call.tool, jobId);
      if (question) return question;
    }
    return answerWith(call, result);
  };
}
