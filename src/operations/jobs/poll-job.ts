import { z } from 'zod';
import { answerOfJob, jobAnswer, textOfJobAnswer } from '../job-answer.ts';
import { defineControl } from '../define.ts';
import { jobId } from '../inputs.ts';
import { jobNamed } from './job-named.ts';

export const pollJob = defineControl({
  name: 'poll_job',
  title: 'Wait for job',
  description: 'Ask whether a job has finished, or wait for its end with wait_seconds.',
  input: z.object({ job_id: jobId, wait_seconds: z.int().min(0).max(50).default(0).describe('Wait this long for its end.') }),
  risk: 'read',
  output: jobAnswer,
  text: textOfJobAnswer,
  async run({ input, jobs, signal, onProgress }) {
    await jobNamed(jobs, input.job_id);
    const job = await jobs.refresh(input.job_id);
    if (input.wait_seconds === 0) return answerOfJob(job);
    return answerOfJob(await jobs.wait(job.jobId, { seconds: input.wait_seconds, signal, onChange: onProgress }));
  },
});
