import { z } from 'zod';
import { formatBytes, formatDuration, formatPercent } from '../../domain/units.ts';
import { defineQuery } from '../define.ts';
import type { NodeSummary } from '../../proxmox/cluster.ts';
import { oncePerList } from '../once-per-list.ts';
import { partial, whyPartial } from '../partial-list.ts';

const nodeRow = z.object({
  node: z.string(),
  status: z.enum(['online', 'offline', 'unknown']),
  cpus: z.number().nullable(),
  cpu_usage: z.number().nullable().describe('0 to 1.'),
  memory_bytes: z.number().nullable(),
  max_memory_bytes: z.number().nullable(),
  disk_bytes: z.number().nullable().describe('Used on the root file system.'),
  max_disk_bytes: z.number().nullable(),
  uptime_seconds: z.number().nullable(),
});

export const getNodes = defineQuery({
  name: 'get_nodes',
  title: 'List nodes',
  description: 'List the nodes of the cluster with state, CPU, memory, root disk and uptime.',
  input: z.object({}),
  output: z.object({ nodes: z.array(nodeRow), partial }),
  permissions: { '/nodes': ['Sys.Audit'] },
  text: ({ nodes, partial: why }) => [...linesOf(nodes), ...(why === null ? [] : [why])].join('\n'),
  async run({ pve }) {
    const nodes = await pve.nodes();
    const isBare = nodes.some(({ status, cpus }) => status === 'online' && cpus === null);
    return { partial: isBare ? await whyPartial(pve, [['/nodes', 'Sys.Audit']]) : null, nodes: rowsOf(nodes) };
  },
});

const rowsOf = oncePerList((nodes: readonly NodeSummary[]): z.output<typeof nodeRow>[] =>
  nodes
    .toSorted((a, b) => (a.node < b.node ? -1 : 1))
    .map((node) => ({
      node: node.node,
      status: node.status,
      cpus: node.cpus,
      cpu_usage: node.cpuUsage,
      memory_bytes: node.memoryBytes,
      max_memory_bytes: node.maxMemoryBytes,
      disk_bytes: node.diskBytes,
      max_disk_bytes: node.maxDiskBytes,
      uptime_seconds: node.uptimeSeconds,
    })),
);

const linesOf = oncePerList((nodes: readonly z.output<typeof nodeRow>[]) => nodes.map(lineOfNode));

function lineOfNode(node: z.output<typeof nodeRow>): string {
  if (node.status !== 'online') return `${node.node} ${node.status}`;
  return [
    `${node.node} online`,
    `${node.cpus ?? 'unknown'} CPU ${formatPercent(node.cpu_usage)}`,
    `memory ${formatBytes(node.memory_bytes)} of ${formatBytes(node.max_memory_bytes)}`,
    `root disk ${formatBytes(node.disk_bytes)} of ${formatBytes(node.max_disk_bytes)}`,
    `up ${formatDuration(node.uptime_seconds)}`,
  ].join(', ');
}
