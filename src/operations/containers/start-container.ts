import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send, unchanged } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { selector } from '../inputs.ts';
import { containerOf, eachContainer } from './each-container.ts';
import { formatStyle } from './format-style.ts';

export const startContainer = defineTask({
  name: 'start_container',
  title: 'Start container',
  description: 'Start (boot) stopped LXC containers.',
  input: z.object({ selector, format_style: formatStyle }),
  risk: 'change',
  repeat: 'convergent',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.PowerMgmt'] },
  summary: (input) => `Start container ${input.selector}`,
  each: eachContainer,
  async run({ input, pve }) {
    const container = await containerOf(pve, input.selector);
    if (container.status === 'running') return unchanged(`Container ${container.vmid} is already running.`);
    if (container.facts.template) {
      throw new OperationError('conflict', `Container ${container.vmid} is a template, which cannot be started.`, {
        hint: 'Clone it and start the clone.',
      });
    }
    return send(container.start());
  },
});
