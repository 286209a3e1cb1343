import { OperationError } from '../../domain/operation-error.ts';
import type { Job } from '../../jobs/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { viewJob, type JobView } from '../../jobs/view.ts';

/** @throws OperationError `not_found` */
export async function jobNamed(jobs: Jobs, jobId: string): Promise<Job> {
  const job = await jobs.get(jobId);
  if (job) return job;
  throw new OperationError('not_found', `There is no job ${JSON.stringify(jobId)}.`, {
    hint: 'See list_jobs. Finished jobs are removed after a while.',
    details: { job_id: jobId },
  });
}

/** The whole job with its history. */
export async function wholeView(jobs: Jobs, job: Job): Promise<JobView> {
  return viewJob(job, await jobs.events(job.jobId));
}
