import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import { hasScope } from '../domain/principal.ts';
import type { Job } from '../jobs/job.ts';
import type { NewJob } from '../jobs/jobs.ts';
import type { Operation } from '../operations/define.ts';
import { possibleRisks, riskOfCall } from '../operations/risk-of-call.ts';
import type { Decision } from '../policy/decision.ts';
import type { Approvals } from './approvals.ts';
import type { AuditEvent } from './audit-record.ts';
import type { AuditLog } from './audit-log.ts';
import { denied, type Authorize, type AuthorizeRequest } from './authorize.ts';
import { scopeOf } from './scope-of.ts';
import type { UsageWindow } from './usage-window.ts';

/** A write that wants to become a job, or another attempt of one. */
export interface WriteRequest extends AuthorizeRequest {
  readonly plan: NonNullable<AuthorizeRequest['plan']>;
  readonly jobId: string;
  readonly summary: string;
  /** Input without secrets, as the job stores it. */
  readonly stored: Facts;
  /** The caller's own words. */
  readonly reason: string | undefined;
  /** The principal of the job; another one may retry it. */
  readonly ownerId: string;
  readonly attempt: number;
}

/** Decides, keeps account of the decision, and asks where a person must say yes. */
export interface Admission {
  /**
   * Turns away who lacks the scope, before anything is read for the call: the scope of its risk, or, while its arguments are
   * not known, the scope of every call of the operation.
   * @throws OperationError `denied`
   */
  enter(entering: Pick<AuthorizeRequest, 'registered' | 'principal' | 'requestId'> & { readonly input?: Facts }): Promise<void>;
  /** What policy would say; nothing is recorded. */
  judge: Authorize;
  /** For what sends nothing itself. @throws OperationError `denied`; `internal` when a control cannot be audited */
  pass(request: AuthorizeRequest): Promise<void>;
  /**
   * Answers what to record with the job: null, or what a person is asked.
   * @throws OperationError `denied`, `rate_limited`; `internal` when the decision cannot be audited: then nothing may be sent
   */
  admit(request: WriteRequest): Promise<NewJob['approval']>;
  /** The job was not recorded after all, and does not count. */
  release(jobId: string): void;
}

export interface AdmissionOptions {
  readonly authorize: Authorize;
  readonly approvals: Pick<Approvals, 'request'>;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly usage: Pick<UsageWindow, 'reserve' | 'release'>;
}

export function createAdmission({ authorize, approvals, audit, usage }: AdmissionOptions): Admission {
  async function account(
    event: AuditEvent,
    request: Pick<AuthorizeRequest, 'registered' | 'principal' | 'requestId'>,
    decision: Pick<Decision, 'effect' | 'code' | 'cause' | 'rules'>,
    jobId: string | null,
    more: Facts = {},
  ): Promise<void> {
    const { registered, principal, requestId } = request;
    const { effect, code, cause, rules } = decision;
    const written = audit.record({
      event,
      principal: principal.id,
      surface: principal.surface,
      request_id: requestId,
      job_id: jobId,
      operation: registered.operation.name,
      facts: { effect, code, cause, rules, ...more },
    });
    // A refusal stands whether or not there is room for its record.
    await (effect === 'deny' ? written.catch(() => undefined) : written);
  }

  return {
    judge: authorize,
    async enter(entering) {
      const { registered, principal, input } = entering;
      const risks = input === undefined ? possibleRisks(registered.operation) : [riskOfCall(registered.operation, input)];
      const reaching = risks.map((risk) => scopeOf(registered, risk));
      if (reaching.some((scope) => hasScope(principal, scope))) return;
      const needed = reaching[0] ?? 'admin';
      const refusal = { effect: 'deny', code: 'OP_POLICY_SCOPE', cause: 'scope', rules: [] } as const;
      await account('decision', entering, refusal, null, { needed_scope: needed });
      throw new OperationError(
        'denied',
        `${registered.operation.name}${input === undefined ? '' : ' with these arguments'} needs the scope ${needed}, which the caller does not have.`,
        {
          hint: `Use a credential that has it; this one has ${principal.scopes.join(', ') || 'none'}.`,
          details: { policy: refusal.code, needed_scope: needed },
        },
      );
    },
    async pass(request) {
      const { operation } = request.registered;
      const decision = await authorize(request);
      const refused = decision.effect !== 'allow';
      if (refused) await account('decision', request, { ...decision, effect: 'deny' }, jobIdOf(request.steered));
      else if (operation.risk !== 'read') await account(eventOf(operation), request, decision, jobIdOf(request.steered));
      // What is answered at once cannot wait for a person.
      if (refused) throw denied(decision);
    },
    async admit(request) {
      const { registered, input, plan, jobId, summary, stored, reason, ownerId, attempt, principal, callId } = request;
      const decision = await authorize(request);
      const facts = { summary, targets: plan.step.targets };
      if (decision.effect === 'deny') {
        await account('decision', request, decision, jobId, facts);
        throw denied(decision);
      }
      usage.reserve(jobId, riskOfCall(registered.operation, input), callId);
      try {
        if (decision.effect === 'allow') {
          await account('decision', request, decision, jobId, facts);
          return null;
        }
        const approval = await approvals.request({
          jobId,
          registered,
          input: stored,
          principal,
          ownerId,
          plan,
          decision,
          summary,
          reason,
          attempt,
        });
        await account('decision', request, decision, jobId, { ...facts, hash: approval.request['hash'], expires_at: approval.expiresAt });
        return approval;
      } catch (error) {
        usage.release(jobId);
        throw error;
      }
    },
    release: (jobId) => usage.release(jobId),
  };
}

function eventOf(operation: Operation): AuditEvent {
  return (operation.kind === 'control' ? operation.auditedAs : undefined) ?? 'decision';
}

function jobIdOf(job: Job | undefined): string | null {
  return job?.jobId ?? null;
}
