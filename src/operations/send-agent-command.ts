import { OperationError, toOperationError } from '../domain/operation-error.ts';
import type { GuestCommand } from '../domain/mutation.ts';
import type { Facts } from '../domain/plan.ts';
import type { Answer, SendOptions } from '../jobs/ports.ts';
import { agentExec, agentProcess, type AgentProcess } from '../proxmox/guest-agent.ts';
import { readNumber, readRecord } from '../proxmox/lenient.ts';
import { sha256Of } from './command-result.ts';
import type { JobWays } from './command-ways.ts';
import { keptResult } from './kept-result.ts';
import { answerOfFailure } from './send-request.ts';
import { signalName } from './signal-name.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** Looks in a row at which the agent may be silent, e.g. while it is restarted or the file systems are frozen for a backup. */
const SILENT_LOOKS = 10;

/**
 * Starts a program in a VM through the QEMU guest agent and follows it to its end. The agent tells of an end once, so this is the
 * only one that looks. A program that outlives its time goes on running: the agent has no way to end it.
 */
export async function sendAgentCommand(ways: JobWays, command: GuestCommand, options: SendOptions): Promise<Answer> {
  const { api, clock } = ways;
  // Counted from here, so that a slow start cannot outlast what a job grants a command beyond its own time.
  const started = clock.monotonic();
  let pid: number | null;
  try {
    const { data } = await api.write(agentExec(command, command.argv, command.stdin), { sendBefore: options.sendBefore });
    pid = readNumber(readRecord(data)['pid']);
  } catch (thrown) {
    const answer = answerOfFailure(thrown);
    return answer.kind === 'in_doubt' ? { kind: 'in_doubt', error: explained(answer.error) } : answer;
  }
  if (pid === null) return doubt('Proxmox VE started the program without naming its pid, so its end cannot be seen.');
  // The pid is for people who look in the guest; a store that fails here changes nothing for the program.
  await options.record({ pid }).catch(() => undefined);

  const end = await follow(ways, command, pid, started + command.timeoutSeconds * 1000);
  if (end instanceof OperationError) return { kind: 'in_doubt', error: end.withEffect('unknown') };
  return { kind: 'done', result: { pid, ...(await resultOf(ways, end, clock.monotonic() - started)) } };
}

/** The end of a process; `{exited: false}` when its time is over, an error when its end cannot be known. */
async function follow(ways: JobWays, command: GuestCommand, pid: number, deadline: number): Promise<AgentProcess | OperationError> {
  const { api, clock, stopping } = ways;
  let silent = 0;
  // A look that failed on the way back may have been the one that was told the end.
  let lost: OperationError | undefined;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    if (stopping.aborted) return stopped(pid);
    let problem: OperationError | undefined;
    try {
      const seen = await agentProcess(api, command, pid);
      if (seen.exited) return seen;
      silent = 0;
    } catch (thrown) {
      problem = toOperationError(thrown);
      silent += 1;
      if (problem.code === 'not_found') return endNotSeen(pid, lost ?? problem);
      if (problem.code !== 'conflict') lost = problem;
      else if (silent >= SILENT_LOOKS) return endNotSeen(pid, problem);
    }
    const left = deadline - clock.monotonic();
    if (left <= 0) return problem === undefined ? { exited: false } : endNotSeen(pid, problem);
    await clock.sleep(Math.min(pause, left), stopping);
  }
}

async function resultOf(ways: JobWays, end: AgentProcess, durationMs: number): Promise<Facts> {
  const stdout = end.exited ? end.stdout : new Uint8Array();
  const stderr = end.exited ? end.stderr : new Uint8Array();
  const result = await keptResult(ways, {
    exitCode: end.exited ? end.exitCode : null,
    signal: end.exited && end.signal !== null ? signalName(end.signal) : null,
    timedOut: !end.exited,
    durationMs: Math.round(durationMs),
    stdout,
    stderr,
    stdoutBytes: stdout.length,
    stderrBytes: stderr.length,
    stdoutTruncated: end.exited && end.stdoutTruncated,
    stderrTruncated: end.exited && end.stderrTruncated,
    stdoutSha256: sha256Of(stdout),
    stderrSha256: sha256Of(stderr),
  });
  return end.exited ? result : { ...result, still_running: true };
}

/** `596 Broken pipe` is what is left of an error whose text Proxmox cannot send, above all that there is no such program. */
function explained(error: OperationError): OperationError {
  if (error.details['proxmox_status'] !== 596 || !/broken pipe/i.test(String(error.details['proxmox_message']))) return error;
  return new OperationError(error.code, 'Proxmox VE broke off its answer, as it does when the program does not exist in the VM.', {
    hint: 'Most likely nothing ran. Check the name of the program, by its full path; words of a shell (cd, export, dir) are no programs.',
    effect: 'unknown',
    details: error.details,
  });
}

function endNotSeen(pid: number, cause: OperationError): OperationError {
  return new OperationError(cause.code, `The command was started with pid ${pid}, and its end was not seen: ${cause.message}`, {
    hint: 'Look at the VM before running it again.',
    effect: 'unknown',
    details: { ...cause.details, pid },
    cause,
  });
}

function stopped(pid: number): OperationError {
  return new OperationError('internal', `The server stopped while the command ran with pid ${pid}.`, {
    effect: 'unknown',
    details: { pid },
  });
}

function doubt(message: string): Answer {
  return { kind: 'in_doubt', error: new OperationError('proxmox_failed', message, { effect: 'unknown' }) };
}
