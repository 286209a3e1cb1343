import { z } from 'zod';
import { answerOfJob, jobAnswer, textOfJobAnswer } from '../job-answer.ts';
import { defineControl } from '../define.ts';
import { jobId } from '../inputs.ts';
import { jobNamed } from './job-named.ts';

export const cancelJob = defineControl({
  name: 'cancel_job',
  title: 'Cancel job',
  description: 'Abort a running job: ask Proxmox VE to stop its task.',
  input: z.object({ job_id: jobId }),
  risk: 'disrupt',
  auditedAs: 'cancel',
  output: jobAnswer,
  text: textOfJobAnswer,
  async run({ input, jobs, principal }) {
    await jobNamed(jobs, input.job_id);
    return answerOfJob(await jobs.cancel(input.job_id, principal));
  },
});
