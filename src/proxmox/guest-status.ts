import type { GuestType } from '../domain/guest.ts';
import { readFlag, readList, readNumber, readRecord, readText, type RawRecord } from './lenient.ts';

/** One guest as `status/current` shows it now. */
export interface GuestStatus {
  readonly type: GuestType;
  readonly vmid: number;
  readonly node: string;
  readonly name: string | null;
  readonly status: 'running' | 'stopped';
  /** QEMU's own state (`paused`, `suspended`, `prelaunch`, …), which `status` hides. */
  readonly qmpStatus: string | null;
  readonly lock: string | null;
  readonly template: boolean;
  readonly tags: readonly string[];
  readonly haManaged: boolean;
  readonly uptimeSeconds: number | null;
  readonly cpuUsage: number | null;
  readonly memoryBytes: number | null;
  readonly maxMemoryBytes: number | null;
  readonly diskBytes: number | null;
  readonly maxDiskBytes: number | null;
}

export function readGuestStatus(type: GuestType, vmid: number, node: string, row: RawRecord): GuestStatus {
  return {
    type,
    vmid,
    node,
    name: readText(row['name']),
    status: row['status'] === 'running' ? 'running' : 'stopped',
    qmpStatus: readText(row['qmpstatus']),
    lock: readText(row['lock']),
    template: readFlag(row['template']),
    tags: readList(row['tags']),
    haManaged: readFlag(readRecord(row['ha'])['managed']),
    uptimeSeconds: readNumber(row['uptime']),
    cpuUsage: readNumber(row['cpu']),
    memoryBytes: readNumber(row['mem']),
    maxMemoryBytes: readNumber(row['maxmem']),
    diskBytes: readNumber(row['disk']),
    maxDiskBytes: readNumber(row['maxdisk']),
  };
}
