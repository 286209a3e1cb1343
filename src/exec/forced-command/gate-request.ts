import { OperationError } from '../../domain/operation-error.ts';
import type { CommandOutput } from '../command-output.ts';
import type { ContainerCommand } from '../container.ts';
import { inDoubt, notSent } from '../ssh-failure.ts';
import type { SshTarget } from '../ssh-settings.ts';

/** What is asked of sshd; the forced command takes its place. Where it is not installed, the shell finds no such program. */
export const GATE_COMMAND = 'pct-exec-gate';

const MAX_ANSWER_BYTES = 4096;

/** One line of JSON, then the bytes for the command's stdin. */
export function encodeGateRequest(command: ContainerCommand): Uint8Array {
  const stdin = command.stdin ?? new Uint8Array();
  const header = {
    version: 1,
    vmid: command.vmid,
    argv: command.argv,
    timeout_seconds: command.timeoutSeconds,
    stdin_bytes: stdin.byteLength,
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), stdin]);
}

/** Reads the gate's answer, which comes before anything that the command can say. */
export interface GateAnswer {
  /** Takes the first line from stdout and passes the rest on. */
  filter(pass: (chunk: Uint8Array) => void): (chunk: Uint8Array) => void;
  /** @throws OperationError unless the gate accepted the command; `output` is what came back */
  check(output: CommandOutput, target: SshTarget): void;
}

/** Creates the reader for one command. */
export function createGateAnswer(): GateAnswer {
  let line: Buffer = Buffer.alloc(0);
  let complete = false;
  return {
    filter: (pass) => (chunk) => {
      if (complete) return pass(chunk);
      const end = chunk.indexOf(0x0a);
      line = Buffer.concat([line, end < 0 ? chunk : chunk.subarray(0, end)]);
      complete = end >= 0 || line.length > MAX_ANSWER_BYTES;
      if (end >= 0 && end + 1 < chunk.length) pass(chunk.subarray(end + 1));
    },
    check(output, target) {
      const answer = parseAnswer(line);
      if (answer?.accepted === true) return;
      if (answer?.accepted === false) {
        throw new OperationError('denied', `The gate on node ${target.node} refused the command.`, {
          hint: 'The command option in authorized_keys on the node says what this key may do.',
          details: { reason: 'refused_by_gate', gate_error: String(answer['error']).slice(0, 300), sent: true, node: target.node },
        });
      }
      const hint = `Bind the key to ${GATE_COMMAND} in authorized_keys on the node, or switch the forced command off.`;
      // The shell said that it knows no such program, so nothing ran.
      if (line.length === 0 && output.exitCode === 127)
        throw notSent('refused_by_node', target, `Node ${target.node} has no gate for this key.`, { hint });
      throw inDoubt('refused_by_node', target, `Node ${target.node} answered something that is not the gate's answer.`, { hint });
    },
  };
}

function parseAnswer(line: Buffer): Record<string, unknown> | undefined {
  try {
    const answer: unknown = JSON.parse(line.toString('utf8'));
    return typeof answer === 'object' && answer !== null && 'pct_exec_gate' in answer ? answer : undefined;
  } catch {
    return undefined;
  }
}
