/** How long a shutdown may take before the process ends anyway. */
const SHUTDOWN_MS = 10_000;

/** Resolves with the name of the first signal that asks the process to end. */
export function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(signal));
  });
}

/** Closes one after the other, in the given order. Where that hangs, the process ends all the same, with code 1. */
export async function shutDown(...closing: readonly (() => Promise<void> | undefined)[]): Promise<void> {
  setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
  for (const close of closing) await close();
}
