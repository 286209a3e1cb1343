import { randomUUID } from 'node:crypto';
import type { CallToolResult, InputRequest } from '@modelcontextprotocol/server';
import type { CreatedTask, TaskOffer, TaskState } from '../../../src/mcp/task.ts';

type Ending = { readonly result: CallToolResult } | { readonly error: { readonly code: number; readonly message: string } };

interface Fixture {
  readonly createdAt: string;
  cancelled: boolean;
  ending: Ending | undefined;
  questions: Record<string, InputRequest>;
  answers: Record<string, unknown>;
}

/** Tasks in memory, for the tools that the suite calls. */
export interface FixtureTasks extends TaskOffer {
  /** A task that ends so after some milliseconds, or once every question is answered. */
  create(options: {
    afterMs?: number;
    questions?: Record<string, InputRequest>;
    end(answers: Record<string, unknown>): Ending;
  }): CreatedTask;
  close(): void;
}

export function createFixtureTasks(): FixtureTasks {
  const known = new Map<string, { fixture: Fixture; finish: () => void }>();
  const timers = new Set<NodeJS.Timeout>();

  const fieldsOf = (taskId: string, { createdAt }: Fixture) => ({
    taskId,
    createdAt,
    lastUpdatedAt: createdAt,
    ttlMs: 60_000,
    pollIntervalMs: 100,
  });
  const stateOf = (taskId: string, fixture: Fixture): TaskState => {
    const fields = fieldsOf(taskId, fixture);
    if (fixture.cancelled) return { ...fields, status: 'cancelled' };
    if (Object.keys(fixture.questions).length > 0) return { ...fields, status: 'input_required', inputRequests: fixture.questions };
    if (!fixture.ending) return { ...fields, status: 'working' };
    if ('error' in fixture.ending)
      return { ...fields, status: 'failed', statusMessage: fixture.ending.error.message, error: fixture.ending.error };
    return { ...fields, status: 'completed', result: { ...fixture.ending.result, resultType: 'complete' } };
  };

  return {
    create({ afterMs = 0, questions = {}, end }) {
      const taskId = randomUUID();
      const fixture: Fixture = {
        createdAt: new Date().toISOString(),
        cancelled: false,
        ending: undefined,
        questions: { ...questions },
        answers: {},
      };
      const finish = (): void => {
        if (!fixture.cancelled && Object.keys(fixture.questions).length === 0) fixture.ending = end(fixture.answers);
      };
      known.set(taskId, { fixture, finish });
      const timer = setTimeout(finish, afterMs);
      timers.add(timer);
      return { ...fieldsOf(taskId, fixture), resultType: 'task', status: 'working' };
    },
    get: async (taskId) => {
      const entry = known.get(taskId);
      return entry && stateOf(taskId, entry.fixture);
    },
    update: async (taskId, answers) => {
      const entry = known.get(taskId);
      if (!entry) return undefined;
      for (const [key, answer] of Object.entries(answers)) {
        if (!Object.hasOwn(entry.fixture.questions, key)) continue;
        delete entry.fixture.questions[key];
        entry.fixture.answers[key] = answer;
      }
      entry.finish();
      return 'taken';
    },
    cancel: async (taskId) => {
      const entry = known.get(taskId);
      if (!entry) return undefined;
      if (!entry.fixture.ending) {
        entry.fixture.cancelled = true;
        entry.fixture.questions = {};
      }
      return 'asked';
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
