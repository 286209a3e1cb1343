import type { ServerContext } from '@modelcontextprotocol/server';
import type { Job } from '../jobs/job.ts';

/**
 * Tells the client how far the job is that its call waits for, when it asked for progress. A notification that cannot be
 * delivered is dropped: the answer itself is what counts.
 */
export function progressReporter(request: ServerContext['mcpReq']): ((job: Job) => void) | undefined {
  const progressToken = request._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let last = -1;
  return (job) => {
    const progress = job.progress ?? 0;
    if (progress <= last) return;
    last = progress;
    request
      .notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100, message: job.summary } })
      .catch(() => undefined);
  };
}
