import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Caller } from './caller.ts';
import { TASKS_EXTENSION, type TaskOffer } from './task.ts';

const taskId = z.string().min(1).max(128);
const named = z.object({ taskId });
const answered = z.object({ taskId, inputResponses: z.record(z.string().max(128), z.unknown()).default({}) });

/** The error for a client that cannot follow tasks where only a task can be answered. */
export function tasksMissing(): MissingRequiredClientCapabilityError {
  return new MissingRequiredClientCapabilityError(
    { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
    `The request has to declare the client capability ${TASKS_EXTENSION}.`,
  );
}

/** Installs `tasks/get`, `tasks/update` and `tasks/cancel`. */
export function serveTasks(server: Server, tasks: TaskOffer, callerOf: (context: ServerContext) => Caller): void {
  const following = (context: ServerContext): Caller => {
    const caller = callerOf(context);
    if (!caller.abilities.tasks) throw tasksMissing();
    return caller;
  };
  server.setRequestHandler('tasks/get', { params: named }, async (params, context) => {
    const state = await tasks.get(params.taskId, following(context));
    if (!state) throw unknownTask(params.taskId);
    return { ...state, resultType: 'complete' };
  });
  server.setRequestHandler('tasks/update', { params: answered }, async (params, context) => {
    // The protocol layer takes `inputResponses` out of the params of every request and hands them over apart.
    const answers = context.mcpReq.inputResponses ?? params.inputResponses;
    if (!(await tasks.update(params.taskId, answers, following(context)))) throw unknownTask(params.taskId);
    return { resultType: 'complete' };
  });
  server.setRequestHandler('tasks/cancel', { params: named }, async (params, context) => {
    if (!(await tasks.cancel(params.taskId, following(context)))) throw unknownTask(params.taskId);
    return { resultType: 'complete' };
  });
}

function unknownTask(id: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no task ${JSON.stringify(id.slice(0, 80))}.`);
}
