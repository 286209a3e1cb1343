import type { Parameters } from '../api/parameters.ts';
import { archivedConfig, backupIdentity } from '../facts-volumes.ts';
import { disksOf, guestName, lockOf, type Drive, type Guest } from '../model/guest.ts';
import { clockDuration, humanBytes, humanDuration, logTime, MIB, printSize } from '../model/size.ts';
import { isOnNode, volumePath, volumesOn, type Storage } from '../model/storage.ts';
import { seconds, type World } from '../model/world.ts';
import { Interrupted, Vanished, type Work } from '../tasks/task-registry.ts';
import { markBackups, readRetention } from './retention.ts';
import { hasSnapshots } from './snapshots.ts';

/** What a backup job is told. */
export interface BackupJob {
  readonly world: World;
  readonly node: string;
  readonly vmids: readonly number[];
  readonly storage: string;
  readonly parameters: Parameters;
  readonly mayBackup: (vmid: number) => boolean;
}

const SUFFIXES: Readonly<Record<string, string>> = { '0': '', '1': '.lzo', gzip: '.gz', lzo: '.lzo', zstd: '.zst' };

/** How fast a backup reads, in bytes per second. */
const READ_RATE = 600 * MIB;

function fillNotes(template: string, world: World, guest: Guest): string {
  return template
    .replace(
      /\{\{(\w+)\}\}/g,
      (whole, name: string) =>
        ({ guestname: guestName(guest), node: guest.node, vmid: String(guest.vmid), cluster: world.clusterName ?? 'standalone node' })[
          name
        ] ?? whole,
    )
    .replace(/\\([\\n])/g, (_whole, escaped: string) => (escaped === 'n' ? '\n' : '\\'));
}

/** Reads the disks of a VM, with the progress lines of QEMU's backup job. */
function* readDisks(total: number, rate: number): Work {
  const duration = Math.max(1, total / rate);
  const steps = Math.min(100, Math.max(1, Math.ceil(duration / 3)));
  for (let n = 1; n <= steps; n++) {
    yield duration / steps;
    const done = (total * n) / steps;
    yield `INFO: ${String(Math.floor((100 * n) / steps)).padStart(3)}% (${humanBytes(done)} of ${humanBytes(total)}) in ${humanDuration((duration * n) / steps)}, read: ${humanBytes(rate)}/s, write: ${humanBytes(rate * 0.3)}/s`;
  }
  yield `INFO: transferred ${humanBytes(total, 2)} in ${Math.max(1, Math.floor(duration))} seconds (${humanBytes(rate)}/s)`;
}

function* prune(job: BackupJob, storage: Storage, guest: Guest): Work {
  const text = job.parameters.optionalString('prune-backups') ?? storage.settings['prune-backups'] ?? 'keep-all=1';
  if (!job.parameters.flag('remove', true) || /keep-all=1/.test(text)) return;
  const volumes = volumesOn(storage, job.node);
  yield `INFO: prune older backups with retention: ${text.replace(/,/g, ', ')}`;
  const removed = [
    ...markBackups(
      [...volumes.values()].filter((volume) => volume.content === 'backup' && volume.vmid === guest.vmid),
      readRetention(text),
    ),
  ].filter(([, mark]) => mark === 'remove');
  for (const [volume] of removed) {
    yield `INFO: removing backup '${volume.volid}'`;
    volumes.delete(volume.volid);
  }
  yield `INFO: pruned ${removed.length} backup(s) not covered by keep-retention policy`;
}

/** Mount points of containers are left out unless they say otherwise. */
const isBackedUp = (guest: Guest, { key, parts }: Drive): boolean =>
  guest.kind === 'qemu' || key === 'rootfs' ? parts['backup'] !== '0' : parts['backup'] === '1';

function* backupOne(job: BackupJob, guest: Guest, storage: Storage): Work {
  const { world, parameters } = job;
  const startedAt = seconds(world);
  const word = 'VM';
  const isRunning = guest.status === 'running';
  let mode = isRunning ? (parameters.optionalString('mode') ?? 'snapshot') : 'stop';
  yield `INFO: Starting Backup of ${word} ${guest.vmid} (${guest.kind})`;
  yield `INFO: Backup started at ${logTime(startedAt)}`;
  yield `INFO: status = ${guest.status}`;
  const lock = lockOf(guest);
  if (lock !== undefined) throw new Error(`${guest.kind === 'qemu' ? 'VM' : 'CT'} is locked (${lock})`);
  const disks = disksOf(guest.kind, guest.config).filter((drive) => isBackedUp(guest, drive));
  guest.config['lock'] = 'backup';
  try {
    yield `INFO: ${guest.kind === 'qemu' ? 'VM' : 'CT'} Name: ${guestName(guest)}`;
    for (const drive of disks)
      yield guest.kind === 'qemu'
        ? `INFO: include disk '${drive.key}' '${drive.volid}' ${printSize(drive.sizeBytes)}`
        : `INFO: including mount point ${drive.key} ('${drive.parts['mp'] ?? '/'}') in backup`;
    if (guest.kind === 'lxc' && mode === 'snapshot' && !disks.every((drive) => hasSnapshots(world, guest, drive))) {
      yield 'INFO: mode failure - some volumes do not support snapshots';
      yield "INFO: trying 'suspend' mode instead";
      mode = 'suspend';
    }
    yield `INFO: backup mode: ${mode}`;
    const limit = parameters.optionalNumber('bwlimit');
    if (limit !== undefined && limit > 0) yield `INFO: bandwidth limit: ${limit} KiB/s`;
    yield 'INFO: ionice priority: 7';
    if (guest.kind === 'lxc' && mode === 'snapshot') yield "INFO: create storage snapshot 'vzdump'";
    const suffix = SUFFIXES[parameters.optionalString('compress') ?? '0'] ?? '';
    const ctime = seconds(world);
    const { volid, format } = backupIdentity(storage, guest, ctime, suffix);
    yield `INFO: creating ${storage.type === 'pbs' ? 'Proxmox Backup Server' : 'vzdump'} archive '${volumePath(storage, volid)}'`;
    const archive = { kind: guest.kind, config: archivedConfig(guest) };
    delete archive.config['lock'];
    const total = disks.reduce((sum, drive) => sum + drive.sizeBytes, 0);
    const rate = limit !== undefined && limit > 0 ? Math.min(READ_RATE, limit * 1024) : READ_RATE;
    if (guest.kind === 'qemu') {
      if (!isRunning) yield 'INFO: starting kvm to execute backup task';
      else if (guest.agent.running && guest.config['agent'] !== undefined) yield "INFO: issuing guest-agent 'fs-freeze' command";
      yield 'INFO: starting backup via QMP command';
      if (isRunning && guest.agent.running && guest.config['agent'] !== undefined) yield "INFO: issuing guest-agent 'fs-thaw' command";
      yield `INFO: started backup task '${world.random.uuid()}'`;
      if (isRunning) yield 'INFO: resuming VM again';
      yield* readDisks(total, rate);
      if (!isRunning) yield 'INFO: stopping kvm after backup task';
    } else {
      const bytes = Math.floor(total * 0.3);
      yield Math.max(2, bytes / rate);
      yield `INFO: Total bytes written: ${bytes} (${Math.ceil(bytes / MIB)}MiB, 95MiB/s)`;
    }
    const size = Math.max(MIB, Math.floor(total * (suffix === '' ? 0.2 : 0.07)));
    yield `INFO: archive file size: ${Math.ceil(size / MIB)}MB`;
    const notes = parameters.optionalString('notes-template');
    if (notes !== undefined) yield 'INFO: adding notes to backup';
    if (parameters.flag('protected')) yield 'INFO: marking backup as protected';
    volumesOn(storage, job.node).set(volid, {
      volid,
      content: 'backup',
      format,
      size,
      used: size,
      ctime,
      vmid: guest.vmid,
      subtype: guest.kind,
      isProtected: parameters.flag('protected'),
      archive,
      ...(notes === undefined ? {} : { notes: fillNotes(notes, world, guest) }),
    });
    yield* prune(job, storage, guest);
    if (guest.kind === 'lxc' && mode === 'snapshot') yield "INFO: cleanup temporary 'vzdump' snapshot";
    yield `INFO: Finished Backup of ${word} ${guest.vmid} (${clockDuration(seconds(world) - startedAt)})`;
    yield `INFO: Backup finished at ${logTime(seconds(world))}`;
  } catch (error) {
    if (error instanceof Interrupted && guest.kind === 'qemu') {
      yield 'ERROR: interrupted by signal';
      yield 'INFO: aborting backup job';
      if (isRunning) yield 'INFO: resuming VM again';
    }
    throw error;
  } finally {
    if (guest.config['lock'] === 'backup') delete guest.config['lock'];
  }
}

function* waitForNode(job: BackupJob): Work {
  const minutes = job.parameters.optionalNumber('lockwait') ?? 180;
  const { backupLocks } = job.world;
  if (backupLocks.has(job.node) && minutes > 0) {
    yield 'INFO: trying to get global lock - waiting...';
    for (let waited = 0; waited < minutes * 60 && backupLocks.has(job.node); waited++) yield 1;
    if (!backupLocks.has(job.node)) yield 'INFO: got global lock';
  }
  if (backupLocks.has(job.node)) {
    yield `ERROR: can't acquire lock '/var/run/vzdump.lock' (wait = ${minutes})`;
    yield 'notified via target `mail-to-root`';
    throw new Vanished();
  }
}

/** Backs up guests one after the other; one that fails does not keep the others from it. @see pve-manager PVE/VZDump.pm */
export function* backupGuests(job: BackupJob, commandLine: string): Work {
  const { world, node } = job;
  const storage = world.storages.get(job.storage);
  if (storage === undefined || storage.disabled || !isOnNode(storage, node) || !storage.active) {
    const why =
      storage === undefined
        ? `storage '${job.storage}' does not exist`
        : storage.disabled
          ? `storage '${job.storage}' is disabled`
          : `storage '${job.storage}' is not online`;
    yield 'notified via target `mail-to-root`';
    throw new Error(`could not activate storage '${job.storage}': ${why} could not get storage information for '${job.storage}': ${why}`);
  }
  if (!storage.content.includes('backup'))
    throw new Error(`could not get storage information for '${job.storage}': can't use storage type '${storage.type}' for backup`);
  yield* waitForNode(job);
  world.backupLocks.add(node);
  let hasFailed = false;
  try {
    yield `INFO: starting new backup job: vzdump ${commandLine}`;
    for (const vmid of job.vmids) {
      if (!job.mayBackup(vmid)) throw new Error(`Permission check failed (/vms/${vmid}, VM.Backup)`);
      try {
        const guest = world.guests.get(vmid);
        if (guest === undefined || guest.node !== node) throw new Error(`unable to find VM '${vmid}'`);
        yield* backupOne(job, guest, storage);
      } catch (error) {
        const message = error instanceof Interrupted ? 'interrupted by signal' : error instanceof Error ? error.message : String(error);
        yield `ERROR: Backup of VM ${vmid} failed - ${message}`;
        yield `INFO: Failed at ${logTime(seconds(world))}`;
        if (error instanceof Interrupted) {
          yield 'ERROR: Backup job failed - interrupted by signal';
          yield 'notified via target `mail-to-root`';
          throw new Error('interrupted by signal', { cause: error });
        }
        hasFailed = true;
      }
    }
    yield `INFO: Backup job finished ${hasFailed ? 'with errors' : 'successfully'}`;
    yield 'notified via target `mail-to-root`';
  } finally {
    world.backupLocks.delete(node);
  }
  if (hasFailed) throw new Error('job errors');
}
