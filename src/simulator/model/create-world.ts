import { createAccessDatabase } from '../access/access-database.ts';
import { createTickets } from '../access/authenticate.ts';
import { createPermissionReader } from '../access/permissions.ts';
import type { Clock } from '../clock.ts';
import type { ServedCertificate } from '../http/certificate.ts';
import { createRandom } from '../random.ts';
import { createTaskRegistry, type Task, type TaskFlaw } from '../tasks/task-registry.ts';
import { logCluster, touch, type Pool, type World } from './world.ts';

const glob = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(text);

/** An empty world: no nodes, no guests, one user (root@pam). */
export function createWorld({ clock, seed, certificate }: { clock: Clock; seed: number; certificate: ServedCertificate }): World {
  const random = createRandom(seed);
  const access = createAccessDatabase();
  const pools = new Map<string, Pool>();
  const flaws: World['flaws'] = new Set();
  let poolRevision = -1;
  let poolOf = new Map<number, string>();

  const poolOfGuest = (vmid: number): string | undefined => {
    if (poolRevision !== access.revision) {
      poolOf = new Map([...pools.values()].flatMap((pool) => [...pool.vms].map((id) => [id, pool.poolid] as const)));
      poolRevision = access.revision;
    }
    return poolOf.get(vmid);
  };
  const flawOf = (type: string): TaskFlaw | undefined => {
    for (const entry of flaws) {
      if (entry.times <= 0 || !glob(entry.pattern, type)) continue;
      entry.times--;
      return entry.flaw;
    }
    return undefined;
  };
  const tasks = createTaskRegistry({
    clock,
    flawOf,
    changed: () => {
      touch(world);
    },
    logStart: (task: Task) => {
      logCluster(world, { node: task.node, pid: task.pid, pri: 6, tag: 'pvedaemon', user: task.user, msg: `starting task ${task.upid}` });
    },
    logEnd: (task: Task) => {
      logCluster(world, {
        node: task.node,
        pid: task.pid,
        pri: task.exitstatus === 'OK' ? 6 : 3,
        tag: 'pvedaemon',
        user: task.user,
        msg: `end task ${task.upid} ${task.exitstatus ?? ''}`.trimEnd(),
      });
    },
  });
  const world: World = {
    clock,
    random,
    nodes: new Map(),
    guests: new Map(),
    storages: new Map(),
    pools,
    haResources: new Map(),
    access,
    permissions: createPermissionReader(access, {
      poolOfGuest,
      poolsOfStorage: (storage) => [...pools.values()].filter((pool) => pool.storages.has(storage)).map((pool) => pool.poolid),
    }),
    tickets: createTickets(crypto.randomUUID()),
    tasks,
    flaws,
    clusterLog: [],
    datacenter: { mac_prefix: 'BC:24:11' },
    certificate,
    commandHandlers: [],
    remoteFiles: new Map(),
    backupLocks: new Set(),
    clusterName: undefined,
    localNode: '',
    hasQuorum: true,
    revision: 0,
    logUid: 0,
  };
  return world;
}
