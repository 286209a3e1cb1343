import type { Job } from '../jobs/job.ts';
import { statusOf } from '../jobs/job-status.ts';
import { progressBar } from './progress-bar.ts';
import type { Terminal } from './terminal.ts';

/** Shows a job while somebody waits for it. */
export interface ProgressView {
  show(job: Job): void;
  /** Takes the bar away, so that the answer begins on a clean line. */
  end(): void;
}

const CLEAR_LINE = '\r\u001B[K';
/** Where only standard error is a terminal, its width is not known. */
const NARROW = 80;
/** A pipe gets a line per so many percent. */
const STEP = 10;

/** A bar drawn in place on a terminal; in a pipe a line whenever something has changed. Both on standard error. */
export function createProgressView(terminal: Terminal): ProgressView {
  let drawn = false;
  let last = '';
  const shownAs = (job: Job): string => {
    const phase = job.phase === null ? '' : ` (${job.phase})`;
    return `${job.summary}: ${statusOf(job)}${phase}`;
  };
  return {
    show(job) {
      if (terminal.isInteractive) {
        drawn = true;
        const line = `${job.progress === null ? '' : `${progressBar(job.progress)} `}${shownAs(job)}`;
        // A line that wraps could not be taken away again.
        terminal.err(`${CLEAR_LINE}${line.slice(0, (terminal.columns ?? NARROW) - 1)}`);
        return;
      }
      const percent = job.progress === null ? null : Math.floor(job.progress / STEP) * STEP;
      const line = `${shownAs(job)}${percent === null ? '' : ` ${percent}%`}`;
      if (line !== last) terminal.err(`${line}\n`);
      last = line;
    },
    end() {
      if (drawn) terminal.err(CLEAR_LINE);
      drawn = false;
    },
  };
}
