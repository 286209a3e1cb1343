import type { Clock } from '../domain/clock.ts';
import { dropOldest } from '../domain/drop-oldest.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { Principal } from '../domain/principal.ts';
import type { Job } from '../jobs/job.ts';
import type { Jobs, NewJob } from '../jobs/jobs.ts';
import type { DescribeTargets } from '../operations/target-facts.ts';
import { mayApprove } from '../policy/four-eyes.ts';
import { approvalRequest } from './approval-request.ts';
import { approvalOf } from './stored-approval.ts';
import type { AskedWrite } from './asked-write.ts';
import type { AuditLog } from './audit-log.ts';
import type { UsageWindow } from './usage-window.ts';

/** What a person is asked before a waiting job may go on. */
export interface ApprovalQuestion {
  readonly message: string;
  readonly typed: { readonly label: string; readonly expected: string };
}

export interface ApprovalDecision {
  readonly approve: boolean;
  readonly reason: string | null;
  /** The hash of the request that was looked at; another one is refused. */
  readonly hash?: string;
}

/** Asks people and takes their answers, whatever the channel. */
export interface Approvals {
  /** What to record with a job so that it waits. @throws OperationError `rate_limited` when too many wait already */
  request(asked: AskedWrite): Promise<NonNullable<NewJob['approval']>>;
  /** Jobs that wait, newest first. */
  waiting(): Promise<readonly Job[]>;
  /** Null when the job does not wait, or this principal may not decide. */
  questionOf(jobId: string, principal: Principal): Promise<ApprovalQuestion | null>;
  /** @throws OperationError `not_found`, `denied` when this principal may not, `conflict` when it was decided or is over */
  decide(jobId: string, principal: Principal, decision: ApprovalDecision): Promise<Job>;
}

export interface ApprovalSettings {
  readonly validForMs: number;
  /** Most jobs of one principal that may wait at once. */
  readonly waitingPerPrincipal: number;
  /** Most questions of one principal within an hour. */
  readonly askedPerHour: number;
}

export interface ApprovalsOptions {
  readonly jobs: Pick<Jobs, 'get' | 'list' | 'decide' | 'subscribe'>;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly usage: Pick<UsageWindow, 'asked'>;
  readonly describeTargets: DescribeTargets;
  readonly policyVersion: string;
  readonly settings: ApprovalSettings;
  readonly clock: Clock;
}

const HOUR_MS = 3_600_000;
/** Principals whose questions are counted; the one that was counted first is forgotten. */
const MAX_PRINCIPALS = 10_000;
/** Jobs that wait, and are looked at. */
const LISTED = 500;
/** A job that was not recorded by then will not be. */
const RECORDED_WITHIN_MS = 60_000;

export function createApprovals({ jobs, audit, usage, describeTargets, policyVersion, settings, clock }: ApprovalsOptions): Approvals {
  // What was asked a moment ago may not be in the store yet.
  const asked = new Map<string, number[]>();
  /** Jobs that are to wait and are in no list yet, by id. */
  const underWay = new Map<string, { readonly principalId: string; readonly since: number }>();
  jobs.subscribe(({ jobId }) => underWay.delete(jobId));

  async function waiting(): Promise<readonly Job[]> {
    const now = clock.now().toISOString();
    const { jobs: found } = await jobs.list({ status: 'awaiting_approval', limit: LISTED });
    return found.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  }

  /** Jobs of a principal that wait, those included that are just being made. */
  async function openOf(principalId: string): Promise<ReadonlySet<string>> {
    const recorded = (await waiting()).filter((job) => job.principalId === principalId).map(({ jobId }) => jobId);
    const oldest = clock.monotonic() - RECORDED_WITHIN_MS;
    for (const [jobId, { since }] of underWay) if (since < oldest) underWay.delete(jobId);
    return new Set([...recorded, ...[...underWay].filter(([, made]) => made.principalId === principalId).map(([jobId]) => jobId)]);
  }

  /** People who are asked too often stop to read. What is asked is noted before anything is waited for, so that calls at the same time count. */
  async function refuseFatigue({ jobId, principal: { id } }: AskedWrite): Promise<void> {
    const now = clock.monotonic();
    const recent = (asked.get(id) ?? []).filter((at) => now - at < HOUR_MS);
    recent.push(now);
    asked.set(id, recent);
    dropOldest(asked, MAX_PRINCIPALS);
    underWay.set(jobId, { principalId: id, since: now });
    const takeBack = (): void => {
      recent.splice(recent.indexOf(now), 1);
      underWay.delete(jobId);
    };
    // Other servers of the job store ask, too.
    const before = Math.max(recent.length - 1, await usage.asked(id));
    if (before >= settings.askedPerHour) {
      takeBack();
      throw tooMany(`${before} approvals were asked for within an hour`, 'Wait, and ask for less.');
    }
    const open = (await openOf(id)).size;
    if (open <= settings.waitingPerPrincipal) return;
    takeBack();
    throw tooMany(
      `${open - 1} calls wait for an approval already`,
      'Wait until a person has decided them, or cancel those that are not needed.',
    );
  }

  function mayDecide(job: Job, principal: Principal, approve = true): { may: boolean; reason: string } {
    const { four_eyes: fourEyes = true, asked_by: askedBy = job.principalId, asked_over: askedOver } = approvalOf(job) ?? {};
    // A program that is given the whole HTTP API as its tools could say yes to itself.
    if (approve && askedBy === principal.id && askedOver === 'http' && principal.surface === 'http')
      return { may: false, reason: 'What is asked for with a key over HTTP is not approved there with the same key.' };
    return mayApprove({ effect: 'ask', fourEyes }, { ...principal, id: askedBy }, principal);
  }

  return {
    waiting,
    async request(wanted) {
      await refuseFatigue(wanted);
      const targets = await describeTargets(wanted.plan, { config: true, listing: true }).catch((error: unknown) => {
        underWay.delete(wanted.jobId);
        throw error;
      });
      const now = clock.now();
      const expiresAt = new Date(now.getTime() + settings.validForMs);
      return { expiresAt: expiresAt.toISOString(), request: { ...approvalRequest(wanted, { now, expiresAt, policyVersion, targets }) } };
    },
    async questionOf(jobId, principal) {
      const job = await jobs.get(jobId);
      const request = job && approvalOf(job);
      // The one who asked answers at their own client, unless another pair of eyes is wanted.
      if (job?.state !== 'awaiting_approval' || !request || request.four_eyes || request.asked_by !== principal.id) return null;
      if (!mayDecide(job, principal).may) return null;
      return { message: request.question.join('\n'), typed: request.confirm };
    },
    async decide(jobId, principal, { approve, reason, hash }) {
      const job = await jobs.get(jobId);
      if (!job)
        throw new OperationError('not_found', `There is no job ${JSON.stringify(jobId.slice(0, 80))}.`, {
          hint: 'See which jobs wait for an approval.',
        });
      const request = approvalOf(job);
      const { may, reason: why } = mayDecide(job, principal, approve);
      const about = { principal: principal.id, surface: principal.surface, job_id: jobId, operation: job.operation };
      if (!may) {
        await audit.record({ ...about, event: 'approval', facts: { refused_because: why, hash: request?.hash } }).catch(() => undefined);
        throw new OperationError('denied', `${principal.id} may not decide this: ${why}`, {
          hint: 'Let a person decide who has the scope approve, and who is not the caller where the policy wants four eyes.',
          details: { policy: 'OP_POLICY_APPROVAL_REQUIRED', job_id: jobId },
        });
      }
      if (job.state === 'awaiting_approval' && hash !== undefined && hash !== request?.hash) {
        throw new OperationError('conflict', 'The job asks for something else than what was looked at.', {
          hint: 'Look at it again.',
          details: { job_id: jobId },
        });
      }
      const recorded = audit.record({
        ...about,
        event: 'approval',
        facts: { approve, reason, hash: request?.hash, asked_by: job.principalId },
      });
      // A refusal needs no room on the disk; an approval does.
      await (approve ? recorded : recorded.catch(() => undefined));
      return jobs.decide(jobId, principal, { approve, reason });
    },
  };
}

function tooMany(what: string, hint: string): OperationError {
  return new OperationError('rate_limited', `${what}, so nobody is asked again now.`, { hint, details: { reason: 'approval_fatigue' } });
}
