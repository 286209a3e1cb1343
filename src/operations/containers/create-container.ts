import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send, unchanged } from '../../domain/plan.ts';
import { createContainerOn } from '../../proxmox/create-container.ts';
import { defineTask } from '../define.ts';
import { node, pool, storage, vmid } from '../inputs.ts';
import { withJobMarker } from '../job-marker.ts';
import { cores, diskGib, memory, swap } from './container-limits.ts';
import { networkFields, networkOf } from './container-network.ts';
import { assertTemplateExists } from './container-template.ts';
import { madeByJob } from './made-by-job.ts';

const HOSTNAME = /^(?=.{1,255}$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const GIB = 1024 ** 3;

const mountPoint = z.object({
  path: z.string().regex(/^\/[^,\s]{1,200}$/).describe('Path in the container.'),
  size_gb: diskGib.describe('GiB.'),
  storage: storage.optional(),
  backup: z.boolean().default(false).describe('Include it in backups.'),
});

const input = z.object({
  node,
  vmid: vmid.optional().describe('Id; a free one when left out.'),
  ostemplate: z.string().min(1).max(255).describe('Volid of the template, e.g. local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst; see list_templates.'),
  hostname: z.string().regex(HOSTNAME).optional().describe('Host name; ct-<vmid> when left out.'),
  cores: cores.default(1),
  memory: memory.default(512),
  swap: swap.default(512),
  disk_size: diskGib.default(8).describe('Root disk, GiB.'),
  storage: storage.optional().describe('For its disks; the one with most free space when left out.'),
  password: z.string().min(5).max(200).optional().describe('Password of root; never stored.'),
  ssh_public_keys: z.string().max(20_000).optional().describe('SSH keys of root, one per line; never stored.'),
  ...networkFields.shape,
  nameserver: z.string().regex(/^[0-9a-fA-F.:%\w ]{2,200}$/).optional().describe('DNS servers, separated by blanks.'),
  searchdomain: z.string().regex(/^[a-zA-Z0-9. -]{1,255}$/).optional().describe('DNS search domain.'),
  mount_points: z.array(mountPoint).max(16).default([]).describe('Further disks.'),
  start_after_create: z.boolean().default(false).describe('Start it when it is made.'),
  onboot: z.boolean().default(false).describe('Start it when the node boots.'),
  nesting: z.boolean().default(false).describe('For systemd or containers inside.'),
  unprivileged: z.boolean().default(true).describe('Keep this true.'),
  protection: z.boolean().default(false).describe('Refuse to delete it.'),
  tags: z.array(z.string().regex(/^[a-zA-Z0-9_][a-zA-Z0-9_+.-]{0,60}$/)).max(20).default([]).describe('Tags.'),
  pool: pool.optional(),
  description: z.string().max(4000).optional().describe('Notes.'),
});

export const createContainer = defineTask({
  name: 'create_container',
  title: 'Create container',
  description: 'Create an LXC container from a template. Storage and id are chosen when left out, and told.',
  input,
  risk: 'change',
  repeat: 'create-once',
  permissions: {
    '/vms/{vmid}': ['VM.Allocate', 'VM.Config.CPU', 'VM.Config.Disk', 'VM.Config.Memory', 'VM.Config.Network', 'VM.Config.Options'],
    '/storage': ['Datastore.Audit'],
    '/storage/{storage}': ['Datastore.AllocateSpace'],
    '/sdn/zones/localnetwork/{network_bridge}': ['SDN.Use'],
  },
  secrets: ['password', 'ssh_public_keys'],
  summary: (wanted) => `Create container ${wanted.vmid ?? wanted.hostname ?? '(free id)'} on ${wanted.node}`,
  async run({ input: wanted, pve, jobId }) {
    const network = networkOf(wanted);
    await assertNodeIsOnline(pve, wanted.node);
    if (!wanted.unprivileged && wanted.nesting) {
      throw new OperationError('invalid_input', 'Only root@pam itself may set nesting on a privileged container; an API token may not.', {
        hint: 'Leave unprivileged at true.',
        details: { field: 'nesting' },
      });
    }
    if (wanted.vmid !== undefined && !(await pve.isVmidFree(wanted.vmid))) {
      const made = await madeByJob(pve, jobId, wanted.vmid);
      if (made !== null) return unchanged(`This job has made container ${wanted.vmid}.`, { vmid: wanted.vmid });
      throw new OperationError('conflict', `The id ${wanted.vmid} is already used by a guest.`, {
        hint: 'Choose another id, or leave vmid out to get a free one.',
        details: { field: 'vmid' },
      });
    }
    await assertTemplateExists(pve, wanted.node, wanted.ostemplate);
    const neededGib = wanted.disk_size + wanted.mount_points.reduce((sum, { size_gb, storage: on }) => sum + (on === undefined ? size_gb : 0), 0);
    const chosen = await pve.chooseStorage({ node: wanted.node, content: 'rootdir', storage: wanted.storage, neededBytes: neededGib * GIB });
    for (const on of new Set(wanted.mount_points.flatMap((mount) => mount.storage ?? []))) {
      await pve.chooseStorage({ node: wanted.node, content: 'rootdir', storage: on });
    }
    const id = wanted.vmid ?? (await pve.freeVmid());
    const hostname = wanted.hostname ?? `ct-${id}`;
    const mutation = createContainerOn({
      node: wanted.node,
      vmid: id,
      ostemplate: wanted.ostemplate,
      hostname,
      cores: wanted.cores,
      memoryMib: wanted.memory,
      swapMib: wanted.swap,
      storage: chosen.storage,
      rootfsGib: wanted.disk_size,
      mountPoints: wanted.mount_points.map((mount) => ({
        path: mount.path,
        sizeGib: mount.size_gb,
        storage: mount.storage ?? chosen.storage,
        backup: mount.backup,
      })),
      network,
      nameserver: wanted.nameserver,
      searchdomain: wanted.searchdomain,
      password: wanted.password,
      sshPublicKeys: wanted.ssh_public_keys,
      unprivileged: wanted.unprivileged,
      nesting: wanted.nesting,
      onboot: wanted.onboot,
      start: wanted.start_after_create,
      protection: wanted.protection,
      tags: wanted.tags,
      pool: wanted.pool,
      description: withJobMarker(wanted.description, jobId),
    });
    return send(mutation, {
      vmid: id,
      hostname,
      node: wanted.node,
      storage: chosen.storage,
      ...(chosen.reason === null ? {} : { storage_chosen_because: chosen.reason }),
    });
  },
  async verify({ input: wanted, pve, jobId }) {
    const made = await madeByJob(pve, jobId, wanted.vmid);
    if (made !== null) return made;
    return wanted.vmid === undefined || (await pve.isVmidFree(wanted.vmid)) ? 'absent' : 'unclear';
  },
});

async function assertNodeIsOnline(pve: { nodes(): Promise<readonly { readonly node: string; readonly status: string }[]> }, name: string): Promise<void> {
  const nodes = await pve.nodes();
  const found = nodes.find(({ node: candidate }) => candidate === name);
  if (found?.status === 'online') return;
  const online = nodes.filter(({ status }) => status === 'online').map(({ node: candidate }) => candidate);
  throw new OperationError(found ? 'conflict' : 'not_found', found ? `Node ${name} is ${found.status}.` : `There is no node ${name}.`, {
    hint: `Online are ${online.toSorted().join(', ') || 'none'}.`,
    details: { field: 'node', nodes: online },
  });
}
