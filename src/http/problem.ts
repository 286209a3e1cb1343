import { ERROR_CLASSES, type OperationError } from '../domain/operation-error.ts';
import { validationDetail, type Places, type ValidationDetail } from './validation-detail.ts';

/** The members that every error of an operation has, whatever else stands beside them. */
export interface ProblemFacts {
  readonly code: string;
  readonly hint: string | null;
  readonly effect: 'none' | 'applied' | 'unknown';
  readonly request_id: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** An error of an operation as RFC 9457 has it. */
export interface Problem extends ProblemFacts {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** A refused input, in the shape that clients of the predecessor know, and with the same members as a problem. */
export interface ValidationProblem extends ProblemFacts {
  readonly detail: readonly ValidationDetail[];
  readonly message: string;
}

const TITLES: Readonly<Record<keyof typeof ERROR_CLASSES, string>> = {
  invalid_input: 'The request is not valid',
  unauthenticated: 'Who are you?',
  denied: 'Not allowed',
  missing_privilege: 'The Proxmox API token lacks a privilege',
  not_found: 'Not found',
  conflict: 'Not possible now',
  rate_limited: 'Too many requests',
  internal: 'The server failed',
  proxmox_failed: 'Proxmox VE failed',
  proxmox_unreachable: 'Proxmox VE cannot be reached',
  timeout: 'Proxmox VE did not answer in time',
};

/** Status of an error; `503` where jobs or the audit log cannot be written, which no request can help. */
export function statusOfError({ code, details }: OperationError): number {
  const isUnwritable = details['code'] === 'job_store_unavailable' || details['reason'] === 'audit_unavailable';
  return isUnwritable ? 503 : ERROR_CLASSES[code].httpStatus;
}

export function factsOfError(error: OperationError, requestId: string): ProblemFacts {
  const { code, hint = null, effect, details } = error;
  return { code, hint, effect, request_id: requestId, details };
}

/** The answer to a call that failed. */
export function problemResponse(error: OperationError, requestId: string, places?: Places): Response {
  const status = statusOfError(error);
  const facts = factsOfError(error, requestId);
  if (status === 422) {
    const body: ValidationProblem = { detail: validationDetail(error, places), message: error.message, ...facts };
    return Response.json(body, { status });
  }
  const problem: Problem = {
    type: `urn:proxmox-mcp-plus:error:${error.code}`,
    title: TITLES[error.code],
    status,
    detail: error.message,
    ...facts,
  };
  const retryAfter = ERROR_CLASSES[error.code].transient ? { 'retry-after': '5' } : {};
  return new Response(JSON.stringify(problem), { status, headers: { 'content-type': 'application/problem+json', ...retryAfter } });
}
