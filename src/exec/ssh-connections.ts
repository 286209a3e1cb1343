import type { Clock } from '../domain/clock.ts';
import type { OperationError } from '../domain/operation-error.ts';
import { createSlots } from './slots.ts';
import type { SlotRefusal, Slots } from './slots.ts';
import { connectSsh } from './ssh-connection.ts';
import type { SshConnection } from './ssh-connection.ts';
import { aborted, notSent } from './ssh-failure.ts';
import type { SshSettings, SshTarget } from './ssh-settings.ts';

/** sshd allows 10 sessions on one connection (MaxSessions), and still counts those whose process outlives its channel. */
const CHANNELS_PER_CONNECTION = 8;
const CONNECTIONS_PER_HOST = 2;
const QUEUE_PER_HOST = 256;
/** How long a command may wait for its turn. */
export const QUEUE_WAIT_SECONDS = 60;

/** The right to one channel on a shared connection. */
interface SshLease {
  readonly connection: SshConnection;
  /** Gives the place back; `spoiled` says that no new channel may be opened on this connection. */
  release(spoiled?: boolean): void;
}

/** Connections to all hosts: shared, bounded, and closed when idle. */
export interface SshConnections {
  lease(target: SshTarget, signal?: AbortSignal): Promise<SshLease>;
  close(): Promise<void>;
}

interface Entry {
  readonly ready: Promise<SshConnection>;
  connection: SshConnection | undefined;
  inUse: number;
  retired: boolean;
  idle: AbortController | undefined;
}

interface Host {
  readonly slots: Slots;
  readonly entries: Set<Entry>;
}

/** Creates the pool. Nothing is opened before the first lease. */
export function createSshConnections(settings: SshSettings, clock: Clock): SshConnections {
  const hosts = new Map<string, Host>();
  let closed = false;

  const hostOf = (target: SshTarget): Host => {
    const key = `${target.node} ${target.host} ${target.port}`;
    const host = hosts.get(key) ?? { slots: createHostSlots(clock), entries: new Set() };
    hosts.set(key, host);
    return host;
  };

  const open = (host: Host, target: SshTarget): Entry => {
    const entry: Entry = { ready: connectSsh(settings, target), connection: undefined, inUse: 0, retired: false, idle: undefined };
    host.entries.add(entry);
    entry.ready.then(
      (connection) => {
        entry.connection = connection;
        if (closed) connection.end();
        void connection.closed.then(() => host.entries.delete(entry));
      },
      () => host.entries.delete(entry),
    );
    return entry;
  };

  const release = (entry: Entry, spoiled: boolean): void => {
    entry.inUse -= 1;
    entry.retired ||= spoiled;
    if (entry.inUse > 0) return;
    if (entry.retired) return entry.connection?.end();
    const idle = new AbortController();
    entry.idle = idle;
    void clock.sleep(settings.idleSeconds * 1000, idle.signal).then(() => {
      if (!idle.signal.aborted && entry.inUse === 0) entry.connection?.end();
    });
  };

  return {
    async lease(target, signal) {
      if (closed) throw refusal('closed', target);
      const host = hostOf(target);
      const slot = await host.slots.take(signal);
      if (typeof slot === 'string') throw refusal(slot, target);
      const entry = [...host.entries].find(isUsable) ?? open(host, target);
      entry.inUse += 1;
      entry.idle?.abort();
      let held = true;
      const giveBack = (spoiled = false): void => {
        if (!held) return;
        held = false;
        release(entry, spoiled);
        slot();
      };
      try {
        const connection = await orAborted(entry.ready, target, signal);
        return { connection, release: giveBack };
      } catch (error) {
        giveBack();
        throw error;
      }
    },
    async close() {
      closed = true;
      const all = [...hosts.values()];
      for (const host of all) host.slots.close();
      const entries = all.flatMap((host) => [...host.entries]);
      for (const entry of entries) {
        entry.idle?.abort();
        entry.connection?.end();
      }
      await Promise.race([Promise.all(entries.flatMap((entry) => entry.connection?.closed ?? [])), clock.sleep(2000)]);
    },
  };
}

/** Places for the commands on one host, whatever client carries them. */
export function createHostSlots(clock: Clock): Slots {
  return createSlots({
    places: CHANNELS_PER_CONNECTION * CONNECTIONS_PER_HOST,
    queue: QUEUE_PER_HOST,
    waitSeconds: QUEUE_WAIT_SECONDS,
    clock,
  });
}

/** Why a command got no place, as an error. */
export function refusal(why: SlotRefusal, target: SshTarget): OperationError {
  if (why === 'aborted') return aborted(target, false);
  if (why === 'closed') return notSent('closed', target, 'The server is shutting down and sends no more commands.');
  return notSent('queue_full', target, `Too many commands are under way on node ${target.node}.`, {
    hint: 'Try again when some of them have ended.',
  });
}

function isUsable(entry: Entry): boolean {
  return !entry.retired && entry.inUse < CHANNELS_PER_CONNECTION && (entry.connection?.isOpen() ?? true);
}

/** The connection is shared: one caller who gives up does not take it away from the others. */
function orAborted(ready: Promise<SshConnection>, target: SshTarget, signal: AbortSignal | undefined): Promise<SshConnection> {
  if (!signal) return ready;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted(target, false));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void ready.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
