import type { GuestFacts } from './facts.ts';
import { createGuest, drivesOf, isDriveKey, type Guest, type GuestConfig, type GuestKind } from './model/guest.ts';
import { parseSize, printSize } from './model/size.ts';
import { allocateImage, defaultFormat, isOnNode, volumesOn } from './model/storage.ts';
import { parseVolid, seconds, touch, type World } from './model/world.ts';
import { haSid } from './work/ha.ts';
import { markRunning, markStopped } from './work/power.ts';

/** A fresh hardware address with the prefix of Proxmox. */
export const newMac = (world: World): string =>
  `${world.datacenter['mac_prefix'] ?? 'BC:24:11'}:${(world.random.hex(6).toUpperCase().match(/../g) ?? []).join(':')}`;

/** Options that every new guest has. */
function initialConfig(world: World, kind: GuestKind, vmid: number): GuestConfig {
  const ctime = seconds(world) - 40 * 86_400 - vmid;
  if (kind === 'lxc') {
    return {
      hostname: `ct${vmid}`,
      arch: 'amd64',
      ostype: 'debian',
      memory: 512,
      swap: 512,
      cores: 1,
      unprivileged: 1,
      features: 'nesting=1',
      net0: `name=eth0,bridge=vmbr0,hwaddr=${newMac(world)},ip=dhcp,type=veth`,
    };
  }
  return {
    name: `vm${vmid}`,
    ostype: 'l26',
    memory: '2048',
    cores: 2,
    sockets: 1,
    cpu: 'x86-64-v2-AES',
    scsihw: 'virtio-scsi-single',
    boot: 'order=scsi0;net0',
    net0: `virtio=${newMac(world)},bridge=vmbr0,firewall=1`,
    numa: 0,
    smbios1: `uuid=${world.random.uuid()}`,
    vmgenid: world.random.uuid(),
    meta: `creation-qemu=10.0.13,ctime=${ctime}`,
    agent: 'enabled=1',
  };
}

function defaultDiskStorage(world: World, kind: GuestKind, node: string): string {
  const content = kind === 'qemu' ? 'images' : 'rootdir';
  const usable = [...world.storages.values()].filter(
    (storage) => storage.content.includes(content) && isOnNode(storage, node) && !storage.disabled,
  );
  const chosen = usable.find((storage) => storage.storage === 'local-lvm') ?? usable[0];
  if (chosen === undefined) throw new Error(`no storage on '${node}' holds ${content}`);
  return chosen.storage;
}

function placeDisks(world: World, guest: Guest, disks: Readonly<Record<string, string>>): void {
  for (const drive of drivesOf(guest.kind, guest.config)) {
    if (drive.isCdrom) continue;
    const storage = world.storages.get(parseVolid(drive.volid)?.storage ?? '');
    if (storage !== undefined) volumesOn(storage, guest.node).delete(drive.volid);
    delete guest.config[drive.key];
  }
  for (const [key, text] of Object.entries(disks)) {
    if (!isDriveKey(guest.kind, key)) throw new Error(`'${key}' is no disk of a ${guest.kind} guest`);
    const [, name = '', sizeText = ''] = /^([^:]+):(\d+(?:\.\d+)?[KMGT]?)$/.exec(text) ?? [];
    const storage = world.storages.get(name);
    const size = parseSize(/[KMGT]$/.test(sizeText) ? sizeText : `${sizeText}G`);
    if (storage === undefined || size === undefined) {
      guest.config[key] = text;
      continue;
    }
    const volume = allocateImage(storage, guest.node, {
      vmid: guest.vmid,
      kind: guest.kind,
      format: defaultFormat(storage, guest.kind),
      size,
      prefix: Number(guest.config['template'] ?? 0) === 1 ? 'base' : 'vm',
      ctime: seconds(world) - 30 * 86_400,
    });
    guest.config[key] = `${volume.volid}${key === 'rootfs' ? '' : key.startsWith('mp') ? `,mp=/mnt/${key}` : ''},size=${printSize(size)}`;
  }
}

const optional = (value: string | number | undefined): boolean => value !== undefined;

/** States facts about a guest; it is created when there is none with this id. */
export function stateGuest(world: World, kind: GuestKind, vmid: number, facts: GuestFacts): Guest {
  let guest = world.guests.get(vmid);
  if (guest !== undefined && guest.kind !== kind) throw new Error(`${vmid} is a ${guest.kind} guest`);
  const isNew = guest === undefined;
  if (guest === undefined) {
    guest = createGuest(kind, vmid, facts.node ?? world.localNode, initialConfig(world, kind, vmid));
    if (!world.nodes.has(guest.node)) throw new Error(`no such node '${guest.node}'`);
    world.guests.set(vmid, guest);
  } else if (facts.node !== undefined) guest.node = facts.node;
  const { config } = guest;
  if (facts.name !== undefined) config[kind === 'qemu' ? 'name' : 'hostname'] = facts.name;
  if (facts.tags !== undefined) config['tags'] = typeof facts.tags === 'string' ? facts.tags : facts.tags.join(';');
  if (facts.memory !== undefined) config['memory'] = kind === 'qemu' ? String(facts.memory) : facts.memory;
  if (optional(facts.cores)) config['cores'] = Number(facts.cores);
  if (facts.template !== undefined) {
    if (facts.template) config['template'] = 1;
    else delete config['template'];
  }
  if (facts.protection !== undefined) {
    if (facts.protection) config['protection'] = 1;
    else delete config['protection'];
  }
  if (facts.lock !== undefined) {
    if (facts.lock === null) delete config['lock'];
    else config['lock'] = facts.lock;
  }
  if (facts.agent !== undefined) {
    if (facts.agent === false) delete config['agent'];
    else config['agent'] = 'enabled=1';
    guest.agent.running = facts.agent === true;
  }
  for (const [key, value] of Object.entries(facts.config ?? {})) {
    if (value === null) delete config[key];
    else config[key] = value;
  }
  if (facts.disks !== undefined || isNew)
    placeDisks(
      world,
      guest,
      facts.disks ?? {
        [kind === 'qemu' ? 'scsi0' : 'rootfs']: `${defaultDiskStorage(world, kind, guest.node)}:${kind === 'qemu' ? 32 : 8}G`,
      },
    );
  if (facts.address !== undefined) guest.address = facts.address;
  if (facts.shutdownSeconds !== undefined) guest.shutdownSeconds = facts.shutdownSeconds;
  if (facts.status === 'stopped') markStopped(guest);
  else if (facts.status !== undefined) {
    if (guest.status !== 'running') {
      markRunning(world, guest);
      guest.startedAt -= facts.uptime ?? 3600;
    }
    guest.qmpstatus = facts.status;
  }
  if (facts.pool !== undefined) {
    for (const pool of world.pools.values()) pool.vms.delete(vmid);
    const pool = world.pools.get(facts.pool);
    if (pool === undefined) throw new Error(`no such pool '${facts.pool}'`);
    pool.vms.add(vmid);
    world.access.revision++;
  }
  if (facts.ha === null) world.haResources.delete(haSid(guest));
  else if (facts.ha !== undefined)
    world.haResources.set(haSid(guest), { sid: haSid(guest), state: facts.ha, max_restart: 1, max_relocate: 1 });
  touch(world);
  return guest;
}
