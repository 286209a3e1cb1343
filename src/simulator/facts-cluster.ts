import { addUser, setAcl } from './access/access-database.ts';
import type { CreatedToken, NodeFacts, SnapshotFacts, StorageFacts, TokenFacts } from './facts.ts';
import type { Snapshot } from './model/guest.ts';
import { GIB } from './model/size.ts';
import type { Storage } from './model/storage.ts';
import { seconds, touch, type Node, type World } from './model/world.ts';

/** States facts about a node; the first node that is stated serves the API. */
export function stateNode(world: World, name: string, facts: NodeFacts): Node {
  let node = world.nodes.get(name);
  if (node === undefined) {
    const nodeid = world.nodes.size + 1;
    node = {
      name,
      nodeid,
      ip: `198.51.100.${nodeid + 9}`,
      online: true,
      cores: 16,
      memoryBytes: 64 * GIB,
      rootBytes: 96 * GIB,
      rootUsedBytes: 14 * GIB,
      bootedAt: world.clock.now() - 11 * 86_400,
      networks: [
        { iface: 'eno1', type: 'eth' },
        { iface: 'vmbr0', type: 'bridge', cidr: `198.51.100.${nodeid + 9}/24`, ports: 'eno1' },
        { iface: 'vmbr1', type: 'bridge', comments: 'guests only' },
      ],
      config: {},
    };
    world.nodes.set(name, node);
    if (world.localNode === '') world.localNode = name;
  }
  const { uptime, ...rest } = facts;
  Object.assign(node, rest, uptime === undefined ? {} : { bootedAt: world.clock.now() - uptime });
  touch(world);
  return node;
}

/** States facts about a storage. */
export function stateStorage(world: World, name: string, facts: StorageFacts): Storage {
  let storage = world.storages.get(name);
  if (storage === undefined) {
    const type = facts.type ?? 'dir';
    const isShared = facts.shared ?? ['nfs', 'rbd', 'pbs'].includes(type);
    storage = {
      storage: name,
      type,
      content: ['images', 'rootdir'],
      shared: isShared,
      nodes: undefined,
      disabled: false,
      active: true,
      totalBytes: 500 * GIB,
      otherBytes: 2 * GIB,
      settings: type === 'dir' ? { path: `/srv/${name}` } : {},
      volumes: new Map(),
    };
    world.storages.set(name, storage);
  }
  const { content, nodes, settings, type: _type, ...rest } = facts;
  Object.assign(storage, rest, content === undefined ? {} : { content: [...content] }, nodes === undefined ? {} : { nodes: [...nodes] });
  Object.assign(storage.settings, settings);
  touch(world);
  return storage;
}

/** States that a guest has a snapshot of what it is now. */
export function stateSnapshot(world: World, vmid: number, name: string, facts: SnapshotFacts): Snapshot {
  const guest = world.guests.get(vmid);
  if (guest === undefined) throw new Error(`no such guest ${vmid}`);
  const { lock: _lock, ...config } = guest.config;
  const snapshot: Snapshot = {
    name,
    description: facts.description ?? '',
    snaptime: seconds(world) - (facts.secondsAgo ?? 3600),
    parent: guest.parent,
    config,
    vmstate: facts.vmstate ?? false,
  };
  guest.snapshots.push(snapshot);
  guest.parent = name;
  touch(world);
  return snapshot;
}

/** Makes a token; privileges become roles with exactly these, for the user and the token. */
export function createToken(world: World, userid: string, tokenName: string, facts: TokenFacts): CreatedToken {
  if (!/^[A-Za-z][A-Za-z0-9.\-_]+$/.test(tokenName))
    throw new Error(`'${tokenName}' is no token name: Proxmox wants a letter and at least one more character`);
  const user = world.access.users.get(userid) ?? addUser(world.access, userid);
  const tokenValue = world.random.uuid();
  const privsep = facts.privsep ?? facts.privileges !== undefined;
  user.tokens.set(tokenName, { value: tokenValue, privsep, expire: facts.expire ?? 0 });
  for (const [path, privileges] of Object.entries(facts.privileges ?? {})) {
    const roleid = `Exactly-${privileges.join('-').replace(/[^A-Za-z0-9-]/g, '')}`;
    world.access.roles.set(roleid, [...privileges]);
    if (userid !== 'root@pam') setAcl(world.access, { path, type: 'user', ugid: userid, roleid, propagate: true });
    if (privsep) setAcl(world.access, { path, type: 'token', ugid: `${userid}!${tokenName}`, roleid, propagate: true });
  }
  world.access.revision++;
  return { user: userid, tokenName, tokenValue };
}
