import { z } from 'zod';
import { guestLabel } from '../../domain/guest.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { defineQuery } from '../define.ts';
import { withoutJobMarker } from '../job-marker.ts';
import { isoTime } from '../times.ts';
import { snapshotGuest, snapshotGuestInput } from './snapshot-guest.ts';
import { treeOf } from './snapshot-tree.ts';

const snapshotRow = z.object({
  name: z.string(),
  parent: z.string().nullable(),
  depth: z.int().describe('Place in the tree: 0 is a root.'),
  description: z.string(),
  created_at: z.string().nullable(),
  vmstate: z.boolean().describe('With RAM.'),
  state: z.string().nullable().describe('prepare or delete when unfinished.'),
});

export const listSnapshots = defineQuery({
  name: 'list_snapshots',
  title: 'List snapshots',
  description: 'List the snapshots of a VM or container as a tree: what it can be rolled back to.',
  input: snapshotGuestInput,
  output: z.object({
    vmid: z.int(),
    node: z.string(),
    vm_type: z.enum(['qemu', 'lxc']),
    current_parent: z.string().nullable().describe('The snapshot that the guest stands on.'),
    snapshots: z.array(snapshotRow),
  }),
  permissions: { '/vms/{vmid}': ['VM.Audit'] },
  showsGuestText: ({ snapshots }) => snapshots.some(({ description }) => description !== null && description !== ''),
  text(output) {
    const label = `${guestLabel(output.vm_type, output.vmid)} on ${output.node}`;
    if (output.snapshots.length === 0) return `${label} has no snapshots.`;
    const count = `${output.snapshots.length} snapshot${output.snapshots.length === 1 ? '' : 's'}`;
    return [`${label}: ${count}`, ...output.snapshots.map((row) => lineOf(row, output.current_parent))].join('\n');
  },
  async run({ input, pve }) {
    const guest = await snapshotGuest(pve, input);
    const { snapshots, current } = await pve.snapshots(guest);
    return {
      vmid: guest.vmid,
      node: guest.node,
      vm_type: guest.type,
      current_parent: current,
      snapshots: treeOf(snapshots).map(({ snapshot, depth }) => ({
        name: snapshot.name,
        parent: snapshot.parent,
        depth,
        description: withoutJobMarker(snapshot.description),
        created_at: isoTime(snapshot.takenAt),
        vmstate: snapshot.vmstate,
        state: snapshot.snapstate,
      })),
    };
  },
});

function lineOf(row: z.output<typeof snapshotRow>, current: string | null): string {
  const facts = [
    `${row.name} ${row.created_at ?? 'time unknown'}`,
    ...(row.vmstate ? ['with RAM'] : []),
    ...(row.state === null ? [] : [`unfinished (${showUntrusted(row.state)})`]),
    ...(row.description === '' ? [] : [showUntrusted(row.description)]),
    ...(row.name === current ? ['<- the guest stands here'] : []),
  ];
  return `${'  '.repeat(row.depth)}${facts.join(', ')}`;
}
