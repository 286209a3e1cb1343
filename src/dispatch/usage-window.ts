import type { Clock } from '../domain/clock.ts';
import { dropOldest } from '../domain/drop-oldest.ts';
import type { Risk } from '../domain/risk.ts';
import { isFinal, type Job } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Usage } from '../policy/request.ts';
import { approvalOf } from './stored-approval.ts';

/** What was written, destroyed and asked lately, by everyone who shares the job store. */
export interface UsageWindow {
  /** Counts everything but the jobs of the same call. @throws OperationError when the store cannot be read */
  count(callId: string): Promise<Usage>;
  /** How many questions of a principal people were asked within the hour. @throws OperationError when the store cannot be read */
  asked(principalId: string): Promise<number>;
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
  /** False for what has surely changed nothing. */
  readonly counts: boolean;
  readonly question: { readonly by: string; readonly at: number } | undefined;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CAPACITY = 100_000;
const PAGE = 500;
const PAGES = 40;

/** Reads the jobs of the last day once, at the first count, and follows every change from then on. */
export function createUsageWindow(
  jobs: Pick<Jobs, 'list' | 'subscribe'>,
  riskOf: (job: Pick<Job, 'operation' | 'input'>) => Risk | undefined,
  clock: Clock,
): UsageWindow {
  const entries = new Map<string, Entry>();
  let loaded: Promise<void> | undefined;

  function put(jobId: string, entry: Entry): void {
    entries.set(jobId, entry);
    dropOldest(entries, CAPACITY);
  }

  /** What has surely changed nothing is not counted; what waits for an approval is. A question counts whatever became of it. */
  function take(job: Job): void {
    const counts = !isFinal(job.state) || job.effect !== 'none';
    const request = approvalOf(job);
    if (!counts && !request) {
      entries.delete(job.jobId);
      return;
    }
    const at = Date.parse(job.createdAt);
    const question = request && { by: request.asked_by, at: Date.parse(request.asked_at) };
    if (clock.now().getTime() - Math.max(at, question?.at ?? 0) > DAY_MS) return;
    put(job.jobId, { at, destroys: riskOf(job) === 'destroy', callId: entries.get(job.jobId)?.callId ?? null, counts, question });
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

  function whenLoaded(): Promise<void> {
    return (loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    }));
  }

  jobs.subscribe(take);
  return {
    async asked(principalId) {
      await whenLoaded();
      const since = clock.now().getTime() - HOUR_MS;
      return [...entries.values()].filter(({ question }) => question?.by === principalId && question.at > since).length;
    },
    async count(callId) {
      await whenLoaded();
      const now = clock.now().getTime();
      const usage = { writesLastHour: 0, destroyedLastHour: 0, destroyedLastDay: 0 };
      for (const [jobId, entry] of entries) {
        const age = now - entry.at;
        if (age > DAY_MS && now - (entry.question?.at ?? 0) > HOUR_MS) entries.delete(jobId);
        if (!entry.counts || age > DAY_MS || entry.callId === callId) continue;
        if (entry.destroys) usage.destroyedLastDay += 1;
        if (age > HOUR_MS) continue;
        usage.writesLastHour += 1;
        if (entry.destroys) usage.destroyedLastHour += 1;
      }
      return usage;
    },
    reserve: (jobId, risk, callId) =>
      put(jobId, { at: clock.now().getTime(), destroys: risk === 'destroy', callId, counts: true, question: undefined }),
    release: (jobId) => entries.delete(jobId),
  };
}
