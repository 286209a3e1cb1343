import type { ProxmoxApi } from './api.ts';
import { readFlag, readNumber, readRecord, readRecords, readText, type RawRecord } from './lenient.ts';
import { route } from './route.ts';
import type { GuestPlace } from './snapshots.ts';

/** A guest's configuration as Proxmox keeps it; values that hold secrets are replaced. */
export interface GuestConfig {
  /** SHA-1 of the configuration, for compare-and-set. */
  readonly digest: string | null;
  /** Options by name, pending changes included; all but the digest. */
  readonly options: Readonly<Record<string, string | number>>;
}

/** One option of a running guest that changes with its next start. */
export interface PendingOption {
  readonly option: string;
  /** Null when the option will be removed. */
  readonly value: string | null;
}

const RAW_TIMEOUT_MS = 10_000;
/** Environment of the init of an OCI container: the usual place of passwords. */
const SECRET_OPTIONS = new Set(['env', 'cipassword']);

/** Reads a guest's configuration. @see pve-container PVE/API2/LXC/Config.pm, qemu-server PVE/API2/Qemu.pm */
export function guestConfigReads(api: ProxmoxApi) {
  return {
    /** The configuration now, or as a snapshot holds it. */
    async guestConfig({ type, node, vmid }: GuestPlace, snapshot?: string): Promise<GuestConfig> {
      const params = snapshot === undefined ? {} : { snapshot };
      const row = readRecord((await api.read(route(`/nodes/{node}/${type}/{vmid}/config`, { node, vmid }), { params })).data);
      return { digest: readText(row['digest']), options: readOptions(row) };
    },
    /** The state of a guest with every field that Proxmox answers. */
    async rawGuestStatus({ type, node, vmid }: GuestPlace): Promise<RawRecord> {
      return readRecord(
        (await api.read(route(`/nodes/{node}/${type}/{vmid}/status/current`, { node, vmid }), { timeoutMs: RAW_TIMEOUT_MS })).data,
      );
    },
    /** Options whose change waits for the next start. */
    async pendingOptions({ type, node, vmid }: GuestPlace): Promise<readonly PendingOption[]> {
      const { data } = await api.read(route(`/nodes/{node}/${type}/{vmid}/pending`, { node, vmid }));
      return readRecords(data).flatMap(readPending);
    },
  };
}

function readOptions(row: RawRecord): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) => {
      if (name === 'digest') return [];
      if (SECRET_OPTIONS.has(name)) return [[name, '<secret>']];
      // Raw `lxc.*` lines may carry an environment, so only their keys are told.
      if (name === 'lxc' && Array.isArray(value))
        return [[name, value.map((line) => (Array.isArray(line) ? String(line[0]) : '')).join(' ')]];
      if (typeof value === 'string' || typeof value === 'number') return [[name, value]];
      if (typeof value === 'boolean') return [[name, Number(value)]];
      return value === null || value === undefined ? [] : [[name, JSON.stringify(value)]];
    }),
  );
}

function readPending(row: RawRecord): PendingOption[] {
  const option = readText(row['key']);
  if (option === null) return [];
  const removed = (readNumber(row['delete']) ?? 0) > 0 || readFlag(row['delete']);
  if (!removed && row['pending'] === undefined) return [];
  return [{ option, value: removed ? null : SECRET_OPTIONS.has(option) ? '<secret>' : readText(row['pending']) }];
}
