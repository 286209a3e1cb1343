import { z } from 'zod';
import { answerOfJob, jobAnswer, textOfJobAnswer } from '../job-answer.ts';
import { defineControl } from '../define.ts';
import { jobId } from '../inputs.ts';
import { jobNamed } from './job-named.ts';

export const retryJob = defineControl({
  name: 'retry_job',
  title: 'Retry job',
  description: 'Run a failed job again, with the same input and job id.',
  input: z.object({
    job_id: jobId,
    secrets: z.record(z.string(), z.string()).optional().describe('Secret arguments again.'),
  }),
  risk: 'change',
  auditedAs: 'retry',
  takesToken: true,
  output: jobAnswer,
  text: textOfJobAnswer,
  async run({ input, jobs, principal, replan }) {
    const job = await jobNamed(jobs, input.job_id);
    const { plan, approval } = await replan(job, input.secrets ?? {});
    return answerOfJob(await jobs.retry(job.jobId, principal, { plan, approval, ...(input.secrets ? { secrets: input.secrets } : {}) }));
  },
});
