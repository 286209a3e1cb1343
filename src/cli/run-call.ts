import { randomUUID } from 'node:crypto';
import { ERROR_CLASSES } from '../domain/operation-error.ts';
import { localPrincipal } from '../domain/principal.ts';
import { showJson } from '../domain/untrusted-text.ts';
import type { CallResult } from '../dispatch/call.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { takesWait } from '../dispatch/registered-operation.ts';
import { goesOn } from '../jobs/job-status.ts';
import { createProgressView } from './progress-view.ts';
import { renderAnswer } from './render-answer.ts';
import type { Terminal } from './terminal.ts';

export interface RunCallOptions {
  readonly dispatcher: Dispatcher;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly terminal: Terminal;
  readonly isJson: boolean;
  /** For operations that answer a job; undefined for the others. */
  readonly waitSeconds?: number | undefined;
  readonly signal: AbortSignal;
}

/** The longest wait of one call. */
const SLICE_SECONDS = 50;
const INTERRUPTED = 130;

/** Exit codes of jobs that did not end well, from the same table as errors. */
const EXIT_OF_STATUS: Readonly<Record<string, number>> = {
  failed: ERROR_CLASSES.proxmox_failed.exitCode,
  unknown: ERROR_CLASSES.proxmox_failed.exitCode,
  cancelled: ERROR_CLASSES.conflict.exitCode,
  rejected: ERROR_CLASSES.denied.exitCode,
  refused: ERROR_CLASSES.proxmox_failed.exitCode,
  awaiting_approval: ERROR_CLASSES.denied.exitCode,
};

/**
 * Calls one operation through the dispatcher that every surface uses, waits for its job with a bar, and prints the answer.
 * Ctrl-C ends the waiting, never the job.
 * @throws OperationError
 */
export async function runCall(options: RunCallOptions): Promise<number> {
  const { dispatcher, terminal, isJson, waitSeconds, signal } = options;
  const view = createProgressView(terminal);
  const deadline = performance.now() + (waitSeconds ?? 0) * 1000;
  const left = (): number => Math.max(0, Math.ceil((deadline - performance.now()) / 1000));
  const ask: Ask = (operation, input) => {
    const waits = canWait(dispatcher, operation);
    const waiting = waits ? { wait_seconds: Math.min(SLICE_SECONDS, left()) } : {};
    return dispatcher.call({
      operation,
      arguments: { ...input, ...waiting },
      principal: localPrincipal('cli'),
      requestId: randomUUID(),
      signal,
      onProgress: (job) => view.show(job),
    });
  };

  let result: CallResult;
  try {
    result = await ask(options.operation, options.input);
    while (isUnderWay(result) && left() > 0 && !signal.aborted) {
      const jobId = result.output['job_id'];
      if (typeof jobId === 'string') {
        result = await ask('poll_job', { job_id: jobId });
        continue;
      }
      if (!(await waitForTargets(result, ask, signal))) break;
      result = await retold(result, ask);
    }
  } finally {
    view.end();
  }
  const isJob = waitSeconds !== undefined;
  terminal.out(`${isJson ? showJson(result.output, 2) : isJob ? result.text : renderAnswer(result, terminal.columns)}\n`);
  return isJob ? exitOf(result, waitSeconds, signal, terminal) : 0;
}

function canWait({ operations }: Dispatcher, name: string): boolean {
  return operations.some((registered) => registered.operation.name === name && takesWait(registered));
}

function isUnderWay({ output }: CallResult): boolean {
  return output['status'] === 'several' ? output['next'] === 'wait' : goesOn(output['status']);
}

interface Target {
  readonly job_id: string | null;
  readonly status: string;
}

const targetsOf = ({ output }: CallResult): readonly Target[] => (output['targets'] ?? []) as readonly Target[];

type Ask = (operation: string, input: Readonly<Record<string, unknown>>) => Promise<CallResult>;

async function waitForTargets(result: CallResult, ask: Ask, signal: AbortSignal): Promise<boolean> {
  const waiting = targetsOf(result).filter(({ job_id, status }) => job_id !== null && goesOn(status));
  if (waiting.length === 0 || signal.aborted) return false;
  await Promise.all(waiting.map(({ job_id }) => ask('poll_job', { job_id })));
  return true;
}

/** The answer for several targets with each of them as it stands now. */
async function retold(result: CallResult, ask: Ask): Promise<CallResult> {
  const targets = await Promise.all(
    targetsOf(result).map(async (target) => {
      if (target.job_id === null || !goesOn(target.status)) return target;
      const { output } = await ask('get_job', { job_id: target.job_id });
      return { ...target, status: String(output['status']), error: output['last_error'] ?? null };
    }),
  );
  const waits = targets.some(({ status }) => goesOn(status));
  const lines = targets.map(
    (target) =>
      `${String((target as { target?: unknown }).target)}: ${target.status}${target.job_id === null ? '' : `\nJob ID: ${target.job_id}`}`,
  );
  return {
    ...result,
    output: { ...result.output, targets, next: waits ? 'wait' : 'none' },
    text: [`${String(result.output['summary'])}: several`, ...lines].join('\n'),
  };
}

function exitOf(result: CallResult, waitSeconds: number, signal: AbortSignal, terminal: Terminal): number {
  const { status, job_id: jobId } = result.output;
  if (isUnderWay(result)) {
    if (waitSeconds === 0) return 0;
    const id = typeof jobId === 'string' ? jobId : 'JOB_ID';
    terminal.err(`The job goes on in Proxmox VE. Wait for it again with: proxmox-mcp-plus jobs wait ${id}\n`);
    return signal.aborted ? INTERRUPTED : ERROR_CLASSES.timeout.exitCode;
  }
  const statuses = status === 'several' ? targetsOf(result).map((target) => target.status) : [String(status)];
  return Math.max(0, ...statuses.map((one) => EXIT_OF_STATUS[one] ?? 0));
}
