import { toOperationError, type OperationError } from '../domain/operation-error.ts';
import type { GuestCommand } from '../domain/mutation.ts';
import type { Facts } from '../domain/plan.ts';
import type { CommandOutput } from '../exec/command-output.ts';
import { readKeysResult } from '../exec/container-ssh-keys.ts';
import { writeFileResult } from '../exec/write-guest-file.ts';
import type { Answer, SendOptions } from '../jobs/ports.ts';
import { withoutSsh } from './container-files.ts';
import type { JobWays } from './command-ways.ts';
import { OUTPUT_KEPT_BYTES, keptResult } from './kept-result.ts';

/** Reasons why nothing was sent that another try soon after may find gone. */
const PASSING = new Set<unknown>(['unreachable', 'queue_full', 'connection_lost', 'channel_refused', 'aborted', 'closed']);

/** Runs a command in a container, over SSH to its node, and says what came of it. */
export async function sendShellCommand(ways: JobWays, command: GuestCommand, { sendBefore }: SendOptions): Promise<Answer> {
  if (ways.openShell === undefined) return { kind: 'refused', error: withoutSsh(), mayResend: false };
  const { node, vmid, argv, stdin, timeoutSeconds } = command;
  let output: CommandOutput;
  try {
    const shell = await ways.openShell();
    output = await shell.runInContainer({
      node,
      vmid,
      argv,
      timeoutSeconds,
      sendBefore,
      maxOutputBytes: OUTPUT_KEPT_BYTES,
      ...(stdin === undefined ? {} : { stdin }),
    });
  } catch (thrown) {
    const error = toOperationError(thrown);
    if (error.details['sent'] !== false) return { kind: 'in_doubt', error: error.withEffect('unknown') };
    return PASSING.has(error.details['reason']) ? { kind: 'not_sent', error } : { kind: 'refused', error, mayResend: false };
  }
  try {
    return { kind: 'done', result: await resultOf(ways, command, output) };
  } catch (thrown) {
    return answerOfScript(toOperationError(thrown));
  }
}

async function resultOf(ways: JobWays, { script, stdin }: GuestCommand, output: CommandOutput): Promise<Facts> {
  switch (script?.name) {
    case undefined:
      return keptResult(ways, output);
    case 'update_keys': {
      const { added, present, total } = readKeysResult(output);
      return { keys_added: added, keys_present: present, keys_total: total };
    }
    case 'write_file': {
      const { sizeBytes, sha256 } = writeFileResult(output, { path: script.path, content: stdin ?? new Uint8Array() });
      return { path: script.path, size_bytes: sizeBytes, sha256 };
    }
  }
}

/** Our scripts say whether they did anything. */
function answerOfScript(error: OperationError): Answer {
  return error.effect === 'none' ? { kind: 'refused', error, mayResend: false } : { kind: 'in_doubt', error };
}
