import { splitIdentity } from '../access/access-database.ts';
import { Page, PlainText, type Call, type Endpoint } from '../api/endpoint.ts';
import { failure, parameterFailure } from '../api/failure.ts';
import type { Task } from '../tasks/task-registry.ts';
import { parseUpid, type UpidParts } from '../tasks/upid.ts';

const userFields = (user: string): Record<string, string> => {
  const { userid, tokenid } = splitIdentity(user);
  return { user: userid, ...(tokenid === undefined ? {} : { tokenid }) };
};

const isOwn = (call: Call, user: string): boolean => user === call.identity || splitIdentity(user).userid === call.identity;

/** ok, warning, unknown or error. @see pve-common PVE/Tools.pm upid_normalize_status_type */
function statusKind(status: string): string {
  if (status === 'OK') return 'ok';
  if (/^WARNINGS: \d+$/.test(status)) return 'warning';
  return status === 'unexpected status' ? 'unknown' : 'error';
}

const activeRow = (task: Task): Record<string, unknown> => ({
  upid: task.upid,
  node: task.node,
  pid: task.pid,
  pstart: task.pstart,
  starttime: task.starttime,
  type: task.type,
  id: task.id,
  user: task.user,
  status: 'RUNNING',
  saved: '0',
});
const archivedRow = (task: Task): Record<string, unknown> => ({
  upid: task.upid,
  node: task.node,
  pid: task.pid,
  pstart: task.pstart,
  starttime: task.starttime,
  type: task.type,
  id: task.id,
  ...userFields(task.user),
  endtime: task.endtime,
  status: task.exitstatus,
});

function listTasks(call: Call): Page {
  const { world, parameters, node } = call;
  const source = parameters.optionalString('source') ?? 'archive';
  const seesAll = call.has(`/nodes/${node}`, 'Sys.Audit');
  const since = parameters.optionalNumber('since');
  const until = parameters.optionalNumber('until');
  const typefilter = parameters.optionalString('typefilter');
  const userfilter = parameters.optionalString('userfilter');
  const vmid = parameters.optionalString('vmid');
  const wanted = parameters.list('statusfilter');
  const all = [...(source === 'archive' ? [] : world.tasks.active(node)), ...(source === 'active' ? [] : world.tasks.archived(node))];
  const found = all.filter(
    (task) =>
      (seesAll || isOwn(call, task.user)) &&
      (since === undefined || task.starttime >= since) &&
      (until === undefined || task.starttime <= until) &&
      (typefilter === undefined || task.type === typefilter) &&
      (userfilter === undefined || task.user.includes(userfilter)) &&
      (vmid === undefined || task.id === vmid) &&
      (!parameters.flag('errors') || (task.exitstatus !== undefined && !['ok', 'warning'].includes(statusKind(task.exitstatus)))) &&
      (wanted.length === 0 || (task.exitstatus !== undefined && wanted.includes(statusKind(task.exitstatus)))),
  );
  const start = parameters.optionalNumber('start') ?? 0;
  const rows = found
    .slice(start, start + (parameters.optionalNumber('limit') ?? 50))
    .map((task) => (task.running ? activeRow(task) : archivedRow(task)));
  return new Page(rows, found.length === 0 ? undefined : found.length);
}

/** The parts of the UPID in the path. @throws ApiFailure 400 for garbage */
function readUpid(call: Call): UpidParts {
  const parts = parseUpid(call.parameters.string('upid'));
  if (parts === undefined) throw parameterFailure({ upid: 'unable to parse worker upid' });
  return parts;
}

/** @throws ApiFailure 400 when there is no such task on the node */
function existingTask(call: Call): Task {
  const parts = readUpid(call);
  const task = call.world.tasks.find(call.parameters.string('upid'));
  if (parts.node !== call.node || task === undefined) throw parameterFailure({ upid: 'no such task' });
  return task;
}

const requireOwnerOr = (call: Call, user: string, privilege: string): void => {
  if (!isOwn(call, user)) call.require(`/nodes/${call.node}`, privilege);
};

function readLog(call: Call): unknown {
  const { parameters } = call;
  requireOwnerOr(call, readUpid(call).user, 'Sys.Audit');
  const task = call.world.tasks.find(parameters.string('upid'));
  if (parameters.flag('download')) {
    if (parameters.has('start') || parameters.has('limit'))
      throw failure("'download' cannot be used together with 'start' or 'limit' parameters");
    if (task === undefined) throw failure('unable to open file - No such file or directory');
    return new PlainText(task.log.map((line) => `${line}\n`).join(''));
  }
  if (task === undefined || task.node !== call.node) return new Page([{ n: 1, t: 'unable to open file - No such file or directory' }], 1);
  if (task.log.length === 0) return new Page([{ n: 1, t: 'no content' }], 1);
  const start = parameters.optionalNumber('start') ?? 0;
  const limit = parameters.optionalNumber('limit') ?? 50;
  const lines = limit === 0 ? task.log.slice(start) : task.log.slice(start, start + limit);
  return new Page(
    lines.map((t, n) => ({ n: start + n + 1, t })),
    task.log.length,
  );
}

/** Lists, logs and the end of tasks. @see pve-manager PVE/API2/Tasks.pm, PVE/API2/Cluster.pm */
export const taskEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/nodes/{node}/tasks', handler: listTasks },
  { method: 'GET', path: '/nodes/{node}/tasks/{upid}', handler: () => [{ name: 'log' }, { name: 'status' }] },
  {
    method: 'GET',
    path: '/nodes/{node}/tasks/{upid}/status',
    handler(call) {
      const task = existingTask(call);
      requireOwnerOr(call, task.user, 'Sys.Audit');
      return {
        upid: task.upid,
        node: task.node,
        pid: task.pid,
        pstart: task.pstart,
        starttime: task.starttime,
        type: task.type,
        id: task.id,
        ...userFields(task.user),
        ...(task.running ? { status: 'running' } : { status: 'stopped', exitstatus: task.exitstatus }),
      };
    },
  },
  { method: 'GET', path: '/nodes/{node}/tasks/{upid}/log', handler: readLog },
  {
    method: 'DELETE',
    path: '/nodes/{node}/tasks/{upid}',
    async handler(call) {
      const task = existingTask(call);
      requireOwnerOr(call, task.user, 'Sys.Modify');
      await call.world.tasks.stop(task);
      return null;
    },
  },
  {
    method: 'GET',
    path: '/cluster/tasks',
    handler(call) {
      const rows: Array<Record<string, unknown>> = [];
      for (const { name, online } of call.world.nodes.values()) {
        if (!online) continue;
        const seesAll = call.has(`/nodes/${name}`, 'Sys.Audit');
        const tasks = [...call.world.tasks.active(name), ...call.world.tasks.archived(name).slice(0, 25)].slice(0, 25);
        for (const task of tasks) {
          if (!seesAll && splitIdentity(task.user).userid !== call.identity) continue;
          const common = {
            upid: task.upid,
            node: task.node,
            starttime: task.starttime,
            type: task.type,
            id: task.id,
            ...userFields(task.user),
          };
          rows.push(
            task.running ? { ...common, pid: task.pid } : { ...common, endtime: task.endtime, status: task.exitstatus, saved: '1' },
          );
        }
      }
      return rows.sort((one, other) => Number(other['starttime']) - Number(one['starttime']));
    },
  },
];
