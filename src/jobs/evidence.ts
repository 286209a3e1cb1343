import type { ExpectedTask } from '../domain/mutation.ts';
import { isResendable } from '../domain/repeat-class.ts';
import { isUpid, parseUpid } from '../domain/upid.ts';
import type { Upid } from '../domain/upid.ts';
import { timestampAgo } from './engine.ts';
import type { Engine } from './engine.ts';
import type { JobRecord } from './job-record.ts';
import { without } from './safeguards.ts';

export interface Evidence {
  /** Tasks of the type and id, newest first where the order is known. */
  readonly upids: readonly Upid[];
}

/** Whose task the task of a job is. The token of this server may be another by now than the one that sent. */
export function senderOf(engine: Engine, { step }: JobRecord): string {
  return step?.sentAs ?? engine.tasks.tokenId;
}

function matches(upid: Upid, node: string, task: ExpectedTask): boolean {
  if (!upid.includes(`:${task.id}:`) || !isUpid(upid)) return false;
  const parts = parseUpid(upid);
  return parts.node === node && parts.id === task.id && task.types.includes(parts.type);
}

/**
 * Every task of this type and id that Proxmox shows of a token, in the node's list and in the cluster log.
 * @throws OperationError when either cannot be read: half an observation is none
 */
export async function readEvidence(engine: Engine, node: string, task: ExpectedTask, tokenId: string): Promise<Evidence> {
  const [listed, logged] = await Promise.all([
    engine.tasks.ofType(node, task, tokenId),
    without?.('clusterLog') ? Promise.resolve([]) : engine.tasks.clusterLog(tokenId),
  ]);
  const upids = new Set(listed.map((entry) => entry.upid));
  for (const upid of logged) if (matches(upid, node, task)) upids.add(upid);
  return { upids: [...upids] };
}

export type Observation =
  | { readonly kind: 'void'; readonly fault: unknown }
  | {
      readonly kind: 'seen';
      /** Tasks that may be the one this job started. */
      readonly candidates: readonly Upid[];
      /** True while another write of the same kind is unresolved, so that a candidate may be its task. */
      readonly quarantined: boolean;
      /** True when the list no longer reaches back to the time before the send. */
      readonly truncated: boolean;
      /** True when another token sent, and nothing of it is seen: this one may not be allowed to see its tasks. */
      readonly foreign: boolean;
    };

/** Looks once for the task of a job in doubt. */
export async function observe(engine: Engine, record: JobRecord, node: string, task: ExpectedTask): Promise<Observation> {
  const { store, settings } = engine;
  const sender = senderOf(engine, record);
  let upids: readonly Upid[];
  try {
    ({ upids } = await readEvidence(engine, node, task, sender));
  } catch (fault) {
    if (!without?.('voidFailedReads')) return { kind: 'void', fault };
    upids = [];
  }
  // Read after the list: a job whose task is in the list was SENDING by then, and is so, or linked, or in doubt now.
  const since = timestampAgo(engine, settings.quarantineMs);
  const unresolved = without?.('quarantine') ? [] : await store.unresolved({ node, id: task.id, types: task.types }, record.jobId, since);
  // A late task of an earlier send of this very job is as good as the last, unless every send counts.
  const ownCounts = !isResendable(record.step?.repeat ?? record.repeat);
  const blockers = unresolved.filter((jobId) => jobId !== record.jobId || ownCounts);
  const linked = without?.('linkedOnce') ? new Set<Upid>() : await store.linkedElsewhere(upids, record.jobId);
  const before = new Set([...record.baseline, ...record.previousUpids]);
  const seesBefore = upids.some((upid) => before.has(upid));
  return {
    kind: 'seen',
    candidates: upids.filter((upid) => !before.has(upid) && !linked.has(upid)),
    quarantined: blockers.length > 0,
    truncated: record.baseline.length > 0 && !seesBefore,
    foreign: sender !== engine.tasks.tokenId && !seesBefore,
  };
}
