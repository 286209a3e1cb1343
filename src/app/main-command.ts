import type { Environment } from '../domain/environment.ts';
import { withDefaultConfigFile } from './default-config-file.ts';
import { letYoungGenerationGrow } from './young-generation.ts';

/** Runs the command line. Resolves with the exit code. A server's standard output belongs to the protocol; everything else goes to standard error. */
export async function runCommand(argv: readonly string[], given: Environment): Promise<number> {
  const environment = withDefaultConfigFile(given);
  if (argv.length === 0) {
    // Clients start this many times a day: nothing of the command line is loaded for it.
    const end = await (await import('./serve-prepared.ts')).servePrepared(environment);
    if (end === 'gone') return 0;
    letYoungGenerationGrow();
    const { serve } = await import('./serve-command.ts');
    return serve(environment, 'configured', end.answered);
  }
  letYoungGenerationGrow();
  const [{ runProgram }, { processTerminal }, { createProgram }] = await Promise.all([
    import('../cli/run-program.ts'),
    import('../cli/terminal.ts'),
    import('./create-program.ts'),
  ]);
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    return await runProgram(createProgram(), argv, { terminal: processTerminal(process), environment, signal: interrupt.signal });
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}
