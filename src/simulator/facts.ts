import type { HaState } from './model/world.ts';
import type { StorageType } from './model/storage.ts';

/** What is stated of a VM or container. Whatever is left out stays as it is, or gets a sensible value when it is new. */
export interface GuestFacts {
  readonly status?: 'running' | 'stopped' | 'paused';
  /** Name of a VM, host name of a container. */
  readonly name?: string;
  readonly node?: string;
  readonly tags?: string | readonly string[];
  /** MiB */
  readonly memory?: number;
  readonly cores?: number;
  /** Disks by option, as `storage:size`: `{ scsi0: 'local-lvm:32G' }`. Replaces the disks it has. */
  readonly disks?: Readonly<Record<string, string>>;
  /** A locked guest, or null for no lock. */
  readonly lock?: string | null;
  readonly protection?: boolean;
  readonly template?: boolean;
  /** VM: true is a working guest agent, `stopped` one that does not answer, false none at all. */
  readonly agent?: boolean | 'stopped';
  readonly pool?: string;
  /** Managed by HA in a requested state; null takes it away. */
  readonly ha?: HaState | null;
  readonly address?: string;
  /** How long its system takes to shut down; Infinity when it ignores the request. */
  readonly shutdownSeconds?: number;
  /** Seconds since its start. */
  readonly uptime?: number;
  /** Any other options as Proxmox writes them; null removes one. */
  readonly config?: Readonly<Record<string, string | number | null>>;
}

export interface StorageFacts {
  readonly type?: StorageType;
  readonly content?: readonly string[];
  readonly shared?: boolean;
  readonly nodes?: readonly string[];
  readonly totalBytes?: number;
  readonly otherBytes?: number;
  readonly disabled?: boolean;
  /** Whether it can be reached. */
  readonly active?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface NodeFacts {
  readonly cores?: number;
  readonly memoryBytes?: number;
  readonly rootBytes?: number;
  readonly rootUsedBytes?: number;
  readonly ip?: string;
  readonly uptime?: number;
  readonly online?: boolean;
}

export interface SnapshotFacts {
  readonly description?: string;
  readonly vmstate?: boolean;
  readonly secondsAgo?: number;
}

export interface BackupFacts {
  readonly storage?: string;
  readonly secondsAgo?: number;
  readonly size?: number;
  readonly notes?: string;
  readonly protected?: boolean;
  readonly node?: string;
  /** What the last verification on a Proxmox Backup Server said. */
  readonly verification?: 'ok' | 'failed';
  /** Fingerprint of the key, on a Proxmox Backup Server. */
  readonly encrypted?: string;
  /** Epoch seconds, instead of `secondsAgo`. */ readonly at?: number;
}

export interface FileFacts {
  readonly storage?: string;
  readonly node?: string;
  readonly size?: number;
  readonly secondsAgo?: number;
  /** Of an OVA: sizes of its disks, by file name. */
  readonly ovaDisks?: Readonly<Record<string, number>>;
}

export interface TokenFacts {
  /** Privileges by path: each path gets a role with exactly these. */
  readonly privileges?: Readonly<Record<string, readonly string[]>>;
  /** Whether rights are separate from the user's (default true when privileges are given). */
  readonly privsep?: boolean;
  /** Epoch seconds; 0, the default, means never. */
  readonly expire?: number;
}

export interface UserFacts {
  readonly password?: string;
  readonly enable?: boolean;
  readonly groups?: readonly string[];
  readonly comment?: string;
  readonly email?: string;
  readonly expire?: number;
}

export interface TaskFacts {
  readonly node?: string;
  readonly type: string;
  readonly id?: string;
  readonly user?: string;
  readonly exitstatus?: string;
  readonly log?: readonly string[];
  readonly secondsAgo?: number;
  readonly durationSeconds?: number;
}

export interface CreatedToken {
  readonly user: string;
  readonly tokenName: string;
  readonly tokenValue: string;
}
