import { z } from 'zod';
import { jobView } from '../../jobs/view.ts';
import { defineControl } from '../define.ts';
import { jobId } from '../inputs.ts';
import { jobNamed, wholeView } from './job-named.ts';
import { textOfJob } from './job-text.ts';

export const getJob = defineControl({
  name: 'get_job',
  title: 'Show job',
  description: 'Show one job with its history: what happened, why it failed.',
  input: z.object({ job_id: jobId, refresh: z.boolean().default(false).describe('Ask Proxmox VE first.') }),
  risk: 'read',
  output: jobView,
  text: textOfJob,
  async run({ input, jobs }) {
    const job = await jobNamed(jobs, input.job_id);
    return wholeView(jobs, input.refresh ? await jobs.refresh(job.jobId) : job);
  },
});
