import { z } from 'zod';
import { GRAMMAR } from '../../domain/grammar.ts';
import { OperationError } from '../../domain/operation-error.ts';
import { send, sendThenContinue, unchanged } from '../../domain/plan.ts';
import { formatBytes } from '../../domain/units.ts';
import { readContainerConfig, type ContainerConfig } from '../../proxmox/container-config.ts';
import { defineTask } from '../define.ts';
import { assertUnlocked } from '../guest-lock.ts';
import { selector } from '../inputs.ts';
import { cores, diskGib, memory, swap } from './container-limits.ts';
import { containerOf, eachContainer } from './each-container.ts';
import { formatStyle } from './format-style.ts';

const GIB = 1024 ** 3;

const input = z.object({
  selector,
  cores: cores.optional(),
  memory: memory.optional(),
  swap: swap.optional(),
  disk_gb: diskGib.optional().describe('Grow BY this many GiB.'),
  disk_size_gb: z.number().positive().max(1_048_576).optional().describe('Or grow TO this many.'),
  disk: z.string().regex(GRAMMAR.disk, 'must be a disk like rootfs or mp0').default('rootfs').describe('rootfs, mp0, …'),
  format_style: formatStyle,
});
type Input = z.output<typeof input>;

export const updateContainerResources = defineTask({
  name: 'update_container_resources',
  title: 'Change container resources',
  description: 'Change CPU cores, memory and swap of LXC containers, or grow a disk, also while they run.',
  input,
  risk: 'change',
  repeat: 'convergent',
  permissions: {
    '/vms/{vmid}': ['VM.Audit', 'VM.Config.CPU', 'VM.Config.Memory', 'VM.Config.Disk'],
    '/storage': ['Datastore.AllocateSpace'],
  },
  summary: (wanted) => `Change resources of container ${wanted.selector}`,
  async each({ input: wanted, pve }) {
    if (wanted.disk_gb !== undefined && wanted.disk_size_gb !== undefined) {
      throw new OperationError('invalid_input', 'disk_gb and disk_size_gb exclude each other.', {
        hint: 'disk_gb grows the disk by an amount, disk_size_gb to a size.',
        details: { fields: ['disk_gb', 'disk_size_gb'] },
      });
    }
    const targets = await eachContainer({ input: wanted, pve });
    const { disk_gb: growth } = wanted;
    if (growth === undefined) return targets;
    // What is recorded is the size to reach: however often a job sends it, the disk grows once.
    return Promise.all(
      targets.map(async (target) => {
        const { vmid, node } = await containerOf(pve, target.selector);
        const current = sizeOf(readContainerConfig(await pve.guestConfig({ type: 'lxc', node, vmid })), target.disk, vmid);
        return { ...target, disk_gb: undefined, disk_size_gb: current / GIB + growth };
      }),
    );
  },
  async run({ input: wanted, pve }) {
    const container = await containerOf(pve, wanted.selector);
    const { vmid, node, facts } = container;
    const config = readContainerConfig(await pve.guestConfig({ type: 'lxc', node, vmid }));
    const changes = changesOf(wanted, config);
    const target = wanted.disk_size_gb === undefined ? undefined : Math.round(wanted.disk_size_gb * GIB);
    const current = target === undefined ? 0 : sizeOf(config, wanted.disk, vmid);
    if (target !== undefined && target < current) {
      throw new OperationError('invalid_input', `${wanted.disk} of container ${vmid} has ${formatBytes(current)}; a disk can only grow.`, {
        hint: `Ask for more than ${current / GIB} GiB, or use disk_gb to grow it by an amount.`,
        details: { field: 'disk_size_gb', current_bytes: current },
      });
    }
    assertUnlocked(facts);
    const grows = target !== undefined && target > current;
    if (grows && facts.template) {
      throw new OperationError('conflict', `Container ${vmid} is a template, whose disks stay as they are.`, {
        hint: 'Clone it and grow the disk of the clone.',
        details: { vmid },
      });
    }
    const options = Object.fromEntries(changes.map(({ option, to }) => [option, to]));
    const result = {
      container: facts.name,
      node,
      ...Object.fromEntries(changes.map(({ option, from, to }) => [option, { from, to }])),
      ...(grows ? { [wanted.disk]: { from_bytes: current, to_bytes: target } } : {}),
    };
    if (changes.length > 0 && grows) return sendThenContinue(container.configure(options, config.digest), result);
    if (changes.length > 0) return send(container.configure(options, config.digest), result);
    if (grows) return send(container.resize(wanted.disk, target), result);
    const asksNothing = [wanted.cores, wanted.memory, wanted.swap, target].every((value) => value === undefined);
    const why = asksNothing
      ? `No resource of container ${vmid} is named, so none is changed.`
      : `Container ${vmid} already has these resources.`;
    return unchanged(why, { container: facts.name, node });
  },
});

function changesOf(wanted: Input, config: ContainerConfig): readonly { option: string; from: number | null; to: number }[] {
  const current = { cores: config.cores, memory: config.memoryMib, swap: config.swapMib };
  return (['cores', 'memory', 'swap'] as const).flatMap((option) => {
    const to = wanted[option];
    return to === undefined || to === current[option] ? [] : [{ option, from: current[option], to }];
  });
}

/** Bytes. @throws OperationError when the container has no such disk, or one whose size Proxmox does not record */
function sizeOf(config: ContainerConfig, disk: string, vmid: number): number {
  const found = config.disks.find((candidate) => candidate.disk === disk);
  if (found?.sizeBytes !== undefined && found.sizeBytes !== null) return found.sizeBytes;
  const sized = config.disks.filter(({ sizeBytes }) => sizeBytes !== null).map((candidate) => candidate.disk);
  throw new OperationError(
    found ? 'conflict' : 'not_found',
    found ? `${disk} of container ${vmid} has no size of its own (a bind mount?).` : `Container ${vmid} has no disk ${disk}.`,
    { hint: `It has ${sized.join(', ')}.`, details: { field: 'disk' } },
  );
}
