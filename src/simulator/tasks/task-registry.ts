import type { Cancel, Clock } from '../clock.ts';
import { printUpid, type UpidParts } from './upid.ts';

/**
 * What a worker does: a yielded text is a log line, a number lets that many seconds pass, a thrown Error is the task's
 * exit status. Being stopped throws `Interrupted` into the generator, whose `finally` drops locks.
 */
export type Work = Generator<string | number, void, void>;

/** Thrown into a worker that is told to stop. */
export class Interrupted extends Error {
  constructor() {
    super('received interrupt');
    this.name = 'Interrupted';
  }
}

/** Thrown by a worker that ends without a final line, as if it had been killed. */
export class Vanished extends Error {
  constructor() {
    super('unexpected status');
    this.name = 'Vanished';
  }
}

export interface Task extends UpidParts {
  readonly upid: string;
  readonly log: string[];
  running: boolean;
  endtime: number | undefined;
  exitstatus: string | undefined;
  /** In no list (its entry was never written), though its log and status exist. */
  unlisted: boolean;
}

/** What is wrong with the next tasks of a type: they fail, end without a final line, or warn. */
export interface TaskFlaw {
  kind: 'fail' | 'unexpected' | 'warn';
  message: string;
  count: number;
  hasEffect: boolean;
}

interface StartOptions {
  node: string;
  type: string;
  id: string;
  user: string;
  unlisted?: boolean;
}

export interface TaskRegistry {
  start(options: StartOptions, work: (task: Task) => Work): Task;
  /** Stops a running task; resolves when it has ended. */
  stop(task: Task): Promise<void>;
  /** Ends every running task of a node as a crash does: no final line, locks stay. */
  kill(node: string): void;
  find(upid: string): Task | undefined;
  /** Running tasks, newest first. */
  active(node: string): Task[];
  /** Finished tasks that are still listed, newest first. */
  archived(node: string): readonly Task[];
  /** Writes down a task that has ended already (a fact of the past). */
  record(task: Omit<Task, 'upid' | 'unlisted' | 'pid' | 'pstart'>): Task;
  /** Forgets finished tasks in the lists, as the rotating index does. */
  expire(): void;
  ended(task: Task): Promise<void>;
  all(): readonly Task[];
}

/** How many finished tasks a node lists. The real index rotates at 50 kB, which holds 1000 to 2000 entries. */
const ARCHIVE_LENGTH = 1500;
const FINISHED_LIMIT = 20_000;

export interface TaskWorld {
  readonly clock: Clock;
  flawOf(type: string): TaskFlaw | undefined;
  /** Called after every step of every worker. */
  changed(): void;
  logStart(task: Task): void;
  logEnd(task: Task): void;
}

const oneLine = (text: string): string => text.trimEnd().replace(/\n/g, ' ');

export function createTaskRegistry(world: TaskWorld): TaskRegistry {
  const { clock } = world;
  const tasks = new Map<string, Task>();
  const runningOn = new Map<string, Map<string, Task>>();
  const archiveOf = new Map<string, Task[]>();
  const steps = new Map<Task, { work: Work; cancel: Cancel | undefined; resume: () => void }>();
  const waiting = new Map<Task, Array<() => void>>();
  const bootedAt = clock.now() - 5 * 86_400;
  let nextPid = 1200;

  const runningTasks = (node: string): Map<string, Task> => {
    let map = runningOn.get(node);
    if (map === undefined) {
      map = new Map();
      runningOn.set(node, map);
    }
    return map;
  };
  const archive = (node: string): Task[] => {
    let list = archiveOf.get(node);
    if (list === undefined) {
      list = [];
      archiveOf.set(node, list);
    }
    return list;
  };

  const finish = (task: Task, exitstatus: string, finalLine: string | undefined): void => {
    if (finalLine !== undefined) task.log.push(finalLine);
    task.running = false;
    task.exitstatus = exitstatus;
    task.endtime = Math.floor(clock.now());
    steps.delete(task);
    runningTasks(task.node).delete(task.upid);
    if (!task.unlisted) {
      const list = archive(task.node);
      list.unshift(task);
      if (list.length > ARCHIVE_LENGTH) list.length = ARCHIVE_LENGTH;
    }
    for (const resolve of waiting.get(task) ?? []) resolve();
    waiting.delete(task);
    world.logEnd(task);
    world.changed();
    if (tasks.size > FINISHED_LIMIT)
      for (const [upid, old] of tasks) {
        if (!old.running) {
          tasks.delete(upid);
          break;
        }
      }
  };

  const succeed = (task: Task, flaw: TaskFlaw | undefined): void => {
    if (flaw?.kind === 'warn') for (let n = 1; n <= flaw.count; n++) task.log.push(`WARN: ${flaw.message}`);
    if (flaw?.kind === 'unexpected') return finish(task, 'unexpected status', undefined);
    const warnings = task.log.filter((line) => /^WARN(?:ING)?: /.test(line)).length;
    if (warnings > 0) finish(task, `WARNINGS: ${warnings}`, `TASK WARNINGS: ${warnings}`);
    else finish(task, 'OK', 'TASK OK');
  };

  const run = (task: Task, work: Work, flaw: TaskFlaw | undefined, interrupt = false): void => {
    try {
      let step = interrupt ? work.throw(new Interrupted()) : work.next();
      while (step.done !== true) {
        if (typeof step.value === 'string') task.log.push(...step.value.split('\n'));
        else {
          const resume = (): void => {
            if (task.running) run(task, work, flaw);
          };
          steps.set(task, { work, cancel: clock.at(step.value, resume), resume });
          world.changed();
          return;
        }
        step = work.next();
      }
      succeed(task, flaw);
    } catch (error) {
      if (error instanceof Vanished) return finish(task, 'unexpected status', undefined);
      const message = error instanceof Error ? error.message : String(error);
      finish(task, oneLine(message), `TASK ERROR: ${oneLine(message)}`);
    }
  };

  const flawed = (flaw: TaskFlaw | undefined, work: () => Work): Work => {
    if (flaw?.kind !== 'fail' && (flaw?.kind !== 'unexpected' || flaw.hasEffect)) return work();
    const { kind, message } = flaw;
    return (function* () {
      yield 1;
      if (kind === 'fail') throw new Error(message);
    })();
  };

  const create = (parts: UpidParts, unlisted: boolean): Task => {
    const task: Task = { ...parts, upid: printUpid(parts), log: [], running: true, endtime: undefined, exitstatus: undefined, unlisted };
    tasks.set(task.upid, task);
    return task;
  };

  const newProcess = (starttime: number): { pid: number; pstart: number } => {
    nextPid += 1 + (nextPid % 7);
    return { pid: nextPid, pstart: Math.max(1, Math.floor((starttime - bootedAt) * 100)) };
  };

  return {
    start({ node, type, id, user, unlisted }, work) {
      const starttime = Math.floor(clock.now());
      const task = create({ node, ...newProcess(clock.now()), starttime, type, id, user }, unlisted === true);
      const flaw = world.flawOf(type);
      runningTasks(node).set(task.upid, task);
      world.logStart(task);
      run(
        task,
        flawed(flaw, () => work(task)),
        flaw,
      );
      world.changed();
      return task;
    },
    async stop(task) {
      const step = steps.get(task);
      if (!task.running || step === undefined) return;
      step.cancel?.();
      run(task, step.work, undefined, true);
      await clock.hold(1);
      if (task.running) await this.ended(task);
    },
    kill(node) {
      for (const task of runningTasks(node).values()) {
        steps.get(task)?.cancel?.();
        finish(task, 'unexpected status', undefined);
      }
    },
    find: (upid) => tasks.get(upid),
    active: (node) => [...runningTasks(node).values()].filter((task) => !task.unlisted).toReversed(),
    archived: (node) => archive(node),
    record(fact) {
      const { log, running, endtime, exitstatus, ...parts } = fact;
      const task = create({ ...parts, ...newProcess(parts.starttime) }, false);
      task.log.push(...log);
      Object.assign(task, { running, endtime, exitstatus });
      const list = archive(task.node);
      list.push(task);
      list.sort((one, other) => (other.endtime ?? 0) - (one.endtime ?? 0));
      return task;
    },
    expire() {
      for (const list of archiveOf.values()) list.length = 0;
    },
    ended: (task) =>
      task.running
        ? new Promise((resolve) => {
            const list = waiting.get(task) ?? [];
            list.push(resolve);
            waiting.set(task, list);
          })
        : Promise.resolve(),
    all: () => [...tasks.values()],
  };
}
