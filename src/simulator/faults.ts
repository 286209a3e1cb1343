import { requestPattern, type RequestMatcher } from './http/pattern.ts';
import { logCluster, touch, type World } from './model/world.ts';

type Remove = () => void;
interface FaultOptions {
  /** How often it strikes; without limit by default. */ readonly times?: number;
}
interface CannedAnswer {
  readonly status: number;
  readonly reason?: string;
  readonly body?: string;
  readonly contentType?: string;
}
interface FlawOptions extends FaultOptions {
  /** Whether the work is done although the task ends badly (default true). */ readonly hasEffect?: boolean;
}

/** Things that go wrong. Each returns a function that takes it back; patterns look like `POST /nodes/*` + `/qemu`. */
export interface Faults {
  /** The connection is cut before the request is looked at: it is not executed. */
  dropBeforeDispatch(pattern: string, options?: FaultOptions): Remove;
  /** The request is executed, and the connection cut without an answer. */
  dropAfterDispatch(pattern: string, options?: FaultOptions): Remove;
  /** Never answers; the request is not executed. */
  hang(pattern: string, options?: FaultOptions): Remove;
  /** Executes and answers after a number of simulated seconds. */
  delay(pattern: string, seconds: number, options?: FaultOptions): Remove;
  /** Answers something else without executing the request, for example the error page of a proxy. */
  respond(pattern: string, answer: CannedAnswer, options?: FaultOptions): Remove;
  /** Executes, and cuts the connection in the middle of the body. */
  truncate(pattern: string, options?: FaultOptions): Remove;
  /** Executes, and answers `596 Connection timed out`, as after 30 silent seconds. */
  596(pattern: string, options?: FaultOptions): Remove;
  /** Executes the task, but answers that the list of tasks could not be locked; the task is in no list. */
  lockTimeout(pattern: string, options?: FaultOptions): Remove;
  /** Refuses to start a worker: nothing is executed. */
  noWorker(pattern: string, options?: FaultOptions): Remove;
  /** A node is out of reach; `crashed` also ends its tasks and guests. */
  loseNode(name: string, options?: { readonly crashed?: boolean }): Remove;
  restoreNode(name: string): void;
  loseQuorum(): Remove;
  /** Tasks of a type (`qmstart`, `vz*`) end with an error and without effect. */
  failTask(typePattern: string, message: string, options?: FaultOptions): Remove;
  /** Tasks of a type end without their final line. */
  unexpectedStatus(typePattern: string, options?: FlawOptions): Remove;
  /** Tasks of a type succeed with a number of warnings. */
  warnTask(typePattern: string, count: number, options?: FaultOptions): Remove;
  /** Finished tasks fall out of all lists. */
  expireTaskList(): void;
  clear(): void;
}

type RequestFaultKind =
  | 'dropBeforeDispatch'
  | 'dropAfterDispatch'
  | 'hang'
  | 'delay'
  | 'respond'
  | 'truncate'
  | '596'
  | 'lockTimeout'
  | 'noWorker';
export interface RequestFault {
  readonly kind: RequestFaultKind;
  readonly matches: RequestMatcher;
  times: number;
  readonly seconds: number;
  readonly answer: CannedAnswer | undefined;
  readonly removed: Promise<void>;
  readonly remove: Remove;
}

/** The faults that strike a request; each counts as one of its times. */
export interface RequestFaults {
  strike(method: string, path: string): RequestFault[];
}

export function createFaults(world: World): { faults: Faults; requestFaults: RequestFaults } {
  const active = new Set<RequestFault>();
  const restores = new Set<Remove>();

  const add = (
    kind: RequestFaultKind,
    pattern: string,
    options: FaultOptions = {},
    more: { seconds?: number; answer?: CannedAnswer } = {},
  ): Remove => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const fault: RequestFault = {
      kind,
      matches: requestPattern(pattern),
      times: options.times ?? Number.POSITIVE_INFINITY,
      seconds: more.seconds ?? 0,
      answer: more.answer,
      removed: promise,
      remove() {
        active.delete(fault);
        resolve();
      },
    };
    active.add(fault);
    return fault.remove;
  };

  const addFlaw = (
    kind: 'fail' | 'unexpected' | 'warn',
    pattern: string,
    message: string,
    count: number,
    options: FlawOptions = {},
  ): Remove => {
    const entry = {
      pattern,
      flaw: { kind, message, count, hasEffect: options.hasEffect ?? true },
      times: options.times ?? Number.POSITIVE_INFINITY,
    };
    world.flaws.add(entry);
    const remove = (): void => {
      world.flaws.delete(entry);
    };
    restores.add(remove);
    return remove;
  };

  const restoreNode = (name: string): void => {
    const node = world.nodes.get(name);
    if (node === undefined) throw new Error(`no such node '${name}'`);
    node.online = true;
    touch(world);
  };

  const faults: Faults = {
    dropBeforeDispatch: (pattern, options) => add('dropBeforeDispatch', pattern, options),
    dropAfterDispatch: (pattern, options) => add('dropAfterDispatch', pattern, options),
    hang: (pattern, options) => add('hang', pattern, options),
    delay: (pattern, seconds, options) => add('delay', pattern, options, { seconds }),
    respond: (pattern, answer, options) => add('respond', pattern, options, { answer }),
    truncate: (pattern, options) => add('truncate', pattern, options),
    596: (pattern, options) => add('596', pattern, options),
    lockTimeout: (pattern, options) => add('lockTimeout', pattern, options),
    noWorker: (pattern, options) => add('noWorker', pattern, options),
    loseNode(name, options) {
      const node = world.nodes.get(name);
      if (node === undefined) throw new Error(`no such node '${name}'`);
      node.online = false;
      if (options?.crashed === true) {
        world.tasks.kill(name);
        for (const guest of world.guests.values())
          if (guest.node === name) {
            guest.status = 'stopped';
            guest.qmpstatus = 'stopped';
          }
      }
      logCluster(world, {
        node: world.localNode,
        pid: 1041,
        pri: 3,
        tag: 'pmxcfs',
        user: 'root@pam',
        msg: `node ${name} left the membership`,
      });
      touch(world);
      const remove = (): void => {
        restoreNode(name);
        restores.delete(remove);
      };
      restores.add(remove);
      return remove;
    },
    restoreNode,
    loseQuorum() {
      world.hasQuorum = false;
      touch(world);
      const remove = (): void => {
        world.hasQuorum = true;
        touch(world);
        restores.delete(remove);
      };
      restores.add(remove);
      return remove;
    },
    failTask: (pattern, message, options) => addFlaw('fail', pattern, message, 0, options),
    unexpectedStatus: (pattern, options) => addFlaw('unexpected', pattern, '', 0, options),
    warnTask: (pattern, count, options) => addFlaw('warn', pattern, 'something is not quite right', count, options),
    expireTaskList() {
      world.tasks.expire();
      touch(world);
    },
    clear() {
      for (const fault of active) fault.remove();
      for (const restore of restores) restore();
      restores.clear();
    },
  };

  return {
    faults,
    requestFaults: {
      strike(method, path) {
        const struck = [...active].filter((fault) => fault.times > 0 && fault.matches(method, path));
        for (const fault of struck) fault.times--;
        return struck;
      },
    },
  };
}
