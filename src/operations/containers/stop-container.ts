import { z } from 'zod';
import { send, unchanged } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { selector } from '../inputs.ts';
import { containerOf, eachContainer } from './each-container.ts';
import { formatStyle } from './format-style.ts';

export const stopContainer = defineTask({
  name: 'stop_container',
  title: 'Stop container',
  description: 'Stop running LXC containers: shut down cleanly, or power off at once.',
  input: z.object({
    selector,
    graceful: z.boolean().default(true).describe('false: at once.'),
    timeout_seconds: z.int().min(1).max(86_400).default(10).describe('How long a graceful stop may take.'),
    force_stop: z.boolean().default(false).describe('Kill it at timeout.'),
    format_style: formatStyle,
  }),
  risk: 'disrupt',
  repeat: 'convergent',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.PowerMgmt'] },
  summary: (input) => `${input.graceful ? 'Shut down' : 'Stop'} container ${input.selector}`,
  each: eachContainer,
  async run({ input, pve }) {
    const container = await containerOf(pve, input.selector);
    if (container.status === 'stopped') return unchanged(`Container ${container.vmid} is already stopped.`);
    if (!input.graceful) return send(container.stop());
    return send(container.shutdown({ timeout: input.timeout_seconds, forceStop: input.force_stop || undefined }));
  },
  /** A container that was asked may still obey. */
  async verify({ input, pve }) {
    return (await containerOf(pve, input.selector)).status === 'stopped' ? 'achieved' : 'unclear';
  },
});
