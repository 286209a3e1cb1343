import type { Upid } from '../domain/upid.ts';
import type { ProxmoxApi } from './api.ts';
import { createTasks } from './tasks.ts';

export interface TaskLogPage {
  /** Number of the first line, from 0. */
  readonly start: number;
  readonly lines: readonly string[];
  /** Lines that the log has now. */
  readonly total: number;
}

/** Reads of task logs. Tasks of the token itself can always be read; others need Sys.Audit on the node. */
export function taskLogReads(api: ProxmoxApi) {
  const tasks = createTasks(api);
  return {
    /** A page of a log: from `start` on, or the newest lines. @throws OperationError `not_found` */
    async taskLog(upid: Upid, { start, limit }: { readonly start: number | undefined; readonly limit: number }): Promise<TaskLogPage> {
      const first = await tasks.log(upid, start ?? 0, limit);
      if (start !== undefined || first.total <= limit) return { start: start ?? 0, ...first };
      const newest = first.total - limit;
      return { start: newest, ...(await tasks.log(upid, newest, limit)) };
    },
  };
}
