import type { Upid } from '../domain/upid.ts';
import { annotate } from './engine.ts';
import type { Engine } from './engine.ts';
import type { JobRecord } from './job-record.ts';
import { readProgressLine, warningOf } from './task-log-lines.ts';

const PAGE = 500;
const WARNINGS_KEPT = 20;

interface LogCursor {
  /** First line that has not been read for good. */
  readonly next: number;
  readonly percent: number | null;
}

/** Reads progress from the newest lines of a running job's log, never the same line twice but for the last. */
export interface ProgressReader {
  /** Notes a new percentage in the job. Faults are swallowed: progress is only for people. */
  read(record: JobRecord): Promise<void>;
  forget(upid: Upid): void;
}

export function createProgressReader(engine: Engine): ProgressReader {
  const cursors = new Map<Upid, LogCursor>();

  async function advance(upid: Upid): Promise<number | null> {
    let { next, percent } = cursors.get(upid) ?? { next: 0, percent: null };
    let { lines, total } = await engine.tasks.log(upid, next, PAGE);
    if (total > next + PAGE) {
      next = total - PAGE;
      ({ lines, total } = await engine.tasks.log(upid, next, PAGE));
    }
    // The last line may still be being written: it is read, and read again next time.
    for (const line of lines.slice(0, -1)) percent = readProgressLine(percent, line);
    cursors.set(upid, { next: next + Math.max(0, lines.length - 1), percent });
    return readProgressLine(percent, lines.at(-1) ?? '');
  }

  return {
    async read(record) {
      if (record.upid === null || record.state !== 'running') return;
      try {
        const percent = await advance(record.upid);
        if (percent !== null && percent !== record.progress) await annotate(engine, record, { progress: percent });
      } catch (fault) {
        engine.report(fault, `log of ${record.upid}`);
      }
    },
    forget: (upid) => cursors.delete(upid),
  };
}

/** The warnings in a finished task's log, from its newest lines; the exit status itself when none can be read. */
export async function readWarnings(engine: Engine, upid: Upid, exitStatus: string): Promise<readonly string[]> {
  try {
    let page = await engine.tasks.log(upid, 0, PAGE);
    if (page.total > PAGE) page = await engine.tasks.log(upid, page.total - PAGE, PAGE);
    const warnings = page.lines.map(warningOf).filter((warning) => warning !== null);
    return warnings.length > 0 ? warnings.slice(-WARNINGS_KEPT) : [exitStatus];
  } catch {
    return [exitStatus];
  }
}
