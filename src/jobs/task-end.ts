import { OperationError } from '../domain/operation-error.ts';
import { parseUpid } from '../domain/upid.ts';
import type { Upid } from '../domain/upid.ts';
import { annotate, errorFields, move } from './engine.ts';
import type { Engine } from './engine.ts';
import type { JobRecord } from './job-record.ts';
import { without } from './safeguards.ts';
import { readWarnings } from './task-log.ts';
import { completeStep, verifyNext } from './step-end.ts';

const WARNED = /^WARNINGS: \d+$/;
const UNCLEAR = /^(?:unexpected status|unable to get last line from task log|unable to open file)/;

/** True when the HA manager only took the request: the effect follows later. */
function isHaRequest(upid: Upid): boolean {
  return parseUpid(upid).type.startsWith('ha');
}

/**
 * Ends a RUNNING job by the exit status of its task, as `/status` gives it.
 * @see pve-common PVE/Tools.pm, upid_read_status: `OK`, `WARNINGS: n`, `unexpected status`, or the error
 */
async function endTask(engine: Engine, record: JobRecord, exitStatus: string | null): Promise<JobRecord | undefined> {
  const { upid, step, cancelRequested } = record;
  if (upid === null) return verifyNext(engine, record, 'verifying_doubt');
  const exit = { exitstatus: exitStatus };
  if (exitStatus === 'OK' || (exitStatus !== null && WARNED.test(exitStatus))) {
    const warnings = exitStatus === 'OK' ? [] : await readWarnings(engine, upid, exitStatus);
    if (isHaRequest(upid) && !without?.('verifyUnclearEnds'))
      return verifyNext(engine, record, 'verifying_ha', {
        result: { ...record.result, ...exit },
        warnings: [...record.warnings, ...warnings],
      });
    return completeStep(engine, record, exit, warnings);
  }
  const ended = { result: { ...record.result, ...exit }, lastError: exitStatus ?? 'The task ended without an exit status.', error: null };
  if ((exitStatus === null || UNCLEAR.test(exitStatus)) && !without?.('verifyUnclearEnds'))
    return verifyNext(engine, record, isHaRequest(upid) ? 'verifying_ha' : 'verifying_end', ended);
  if (cancelRequested)
    return move(engine, record, 'task_cancelled', { patch: { ...ended, effect: 'unknown', phase: null }, details: exit });
  const mayBeThere = (step?.repeat ?? record.repeat) === 'convergent' && !without?.('worldBeforeFailure');
  if (mayBeThere || record.tainted) return verifyNext(engine, record, 'verifying_failure', ended);
  return move(engine, record, 'task_failed', { patch: { ...ended, effect: 'unknown', phase: null }, details: exit });
}

/** Phase of a job whose task our token may not read, as after a change to a token without Sys.Audit. */
const UNREADABLE = 'task_unreadable';

/** `gone`: Proxmox knows no such task. `unreadable`: our token may not read it. */
type TaskSeen = 'running' | 'ended' | 'gone' | 'unreadable';

/** Asks Proxmox for the state of a RUNNING job's task and ends the job when it is over. */
export async function checkTask(engine: Engine, record: JobRecord): Promise<TaskSeen> {
  if (record.upid === null) return 'gone';
  try {
    const status = await engine.tasks.status(record.upid);
    if (status.running) {
      if (record.phase === UNREADABLE) await annotate(engine, record, { phase: null, lastError: null, error: null });
      return 'running';
    }
    await endTask(engine, record, status.exitStatus);
    return 'ended';
  } catch (thrown) {
    if (!(thrown instanceof OperationError)) throw thrown;
    if (thrown.code === 'not_found') return 'gone';
    if (thrown.code !== 'missing_privilege') throw thrown;
    if (record.phase !== UNREADABLE) await annotate(engine, record, { phase: UNREADABLE, ...errorFields(thrown) });
    return 'unreadable';
  }
}

/** A task that stays out of sight is looked for in the list, and then the world decides. */
export async function endLostTask(engine: Engine, record: JobRecord): Promise<JobRecord | undefined> {
  const task = record.step?.task;
  if (task && record.node !== null && record.upid !== null) {
    const listed = await engine.tasks.ofType(record.node, task, parseUpid(record.upid).user).catch((thrown: unknown) => {
      if (thrown instanceof OperationError && thrown.code === 'not_found') return [];
      throw thrown;
    });
    if (listed.find((entry) => entry.upid === record.upid)?.running) return record;
  }
  return verifyNext(engine, record, 'verifying_lost_task', {
    lastError: record.phase === UNREADABLE ? record.lastError : 'Proxmox does not know the task any more.',
  });
}
