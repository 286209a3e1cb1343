import { z } from 'zod';
import { JOB_STATUSES } from '../../jobs/job.ts';
import { compactJobView, viewJobCompact } from '../../jobs/view.ts';
import { defineControl } from '../define.ts';
import { lineOfJob } from './job-text.ts';

export const listJobs = defineControl({
  name: 'list_jobs',
  title: 'List jobs',
  description: 'List jobs (tasks), newest first, by status or operation.',
  input: z.object({
    status: z.enum(JOB_STATUSES).optional().describe('Only jobs that stand so.'),
    tool_name: z.string().max(64).optional().describe('Only jobs of this operation.'),
    limit: z.int().min(1).max(500).default(100).describe('Jobs per page.'),
    cursor: z.string().max(200).optional().describe('Next page: next_cursor of the last one.'),
  }),
  risk: 'read',
  output: z.object({ jobs: z.array(compactJobView), next_cursor: z.string().nullable() }),
  jobsShown: ({ jobs }) => jobs,
  text({ jobs, next_cursor }) {
    if (jobs.length === 0) return 'No jobs.';
    const lines = jobs.map(
      (job) =>
        `${job.created_at} ${lineOfJob(job)} [${job.job_id}] ${job.tool_name}, effect ${job.effect}${job.upid === null ? '' : `, ${job.upid}`}${job.completed_at === null ? '' : `, ended ${job.completed_at}`}`,
    );
    return [...lines, ...(next_cursor === null ? [] : [`More: cursor=${next_cursor}`])].join('\n');
  },
  async run({ input, jobs }) {
    const { status, tool_name, limit, cursor } = input;
    const page = await jobs.list({
      limit,
      ...(status === undefined ? {} : { status }),
      ...(tool_name === undefined ? {} : { operation: tool_name }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    return { jobs: page.jobs.map(viewJobCompact), next_cursor: page.nextCursor };
  },
});
