import type { BackupFacts, FileFacts } from './facts.ts';
import { disksOf, guestName, type Guest, type GuestConfig } from './model/guest.ts';
import { fileTime, GIB, MIB } from './model/size.ts';
import { volumesOn, type Storage, type Volume } from './model/storage.ts';
import { seconds, touch, type World } from './model/world.ts';

/** A copy of a config as a backup keeps it: without lock and protection of the moment. */
export function archivedConfig(guest: Guest): GuestConfig {
  const config = structuredClone(guest.config);
  delete config['lock'];
  delete config['vmstate'];
  return config;
}

const theStorage = (world: World, name: string): Storage => {
  const storage = world.storages.get(name);
  if (storage === undefined) throw new Error(`no such storage '${name}'`);
  return storage;
};

function storageFor(world: World, content: string, wanted: string | undefined): Storage {
  if (wanted !== undefined) return theStorage(world, wanted);
  const found = [...world.storages.values()].filter((storage) => storage.content.includes(content));
  const chosen = found.find((storage) => storage.shared) ?? found[0];
  if (chosen === undefined) throw new Error(`no storage holds ${content}`);
  return chosen;
}

/** Puts a volume on a storage. */
function placeVolume(world: World, storage: Storage, node: string, volume: Volume): Volume {
  volumesOn(storage, node).set(volume.volid, volume);
  touch(world);
  return volume;
}

/** What a backup is called on a storage, and its format. @see pve-manager PVE/VZDump.pm, pve-storage PVE/Storage/PBSPlugin.pm */
export function backupIdentity(
  storage: Storage,
  { kind, vmid }: Pick<Guest, 'kind' | 'vmid'>,
  time: number,
  suffix: string,
): Pick<Volume, 'volid' | 'format'> {
  if (storage.type === 'pbs') {
    const type = kind === 'qemu' ? 'vm' : 'ct';
    const at = new Date(Math.floor(time) * 1000).toISOString().replace('.000Z', 'Z');
    return { volid: `${storage.storage}:backup/${type}/${vmid}/${at}`, format: `pbs-${type}` };
  }
  const format = `${kind === 'qemu' ? 'vma' : 'tar'}${suffix}`;
  return { volid: `${storage.storage}:backup/vzdump-${kind}-${vmid}-${fileTime(time)}.${format}`, format };
}

/** States that a backup of a guest exists. */
export function stateBackup(world: World, guest: Guest, facts: BackupFacts): Volume {
  const storage = storageFor(world, 'backup', facts.storage);
  const ctime = facts.at ?? seconds(world) - (facts.secondsAgo ?? 86_400);
  const bytes = disksOf(guest.kind, guest.config).reduce((sum, drive) => sum + drive.sizeBytes, 0);
  const size = facts.size ?? Math.max(5 * MIB, Math.floor(bytes * 0.07));
  return placeVolume(world, storage, facts.node ?? guest.node, {
    ...backupIdentity(storage, guest, ctime, '.zst'),
    content: 'backup',
    size,
    used: size,
    ctime,
    vmid: guest.vmid,
    subtype: guest.kind,
    notes: facts.notes ?? guestName(guest),
    isProtected: facts.protected ?? false,
    ...(facts.verification === undefined ? {} : { verification: facts.verification }),
    ...(facts.encrypted === undefined ? {} : { encrypted: facts.encrypted }),
    archive: { kind: guest.kind, config: archivedConfig(guest) },
  });
}

const formatOf = (name: string): string =>
  ({ iso: 'iso', img: 'iso', zst: 'tzst', xz: 'txz', gz: 'tgz', qcow2: 'qcow2', raw: 'raw', vmdk: 'vmdk', ova: 'ova' })[
    name.split('.').at(-1) ?? ''
  ] ?? 'raw';

/** States that a file (ISO image, container template, disk to import) exists. */
export function stateFile(world: World, content: 'iso' | 'vztmpl' | 'import' | 'snippets', name: string, facts: FileFacts): Volume {
  const storage = storageFor(world, content, facts.storage);
  const size = facts.size ?? (content === 'iso' ? 700 * MIB : content === 'import' ? GIB : 130 * MIB);
  return placeVolume(world, storage, facts.node ?? world.localNode, {
    volid: `${storage.storage}:${content}/${name}`,
    content,
    format: formatOf(name),
    size,
    used: size,
    ctime: seconds(world) - (facts.secondsAgo ?? 20 * 86_400),
    ...(facts.ovaDisks === undefined ? {} : { ovaDisks: facts.ovaDisks }),
  });
}
