import type { GuestType } from '../domain/guest.ts';
import { readFlag, readNumber, readRecord, readText, type RawRecord } from './lenient.ts';

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
  readonly haManaged: boolean;
  /** Of its first process on the node: another one after each start. Null while it is off. */
  readonly pid: number | null;
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
    haManaged: readFlag(readRecord(row['ha'])['managed']),
    pid: readNumber(row['pid']),
  };
}
