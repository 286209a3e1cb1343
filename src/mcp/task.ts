import type { CallToolResult, InputRequest, Result } from '@modelcontextprotocol/server';
import type { Caller } from './caller.ts';

/** Name under which clients and servers declare that they know tasks. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

interface TaskFields {
  readonly taskId: string;
  readonly statusMessage?: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  /** How long from its creation the task can be asked for, at least. */
  readonly ttlMs: number | null;
  readonly pollIntervalMs?: number;
}

/** A task as `tasks/get` answers it. A tool that failed is `completed` with `isError`; `failed` is a fault of the protocol. */
export type TaskState = TaskFields &
  (
    | { readonly status: 'working' | 'cancelled' }
    | { readonly status: 'input_required'; readonly inputRequests: Readonly<Record<string, InputRequest>> }
    | { readonly status: 'completed'; readonly result: CallToolResult }
    | { readonly status: 'failed'; readonly error: { readonly code: number; readonly message: string } }
  );

/** What `tools/call` answers in place of a result. */
export type CreatedTask = Result & TaskFields & { readonly resultType: 'task'; readonly status: TaskState['status'] };

/** Tasks that can be asked for, answered and cancelled. Undefined stands for a task that does not exist. */
export interface TaskOffer {
  get(taskId: string, caller: Caller): Promise<TaskState | undefined>;
  /** Takes a person's answers; those to questions that nobody asked are ignored. */
  update(taskId: string, answers: Readonly<Record<string, unknown>>, caller: Caller): Promise<'taken' | undefined>;
  /** Asks for the end; a task that is over stays as it is. */
  cancel(taskId: string, caller: Caller): Promise<'asked' | undefined>;
}
