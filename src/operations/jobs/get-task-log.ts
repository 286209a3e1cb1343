import { z } from 'zod';
import { isUpid } from '../../domain/upid.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { defineQuery } from '../define.ts';

const LINE_LENGTH = 500;

export const getTaskLog = defineQuery({
  name: 'get_task_log',
  title: 'Show task log',
  showsGuestText: () => true,
  description: 'The log of a Proxmox VE task, newest lines unless start is given: why a job failed, what a backup did.',
  input: z.object({
    upid: z.string().max(300).refine(isUpid, 'not a UPID').describe('Task of a job (task_id).'),
    start: z.int().min(0).max(10_000_000).optional().describe('First line, from 0.'),
    limit: z.int().min(1).max(500).default(50).describe('Lines.'),
  }),
  output: z.object({
    upid: z.string(),
    start: z.int().describe('Number of the first line here.'),
    lines: z.array(z.string()),
    total: z.int().describe('Lines that the log has now.'),
  }),
  permissions: {},
  text({ lines, start, total }) {
    const head = `lines ${start} to ${start + lines.length} of ${total}`;
    return [head, ...lines.map((line) => showUntrusted(line, LINE_LENGTH))].join('\n');
  },
  async run({ input: { upid, start, limit }, pve }) {
    const page = await pve.taskLog(upid, { start, limit });
    return { upid, start: page.start, lines: page.lines.map((line) => line.slice(0, LINE_LENGTH)), total: page.total };
  },
});
