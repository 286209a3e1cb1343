import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send, sendThenContinue, unchanged } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { selector } from '../inputs.ts';
import { containerOf, eachContainer } from './each-container.ts';
import { formatStyle } from './format-style.ts';

export const restartContainer = defineTask({
  name: 'restart_container',
  title: 'Restart container',
  description: 'Restart (reboot) running LXC containers.',
  input: z.object({
    selector,
    timeout_seconds: z.int().min(1).max(86_400).default(10).describe('How long the shutdown may take.'),
    force_stop: z.boolean().default(false).describe('Kill it at timeout.'),
    format_style: formatStyle,
  }),
  risk: 'disrupt',
  repeat: 'non-repeatable',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.PowerMgmt'] },
  summary: (input) => `Restart container ${input.selector}`,
  each: eachContainer,
  async run({ input, pve, planned }) {
    const container = await containerOf(pve, input.selector);
    const { pid } = container.facts;
    // Proxmox has no reboot that kills: it is stopped, then started.
    if (input.force_stop && container.status === 'stopped' && planned !== null) return send({ ...container.start(), repeat: 'convergent' });
    if (container.status === 'stopped') {
      throw new OperationError('conflict', `Container ${container.vmid} is stopped, so there is nothing to restart.`, {
        hint: 'Use start_container.',
      });
    }
    if (input.force_stop && planned !== null && planned['pid'] !== pid) return unchanged(`Container ${container.vmid} runs again.`);
    if (input.force_stop) {
      const stop = container.shutdown({ timeout: input.timeout_seconds, forceStop: true });
      return sendThenContinue({ ...stop, repeat: 'convergent' }, { pid });
    }
    return send(container.reboot({ timeout: input.timeout_seconds }));
  },
});
