import { z } from 'zod';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { defineQuery } from '../define.ts';

export const getClusterStatus = defineQuery({
  name: 'get_cluster_status',
  title: 'Cluster status',
  description: 'Cluster name, quorum and which nodes are online.',
  input: z.object({}),
  output: z.object({
    clustered: z.boolean(),
    name: z.string().nullable(),
    quorate: z.boolean().nullable().describe('Null without a cluster: there is no quorum to lose.'),
    nodes: z.array(z.object({ node: z.string(), online: z.boolean(), address: z.string().nullable() })),
  }),
  permissions: { '/': ['Sys.Audit'] },
  text({ clustered, name, quorate, nodes }) {
    const head = clustered
      ? `Cluster ${showUntrusted(name ?? 'unknown')}: ${quorate ? 'quorate' : 'NO QUORUM (Proxmox VE refuses every change)'}`
      : 'Standalone node, no cluster';
    return [
      head,
      ...nodes.map(({ node, online, address }) => `${node} ${online ? 'online' : 'offline'}${address === null ? '' : ` ${address}`}`),
    ].join('\n');
  },
  async run({ pve }) {
    const { name, quorate, nodes } = await pve.clusterStatus();
    return {
      clustered: name !== null,
      name,
      quorate,
      nodes: nodes.map((node) => ({ node: node.name, online: node.online, address: node.address })),
    };
  },
});
