import { z } from 'zod';
import { answerOfJob, jobAnswer, textOfJobAnswer } from '../job-answer.ts';
import { defineControl } from '../define.ts';
import { jobId } from '../inputs.ts';
import { jobNamed } from './job-named.ts';

export const resolveJob = defineControl({
  name: 'resolve_job',
  title: 'Settle unknown job',
  description: 'For a person who has looked: record how a job of status unknown really ended.',
  input: z.object({
    job_id: jobId,
    outcome: z.enum(['succeeded', 'failed']).describe('What was found.'),
    reason: z.string().min(3).max(500).describe('How it was found out.'),
  }),
  risk: 'change',
  auditedAs: 'resolution',
  forPeople: true,
  output: jobAnswer,
  text: textOfJobAnswer,
  async run({ input, jobs, principal }) {
    await jobNamed(jobs, input.job_id);
    return answerOfJob(await jobs.resolve(input.job_id, principal, { outcome: input.outcome, reason: input.reason }));
  },
});
