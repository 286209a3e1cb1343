import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { selector } from '../inputs.ts';
import { containerOf, eachContainer } from './each-container.ts';
import { formatStyle } from './format-style.ts';

export const restartContainer = defineTask({
  name: 'restart_container',
  title: 'Restart container',
  description: 'Restart (reboot) running LXC containers cleanly.',
  input: z.object({
    selector,
    timeout_seconds: z.int().min(1).max(86_400).default(10).describe('How long the shutdown may take.'),
    format_style: formatStyle,
  }),
  risk: 'disrupt',
  repeat: 'non-repeatable',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.PowerMgmt'] },
  summary: (input) => `Restart container ${input.selector}`,
  each: eachContainer,
  async run({ input, pve }) {
    const container = await containerOf(pve, input.selector);
    if (container.status === 'stopped') {
      throw new OperationError('conflict', `Container ${container.vmid} is stopped, so there is nothing to restart.`, {
        hint: 'Use start_container.',
      });
    }
    return send(container.reboot({ timeout: input.timeout_seconds }));
  },
});
