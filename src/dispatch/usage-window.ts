import type { Clock } from '../domain/clock.ts';
import type { Risk } from '../domain/risk.ts';
import { isFinal, type Job } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Usage } from '../policy/request.ts';

/** What was written and destroyed lately, by everyone who shares the job store. */
export interface UsageWindow {
  /** Counts, without what the same call has been let do so far. @throws OperationError when the store cannot be read */
  count(callId: string): Promise<Usage>;
  /** Counts a job before it is recorded, so that calls at the same time see each other. */
  reserve(jobId: string, risk: Risk, callId: string): void;
  /** The job was not recorded after all. */
  release(jobId: string): void;
}

interface Entry {
  readonly at: number;
  readonly destroys: boolean;
  /** The call of this server that made the job; null for jobs of others and of earlier starts. */
  readonly callId: string | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CAPACITY = 100_000;
const PAGE = 500;
const PAGES = 40;

/** Reads the jobs of the last day once, at the first count, and follows every change from then on. */
export function createUsageWindow(
  jobs: Pick<Jobs, 'list' | 'subscribe'>,
  riskOf: (operation: string) => Risk | undefined,
  clock: Clock,
): UsageWindow {
  const entries = new Map<string, Entry>();
  let loaded: Promise<void> | undefined;

  function put(jobId: string, entry: Entry): void {
    if (entries.size >= CAPACITY && !entries.has(jobId)) entries.delete(entries.keys().next().value ?? '');
    entries.set(jobId, entry);
  }

  /** What has surely changed nothing is not counted; what waits for an approval is. */
  function take(job: Job): void {
    if (isFinal(job.state) && job.effect === 'none') {
      entries.delete(job.jobId);
      return;
    }
    const at = Date.parse(job.createdAt);
    if (clock.now().getTime() - at > DAY_MS) return;
    put(job.jobId, { at, destroys: riskOf(job.operation) === 'destroy', callId: entries.get(job.jobId)?.callId ?? null });
  }

  async function load(): Promise<void> {
    const since = clock.now().getTime() - DAY_MS;
    let cursor: string | null = null;
    for (let page = 0; page < PAGES; page += 1) {
      const { jobs: found, nextCursor } = await jobs.list({ limit: PAGE, ...(cursor === null ? {} : { cursor }) });
      for (const job of found) if (!entries.has(job.jobId)) take(job);
      const last = found.at(-1);
      if (nextCursor === null || last === undefined || Date.parse(last.createdAt) < since) return;
      cursor = nextCursor;
    }
  }

  jobs.subscribe(take);
  return {
    async count(callId) {
      loaded ??= load().catch((error: unknown) => {
        loaded = undefined;
        throw error;
      });
      await loaded;
      const now = clock.now().getTime();
      const usage = { writesLastHour: 0, destroyedLastHour: 0, destroyedLastDay: 0 };
      for (const [jobId, entry] of entries) {
        const age = now - entry.at;
        if (age > DAY_MS) entries.delete(jobId);
        if (age > DAY_MS || entry.callId === callId) continue;
        if (entry.destroys) usage.destroyedLastDay += 1;
        if (age > HOUR_MS) continue;
        usage.writesLastHour += 1;
        if (entry.destroys) usage.destroyedLastHour += 1;
      }
      return usage;
    },
    reserve: (jobId, risk, callId) => put(jobId, { at: clock.now().getTime(), destroys: risk === 'destroy', callId }),
    release: (jobId) => entries.delete(jobId),
  };
}
