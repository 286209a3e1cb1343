import type { GuestCommand } from '../domain/mutation.ts';
import type { Facts } from '../domain/plan.ts';
import type { Answer, SendOptions } from '../jobs/ports.ts';
import type { CommandWays, JobWays } from './command-ways.ts';
import { sendAgentCommand } from './send-agent-command.ts';
import { sendShellCommand } from './send-shell-command.ts';

/** Runs commands of jobs to their end and says what came of them. */
export function createCommandSender({
  outputs,
  ...common
}: CommandWays): (jobId: string, command: GuestCommand, options: SendOptions) => Promise<Answer> {
  return async (jobId, command, options) => {
    const ways: JobWays = { ...common, keep: (stream, text) => outputs.keep(jobId, stream, text) };
    const answer = await (command.channel === 'guest-agent' ? sendAgentCommand : sendShellCommand)(ways, command, options);
    return answer.kind === 'done' ? stored(answer.result, options) : answer;
  };
}

/** Output is stored once, in the job's result; the job's history, which repeats what an answer says, is spared it. */
async function stored(result: Facts, options: SendOptions): Promise<Answer> {
  try {
    await options.record(result);
    return { kind: 'done', result: {} };
  } catch {
    return { kind: 'done', result };
  }
}
