/** Where a command writes, and what is on the other side. */
export interface Terminal {
  /** Results: standard output. */
  out(text: string): void;
  /** Progress, questions and errors: standard error. */
  err(text: string): void;
  /** True when a person watches standard error: progress is drawn in place. */
  readonly isInteractive: boolean;
  /** Width for tables; null in a pipe, where lines are never cut. */
  readonly columns: number | null;
}

/** The terminal of a process. A reader that goes away (`| head`) ends the process quietly. */
export function processTerminal(process: NodeJS.Process): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isInteractive: process.stderr.isTTY && process.env['TERM'] !== 'dumb',
    columns: process.stdout.isTTY ? process.stdout.columns : null,
  };
}
