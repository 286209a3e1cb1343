import { OperationError, toOperationError } from '../domain/operation-error.ts';
import { factsOfError, statusOfError, problemResponse, type ProblemFacts } from './problem.ts';
import { Refusal } from './refusal.ts';
import type { Places } from './validation-detail.ts';

/** An error of a job route: `status` and `message` as the predecessor says them, and what is new beside them. */
export interface JobProblem extends ProblemFacts {
  readonly status: string;
  readonly message: string;
  /** What is wrong with which value. */
  readonly detail: string;
}

const PLACES: Places = { cursor: 'query', job_id: 'path' };

const SAID: Readonly<Record<number, readonly [status: string, message: string]>> = {
  403: ['forbidden', 'Job operation requires approval'],
  404: ['not_found', 'Job was not found'],
  409: ['conflict', 'Job cannot perform that operation right now'],
  503: ['unavailable', 'Job service is unavailable in this process'],
};

/** The answer of a job route that failed. A wrong shape is told as everywhere. */
export function jobProblem(thrown: unknown, requestId: string): Response {
  if (thrown instanceof Refusal) throw thrown;
  const error = thrown instanceof OperationError ? thrown : toOperationError(thrown);
  const status = statusOfError(error);
  // A missing scope has nothing to do with jobs: where all routes answer errors, the holder of a token is told which one to ask for.
  if (status === 500 || error.details['needed_scope'] !== undefined) throw error;
  const said = SAID[status];
  if (!said || error.code === 'proxmox_unreachable') return problemResponse(error, requestId, PLACES);
  const body: JobProblem = { status: said[0], message: said[1], detail: error.message, ...factsOfError(error, requestId) };
  return Response.json(body, { status });
}
