import type { Job } from '../jobs/job.ts';

/** The resources that read differently since this job changed. */
export function changedResources({ jobId, upid, completedAt, targets }: Job): readonly string[] {
  const guests = completedAt === null ? [] : targets.flatMap((target) => /^guest\/(\d+)$/.exec(target)?.[1] ?? []);
  return [
    `proxmox://jobs/${jobId}`,
    ...(upid === null ? [] : [`proxmox://jobs/${jobId}/log`]),
    ...guests.map((vmid) => `proxmox://guests/${vmid}`),
  ];
}
