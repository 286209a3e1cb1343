import type { GuestType } from '../domain/guest.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { SendPlan } from '../domain/plan.ts';
import { backupOwner } from '../proxmox/backups.ts';
import type { GuestSummary } from '../proxmox/cluster.ts';
import { readFlag, readList, readText } from '../proxmox/lenient.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';
import { guestDisks, type GuestDisk } from './guest-disks.ts';
import { identityOf, type GuestIdentity } from './guest-identity.ts';

/** One thing that a write touches. What could not be found out is left out, and counts against the call. */
export interface TargetDescription {
  readonly kind: 'guest' | 'other';
  /** `guest/101`, `volume/local:iso/x.iso`. */
  readonly key: string;
  readonly node?: string;
  readonly vmid?: number;
  readonly guestType?: GuestType;
  readonly name?: string;
  readonly tags?: readonly string[];
  /** Null when it is in none. */
  readonly pool?: string | null;
  readonly template?: boolean;
  /** Proxmox's own protection flag. */
  readonly protected?: boolean;
  readonly status?: 'running' | 'stopped' | 'unknown';
  readonly disks?: readonly GuestDisk[];
  /** What tells it from another that takes its id; missing for what does not exist yet. */
  readonly identity?: GuestIdentity;
}

/** How much is read of each target: nothing costs a request unless it is wanted. */
export interface TargetWants {
  /** Tags, template, protection, disks, identity: one request per guest. */
  readonly config: boolean;
  /** Pool and status: one request per call. */
  readonly listing: boolean;
}

/** Tells what the step of a plan touches. */
export type DescribeTargets = (plan: SendPlan, wants: TargetWants) => Promise<readonly TargetDescription[]>;

const GUEST_PATH = /^\/nodes\/([^/]+)\/(qemu|lxc)\/(\d+)(?:\/|$)/;
const CREATING = /^\/nodes\/\{node\}\/(?:(qemu|lxc)|(qemu|lxc)\/\{vmid\}\/clone)$/;

type GuestReads = Pick<ProxmoxReader, 'guests' | 'guestConfig'>;
/** Where a guest is, as far as the write itself says. */
type NamedGuest = { readonly node?: string; readonly guestType?: GuestType };

/** Reads the facts about guests that policy, approvals and the check before sending go by. */
export function createDescribeTargets(pve: GuestReads): DescribeTargets {
  return async (plan, wants) => {
    let listing: Promise<readonly GuestSummary[]> | undefined;
    const listed: GuestReads = { guestConfig: pve.guestConfig, guests: () => (listing ??= pve.guests()) };
    return Promise.all(
      keysOf(plan).map(async (key): Promise<TargetDescription> => {
        const vmid = vmidOf(plan, key);
        if (vmid === undefined) return { kind: 'other', key, node: plan.step.node };
        return newGuest(plan, key, vmid) ?? describeGuest(listed, { key, vmid, ...namedIn(plan, vmid) }, wants);
      }),
    );
  };
}

/** Reads the facts about one guest, wherever it is. */
export async function describeGuest(
  pve: GuestReads,
  { key, vmid, ...named }: { readonly key: string; readonly vmid: number } & NamedGuest,
  wants: TargetWants,
): Promise<TargetDescription> {
  const find = async (): Promise<GuestSummary | undefined> => (await pve.guests()).find((guest) => guest.vmid === vmid);
  const row = wants.listing || named.guestType === undefined ? await unlessUnreadable(find()) : undefined;
  const node = row?.node ?? named.node;
  const guestType = row?.type ?? named.guestType;
  const place = {
    kind: 'guest',
    key,
    vmid,
    ...(node === undefined ? {} : { node }),
    ...(guestType === undefined ? {} : { guestType }),
  } as const;
  const seen = row ? { ...ofListing(row), pool: row.pool } : {};
  if (!wants.config || node === undefined || guestType === undefined) return { ...place, ...seen };
  const config = await unlessUnreadable(pve.guestConfig({ type: guestType, node, vmid }));
  if (config === undefined) return { ...place, ...seen };
  const { options } = config;
  const name = readText(options[guestType === 'qemu' ? 'name' : 'hostname']);
  return {
    ...place,
    ...seen,
    ...(name === null ? {} : { name }),
    tags: readList(options['tags']),
    template: readFlag(options['template']),
    protected: readFlag(options['protection']),
    disks: guestDisks(guestType, config),
    // A backup stays what it is when its guest changes.
    ...(key.startsWith('guest/') ? { identity: identityOf(guestType, config) } : {}),
  };
}

/** What the step holds, and the guest that its path names. */
function keysOf({ step }: SendPlan): readonly string[] {
  const vmid = step.kind === 'command' ? String(step.vmid) : GUEST_PATH.exec(step.path)?.[3];
  return [...new Set([...step.targets, ...(vmid === undefined ? [] : [`guest/${vmid}`])])];
}

/** The guest of a key; a backup that is deleted stands for the guest that it is of. */
function vmidOf({ step }: SendPlan, key: string): number | undefined {
  const guest = /^guest\/(\d+)$/.exec(key)?.[1];
  if (guest !== undefined) return Number(guest);
  const deletes = step.kind === 'request' && step.method === 'DELETE' && key.startsWith('volume/');
  return deletes ? (backupOwner(key.slice('volume/'.length)).vmid ?? undefined) : undefined;
}

function namedIn({ step }: SendPlan, vmid: number): NamedGuest {
  if (step.kind === 'command') return step.vmid === vmid ? { node: step.node, guestType: step.channel === 'ssh' ? 'lxc' : 'qemu' } : {};
  const [, node, type, id] = GUEST_PATH.exec(step.path) ?? [];
  return node !== undefined && (type === 'qemu' || type === 'lxc') && Number(id) === vmid ? { node, guestType: type } : {};
}

/** A guest that the step creates has the facts that the step gives it. One that a restore replaces exists already. */
function newGuest({ step }: SendPlan, key: string, vmid: number): TargetDescription | undefined {
  if (step.kind !== 'request' || step.method !== 'POST' || step.params['force'] === true || step.params['force'] === 1) return undefined;
  const [, created, cloned] = CREATING.exec(step.route) ?? [];
  const guestType = created ?? cloned;
  if (Number(step.params[cloned === undefined ? 'vmid' : 'newid']) !== vmid || (guestType !== 'qemu' && guestType !== 'lxc'))
    return undefined;
  const { tags, pool, target } = step.params;
  const name = step.params['name'] ?? step.params['hostname'];
  return {
    kind: 'guest',
    key,
    vmid,
    node: typeof target === 'string' ? target : step.node,
    guestType,
    ...(typeof name === 'string' ? { name } : {}),
    // A clone has the tags of its source, which is a target of its own.
    tags: readList(tags),
    pool: typeof pool === 'string' ? pool : null,
    template: false,
    protected: false,
    status: 'unknown',
  };
}

function ofListing({ name, tags, template, status }: GuestSummary): Partial<TargetDescription> {
  return { ...(name === null ? {} : { name }), tags, template, status };
}

/** Undefined where Proxmox refuses or fails: what is unknown counts against the call. */
async function unlessUnreadable<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof OperationError) return undefined;
    throw error;
  }
}
