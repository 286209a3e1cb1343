import type { Clock } from '../domain/clock.ts';
import { systemClock } from '../domain/clock.ts';
import type { CommandOutput } from './command-output.ts';
import { DEFAULT_MAX_OUTPUT_BYTES } from './command-output.ts';
import type { ContainerCommand } from './container.ts';
import { checkContainerCommand, containerCommandLine } from './container.ts';
import { GATE_COMMAND, createGateAnswer, encodeGateRequest } from './forced-command/gate-request.ts';
import type { RemoteProcess } from './remote-process.ts';
import type { RunOptions } from './run-on-node.ts';
import { runToEnd } from './run-on-node.ts';
import type { SshConnection } from './ssh-connection.ts';
import { QUEUE_WAIT_SECONDS, createHostSlots, createSshConnections, refusal } from './ssh-connections.ts';
import { aborted, isChannelRefused, isNeverSent, tooLate } from './ssh-failure.ts';
import type { SshSettingsInput, SshTarget } from './ssh-settings.ts';
import { completeSshSettings, sshTarget } from './ssh-settings.ts';
import type { Slots } from './slots.ts';
import { spawnSystemSsh } from './system-ssh.ts';

/** Runs commands in containers, through SSH to the node that holds them. */
export interface NodeShell {
  /**
   * Runs one command to its end. What it exits with is part of the answer, not an error; `pct` itself exits with 255 when the
   * container does not run and with 2 when there is none.
   * @throws OperationError with `details.sent`: false when nothing was sent, true (effect unknown) when its end was not seen
   */
  runInContainer(command: ContainerCommand): Promise<CommandOutput>;
  /** Ends all connections; commands under way are in doubt. */
  close(): Promise<void>;
}

export interface NodeShellOptions {
  readonly clock?: Clock;
}

/** A run that must begin by a certain moment. */
interface TimelyRun extends RunOptions {
  /** Aborts when the caller gives up or it is too late to begin; for whatever comes before the command. */
  readonly waitSignal: AbortSignal | undefined;
  /** @throws OperationError when it is too late to begin */
  assertInTime(): void;
}

/** How long the far side may take to close a channel before its connection takes no new ones. */
const CHANNEL_CLOSE_MS = 5000;
/** How often a connection that has no channel to give, but commands that will end, is asked again. */
const CHANNEL_RETRY_MS = 250;

/**
 * Creates the shell; connects when first used.
 * @throws OperationError invalid_input that names the setting
 */
export function createNodeShell(given: SshSettingsInput, { clock = systemClock }: NodeShellOptions = {}): NodeShell {
  const settings = completeSshSettings(given);
  const connections = createSshConnections(settings, clock);
  const systemSlots = new Map<string, Slots>();
  const children = new Set<RemoteProcess>();

  const overBuiltIn = async (target: SshTarget, line: string, options: TimelyRun): Promise<CommandOutput> => {
    const lease = await inTime(target, options, (signal) => connections.lease(target, signal));
    // sshd counts a session until its process has ended, so a connection with an abandoned one takes no new commands.
    let spoiled = true;
    let process: RemoteProcess | undefined;
    try {
      options.assertInTime();
      process = await execPatiently(lease.connection, line, options);
      const output = await runToEnd(process, options);
      spoiled = output.exitCode === null && output.signal === null;
      return output;
    } finally {
      const closed = Promise.resolve(process?.closed).then(() => spoiled);
      const late = clock.sleep(CHANNEL_CLOSE_MS).then(() => true);
      void Promise.race([closed, late]).then(lease.release);
    }
  };

  /** A shared connection may turn out to be dead when it is used: then nothing was sent, and another one is tried once. */
  const overBuiltInOrAnew = (target: SshTarget, line: string, options: TimelyRun): Promise<CommandOutput> =>
    overBuiltIn(target, line, options).catch((error: unknown) => {
      if (!isNeverSent(error)) throw error;
      return overBuiltIn(target, line, options);
    });

  const overSystemClient = async (target: SshTarget, line: string, options: TimelyRun): Promise<CommandOutput> => {
    const slots = systemSlots.get(target.host) ?? createHostSlots(clock);
    systemSlots.set(target.host, slots);
    const slot = await slots.take(options.waitSignal);
    if (typeof slot === 'string') throw isLate(options) ? tooLate(target) : refusal(slot, target);
    try {
      options.assertInTime();
      const process = await spawnSystemSsh(settings, target, { command: line });
      children.add(process);
      void process.closed.then(() => children.delete(process));
      return await runToEnd(process, { ...options, setupSeconds: settings.connectTimeoutSeconds });
    } finally {
      slot();
    }
  };

  return {
    async runInContainer(command) {
      checkContainerCommand(command);
      const target = sshTarget(settings, command.node);
      const { signal, timeoutSeconds, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES, sendBefore } = command;
      const line = settings.forcedCommand ? GATE_COMMAND : containerCommandLine(settings, command);
      if (signal?.aborted) throw aborted(target, false);
      const gate = settings.forcedCommand ? createGateAnswer() : undefined;
      const options: TimelyRun = {
        target,
        signal,
        timeoutSeconds,
        maxOutputBytes,
        clock,
        waitSignal: sendBefore === undefined ? signal : untilDeadline(sendBefore - clock.monotonic(), signal),
        assertInTime: () => {
          if (sendBefore !== undefined && clock.monotonic() > sendBefore) throw tooLate(target);
        },
        stdin: gate ? encodeGateRequest(command) : command.stdin,
        ...(gate && { filterStdout: gate.filter }),
      };
      const output = await (settings.preferSshClient ? overSystemClient : overBuiltInOrAnew)(target, line, options);
      gate?.check(output, target);
      return output;
    },
    async close() {
      for (const slots of systemSlots.values()) slots.close();
      for (const process of children) process.abandon();
      await connections.close();
    },
  };
}

/** Aborts with the signal, or when the time is over. */
function untilDeadline(milliseconds: number, signal: AbortSignal | undefined): AbortSignal {
  const late = AbortSignal.timeout(Math.max(0, Math.ceil(milliseconds)));
  return signal ? AbortSignal.any([signal, late]) : late;
}

function isLate({ signal, waitSignal }: TimelyRun): boolean {
  return waitSignal?.aborted === true && signal?.aborted !== true;
}

async function inTime<T>(target: SshTarget, options: TimelyRun, wait: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
  try {
    return await wait(options.waitSignal);
  } catch (error) {
    throw isLate(options) ? tooLate(target) : error;
  }
}

/**
 * Asks again when the node opens no channel: soon and a few times, as sshd may look at new requests before it has tidied away the sessions
 * that it has just closed, and for as long as a queue may be where its MaxSessions is smaller than what we put on a connection.
 */
async function execPatiently(connection: SshConnection, line: string, options: TimelyRun): Promise<RemoteProcess> {
  const { clock, waitSignal, target } = options;
  const pauses = [20, 40, 80, 160, 320];
  const deadline = clock.monotonic() + QUEUE_WAIT_SECONDS * 1000;
  for (;;) {
    try {
      return await connection.exec(line);
    } catch (error) {
      if (!isChannelRefused(error) || clock.monotonic() > deadline) throw error;
      const pause = connection.commands() > 0 ? CHANNEL_RETRY_MS : pauses.shift();
      if (pause === undefined) throw error;
      await clock.sleep(pause, waitSignal);
    }
    options.assertInTime();
    if (waitSignal?.aborted) throw isLate(options) ? tooLate(target) : aborted(target, false);
  }
}
