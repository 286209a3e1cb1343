import { checkParameters, type RawValue } from './check-parameters.ts';
import { parameterFailure } from './failure.ts';
import { Parameters } from './parameters.ts';
import { apiSchema, type EndpointSchema } from './schema.ts';
import { requireAnyPrivilege, requirePrivileges } from '../access/permission-check.ts';
import type { World } from '../model/world.ts';
import type { Task, Work } from '../tasks/task-registry.ts';

/** Rows with the number of all rows there are. */
export class Page {
  readonly rows: readonly unknown[];
  readonly total: number | undefined;

  constructor(rows: readonly unknown[], total: number | undefined) {
    this.rows = rows;
    this.total = total;
  }
}

/** An answer that is plain text and no JSON. */
export class PlainText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An answer whose JSON is known already. */
export class SerializedJson {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

/** What a handler knows of the call it answers. */
export interface Call {
  readonly world: World;
  /** The caller: `user@realm` or `user@realm!token`. Empty where no credential is needed. */
  readonly identity: string;
  readonly parameters: Parameters;
  /** The node that answers (parameter `node`, `localhost` resolved). */
  readonly node: string;
  has(path: string, privilege: string): boolean;
  hasAny(path: string, privileges: readonly string[]): boolean;
  /** @throws ApiFailure 403 */
  require(path: string, ...privileges: string[]): void;
  /** @throws ApiFailure 403 */
  requireAny(path: string, privileges: readonly string[]): void;
  /** Starts a worker and answers its UPID. @throws ApiFailure 500 when a fault keeps it from starting */
  worker(type: string, id: string | number, work: (task: Task) => Work): string;
  /** As `worker`, and gives the task. */
  startTask(type: string, id: string | number, work: (task: Task) => Work): Task;
  /** Whether the caller is root@pam itself; a token of root is not. */
  readonly isRoot: boolean;
}

/** One method of one path, as Proxmox declares it: parameters and permissions are those of the API schema. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly handler: (call: Call) => unknown;
}

export const schemaOf = (endpoint: Endpoint): EndpointSchema => {
  const schema = apiSchema.paths[endpoint.path]?.[endpoint.method];
  if (schema === undefined) throw new Error(`${endpoint.method} ${endpoint.path} is not in the API schema`);
  return schema;
};

/** The faults that reach into a call. */
export interface CallFaults {
  readonly noWorker: boolean;
  readonly lockTimeout: boolean;
}

/** Prepares a call whose permissions are checked: converts its parameters and ties it to the world. */
export function createCall(
  world: World,
  identity: string,
  schema: EndpointSchema,
  raw: Readonly<Record<string, RawValue>>,
  node: string,
  faults: CallFaults,
  failWith: (text: string) => Error,
): Call {
  const parameters = new Parameters(checkParameters(raw, schema.parameters ?? {}));
  const isRoot = identity === 'root@pam';
  if (parameters.flag('skiplock') && !isRoot) throw parameterFailure({ skiplock: 'Only root may use this option.' });
  const startTask = (type: string, id: string | number, work: (task: Task) => Work): Task => {
    if (faults.noWorker) throw failWith('got no worker upid - start worker failed');
    const task = world.tasks.start({ node, type, id: String(id), user: identity, unlisted: faults.lockTimeout }, work);
    if (faults.lockTimeout) throw failWith("can't lock file '/var/log/pve/tasks/.active.lock' - got timeout");
    return task;
  };
  return {
    world,
    identity,
    parameters,
    node,
    isRoot,
    startTask,
    has: (path, privilege) => isRoot || world.permissions.has(identity, path, privilege),
    hasAny: (path, privileges) => isRoot || world.permissions.hasAny(identity, path, privileges),
    require(path, ...privileges) {
      if (!isRoot) requirePrivileges(world.permissions, identity, path, privileges);
    },
    requireAny(path, privileges) {
      if (!isRoot) requireAnyPrivilege(world.permissions, identity, path, privileges);
    },
    worker: (type, id, work) => startTask(type, id, work).upid,
  };
}
