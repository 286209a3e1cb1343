import { addUser, setAcl, type AclSubject, type User } from './access/access-database.ts';
import type {
  BackupFacts,
  CreatedToken,
  FileFacts,
  GuestFacts,
  NodeFacts,
  SnapshotFacts,
  StorageFacts,
  TaskFacts,
  TokenFacts,
  UserFacts,
} from './facts.ts';
import { stateGuest } from './facts-guests.ts';
import { stateBackup, stateFile } from './facts-volumes.ts';
import type { Guest, Snapshot } from './model/guest.ts';
import { createToken, stateNode, stateSnapshot, stateStorage } from './facts-cluster.ts';
import type { Storage, Volume } from './model/storage.ts';
import { volumesOn } from './model/storage.ts';
import { parseVolid, seconds, touch, type CommandHandler, type Node, type RemoteFile, type Pool, type World } from './model/world.ts';
import type { Task } from './tasks/task-registry.ts';

export type * from './facts.ts';

/** The object by which tests state what exists, and look at what has become of it. */
export interface Cluster {
  /** Creates or changes a VM. */
  vm(vmid: number, facts?: GuestFacts): Guest;
  /** Creates or changes a container. */
  container(vmid: number, facts?: GuestFacts): Guest;
  /** The guest as it is now. */
  guest(vmid: number): Guest | undefined;
  guests(): readonly Guest[];
  removeGuest(vmid: number): void;
  node(name: string, facts?: NodeFacts): Node;
  /** Makes the nodes a cluster with a name; without it they are standalone. */
  form(name: string): void;
  storage(name: string, facts?: StorageFacts): Storage;
  pool(
    poolid: string,
    facts?: { readonly comment?: string; readonly vms?: readonly number[]; readonly storages?: readonly string[] },
  ): Pool;
  snapshot(vmid: number, name: string, facts?: SnapshotFacts): Snapshot;
  backup(vmid: number, facts?: BackupFacts): Volume;
  iso(name: string, facts?: FileFacts): Volume;
  /** A container template. */
  containerTemplate(name: string, facts?: FileFacts): Volume;
  /** A disk image to import from. */
  importImage(name: string, facts?: FileFacts): Volume;
  /** The volume as it is now, seen from a node. */
  volume(volid: string, node?: string): Volume | undefined;
  user(userid: string, facts?: UserFacts): User;
  role(roleid: string, privileges: readonly string[]): void;
  acl(path: string, subject: string, roleid: string, options?: { readonly propagate?: boolean; readonly type?: AclSubject }): void;
  createToken(userid: string, tokenName: string, facts?: TokenFacts): CreatedToken;
  /** All tasks that are known, oldest first. */
  tasks(): readonly Task[];
  /** States that a task has run and ended. */
  task(facts: TaskFacts): Task;
  /** Decides what commands in guests do; the newest handler that gives a result wins. */
  guestCommand(handler: CommandHandler): () => void;
  /** States what lies behind a URL. */
  remoteFile(url: string, file: RemoteFile): void;
}

/** Gives a world its face for tests. */
export function createCluster(world: World): Cluster {
  const theGuest = (vmid: number): Guest => {
    const guest = world.guests.get(vmid);
    if (guest === undefined) throw new Error(`no such guest ${vmid}`);
    return guest;
  };
  return {
    vm: (vmid, facts = {}) => stateGuest(world, 'qemu', vmid, facts),
    container: (vmid, facts = {}) => stateGuest(world, 'lxc', vmid, facts),
    guest: (vmid) => world.guests.get(vmid),
    guests: () => [...world.guests.values()],
    removeGuest(vmid) {
      world.guests.delete(vmid);
      for (const pool of world.pools.values()) pool.vms.delete(vmid);
      world.access.revision++;
      touch(world);
    },
    node: (name, facts = {}) => stateNode(world, name, facts),
    form(name) {
      world.clusterName = name;
      touch(world);
    },
    storage: (name, facts = {}) => stateStorage(world, name, facts),
    pool(poolid, facts = {}) {
      const pool = world.pools.get(poolid) ?? { poolid, comment: undefined, vms: new Set<number>(), storages: new Set<string>() };
      if (facts.comment !== undefined) pool.comment = facts.comment;
      for (const vmid of facts.vms ?? []) pool.vms.add(vmid);
      for (const storage of facts.storages ?? []) pool.storages.add(storage);
      world.pools.set(poolid, pool);
      world.access.revision++;
      touch(world);
      return pool;
    },
    snapshot: (vmid, name, facts = {}) => stateSnapshot(world, vmid, name, facts),
    backup: (vmid, facts = {}) => stateBackup(world, theGuest(vmid), facts),
    iso: (name, facts = {}) => stateFile(world, 'iso', name, facts),
    containerTemplate: (name, facts = {}) => stateFile(world, 'vztmpl', name, facts),
    importImage: (name, facts = {}) => stateFile(world, 'import', name, facts),
    volume(volid, node = world.localNode) {
      const storage = world.storages.get(parseVolid(volid)?.storage ?? '');
      return storage === undefined ? undefined : volumesOn(storage, node).get(volid);
    },
    user(userid, facts = {}) {
      const user = world.access.users.get(userid) ?? addUser(world.access, userid);
      const { groups, ...rest } = facts;
      Object.assign(user, rest);
      for (const group of groups ?? []) {
        user.groups.add(group);
        if (!world.access.groups.has(group)) world.access.groups.set(group, {});
      }
      world.access.revision++;
      return user;
    },
    role(roleid, privileges) {
      world.access.roles.set(roleid, [...privileges]);
      world.access.revision++;
    },
    acl(path, subject, roleid, options = {}) {
      const type = options.type ?? (subject.includes('!') ? 'token' : subject.includes('@') ? 'user' : 'group');
      setAcl(world.access, { path, type, ugid: subject, roleid, propagate: options.propagate ?? true });
    },
    createToken: (userid, tokenName, facts = {}) => createToken(world, userid, tokenName, facts),
    tasks: () => world.tasks.all(),
    task(facts) {
      const starttime = seconds(world) - (facts.secondsAgo ?? 600);
      const exitstatus = facts.exitstatus ?? 'OK';
      const final =
        exitstatus === 'unexpected status'
          ? []
          : [exitstatus === 'OK' ? 'TASK OK' : exitstatus.startsWith('WARNINGS: ') ? `TASK ${exitstatus}` : `TASK ERROR: ${exitstatus}`];
      const task = world.tasks.record({
        node: facts.node ?? world.localNode,
        starttime,
        type: facts.type,
        id: facts.id ?? '',
        user: facts.user ?? 'root@pam',
        log: [...(facts.log ?? []), ...final],
        running: false,
        endtime: starttime + (facts.durationSeconds ?? 2),
        exitstatus,
      });
      touch(world);
      return task;
    },
    remoteFile(url, file) {
      world.remoteFiles.set(url, file);
    },
    guestCommand(handler) {
      world.commandHandlers.unshift(handler);
      return () => {
        const index = world.commandHandlers.indexOf(handler);
        if (index >= 0) world.commandHandlers.splice(index, 1);
      };
    },
  };
}
