import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { formatBytes, formatDuration, formatPercent } from '../../domain/units.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { defineQuery } from '../define.ts';
import { node } from '../inputs.ts';

export const getNodeStatus = defineQuery({
  name: 'get_node_status',
  title: 'Node status',
  description: 'One node in detail: load, memory, swap, root disk, kernel, Proxmox VE version.',
  input: z.object({ node }),
  output: z.object({
    node: z.string(),
    status: z.enum(['online', 'offline']),
    uptime_seconds: z.number().nullable(),
    cpu_model: z.string().nullable(),
    cpus: z.number().nullable(),
    sockets: z.number().nullable(),
    cpu_usage: z.number().nullable().describe('0 to 1.'),
    load_average: z.array(z.number()).describe('Over 1, 5 and 15 minutes.'),
    memory_used_bytes: z.number().nullable(),
    memory_total_bytes: z.number().nullable(),
    swap_used_bytes: z.number().nullable(),
    swap_total_bytes: z.number().nullable(),
    root_used_bytes: z.number().nullable(),
    root_total_bytes: z.number().nullable(),
    kernel: z.string().nullable(),
    pve_version: z.string().nullable(),
  }),
  permissions: { '/nodes/{node}': ['Sys.Audit'] },
  text(status) {
    if (status.status === 'offline') return `${status.node} offline`;
    return [
      `${status.node} online, up ${formatDuration(status.uptime_seconds)}, ${showUntrusted(status.pve_version ?? 'version unknown')}`,
      `CPU ${formatPercent(status.cpu_usage)} of ${status.cpus ?? 'unknown'} (${status.sockets ?? 'unknown'} socket, ${showUntrusted(status.cpu_model ?? 'unknown')}), load ${status.load_average.join(' ')}`,
      `memory ${formatBytes(status.memory_used_bytes)} of ${formatBytes(status.memory_total_bytes)}, swap ${formatBytes(status.swap_used_bytes)} of ${formatBytes(status.swap_total_bytes)}`,
      `root disk ${formatBytes(status.root_used_bytes)} of ${formatBytes(status.root_total_bytes)}, kernel ${showUntrusted(status.kernel ?? 'unknown')}`,
    ].join('\n');
  },
  async run({ input, pve }) {
    try {
      const status = await pve.nodeStatus(input.node);
      return {
        node: status.node,
        status: 'online' as const,
        uptime_seconds: status.uptimeSeconds,
        cpu_model: status.cpuModel,
        cpus: status.cpus,
        sockets: status.sockets,
        cpu_usage: status.cpuUsage,
        load_average: [...status.loadAverage],
        memory_used_bytes: status.memoryUsedBytes,
        memory_total_bytes: status.memoryTotalBytes,
        swap_used_bytes: status.swapUsedBytes,
        swap_total_bytes: status.swapTotalBytes,
        root_used_bytes: status.rootUsedBytes,
        root_total_bytes: status.rootTotalBytes,
        kernel: status.kernel,
        pve_version: status.pveVersion,
      };
    } catch (error) {
      if (error instanceof OperationError && error.details['node'] === input.node && error.code === 'proxmox_unreachable')
        return offline(input.node);
      throw error;
    }
  },
});

/** The other nodes answer and this one does not: that is its status, not a failure of the call. */
function offline(name: string) {
  return {
    node: name,
    status: 'offline' as const,
    uptime_seconds: null,
    cpu_model: null,
    cpus: null,
    sockets: null,
    cpu_usage: null,
    load_average: [],
    memory_used_bytes: null,
    memory_total_bytes: null,
    swap_used_bytes: null,
    swap_total_bytes: null,
    root_used_bytes: null,
    root_total_bytes: null,
    kernel: null,
    pve_version: null,
  };
}
