import type { HttpWorld } from './http-world.ts';
import type { ShownJob } from './world-server.ts';

const VERBS: Readonly<Record<string, string>> = { start_vm: 'start', reset_vm: 'reset', destroy_vm: 'destroy', set_vm: 'set' };
const SUCCEEDED = new Set(['succeeded', 'succeeded_with_warnings']);
const ENDED_BADLY = new Set(['failed', 'not_observed']);

/** What is wrong with these jobs, given what really arrived in the world. */
export function untruths(world: HttpWorld, jobs: readonly ShownJob[]): string[] {
  const wrong: string[] = world.overlaps.map((overlap) => `overlap: ${overlap}`);
  const known = new Set(jobs.map((job) => job.jobId));
  for (const request of world.requests)
    if (!known.has(request.jobId)) wrong.push(`request ${request.verb} ${request.vmid} of job ${request.jobId} is not recorded`);
  const keys = new Map<string, string>();
  for (const job of jobs) {
    const sent = world.requests.filter((request) => request.jobId === job.jobId && request.verb === VERBS[job.operation]);
    const applied = sent.filter((request) => request.applied);
    const name = `${job.operation} ${job.vmid} (${job.state})`;
    if (job.operation !== 'start_vm' && job.operation !== 'set_vm' && sent.length > 1) wrong.push(`${name} was sent ${sent.length} times`);
    if (SUCCEEDED.has(job.state) && applied.length === 0) wrong.push(`${name} had no effect`);
    if (ENDED_BADLY.has(job.state) && applied.length > 0) wrong.push(`${name} had an effect`);
    if (keys.has(job.key)) wrong.push(`key ${job.key} made two jobs`);
    keys.set(job.key, job.jobId);
  }
  return wrong;
}
