import { OperationError } from '../../domain/operation-error.ts';
import { send, unchanged } from '../../domain/plan.ts';
import { parseAuthorizedKeys } from '../../exec/authorized-key.ts';
import { createContainerOn } from '../../proxmox/create-container.ts';
import { chooseNode } from '../choose-node.ts';
import { defineTask } from '../define.ts';
import { withJobMarker } from '../job-marker.ts';
import { assertBridges } from '../known-bridges.ts';
import { ofField } from '../of-field.ts';
import { networkOf } from './container-network.ts';
import { assertTemplateExists } from './container-template.ts';
import { madeByJob } from './made-by-job.ts';
import { newContainerInput } from './new-container-input.ts';

const GIB = 1024 ** 3;

export const createContainer = defineTask({
  name: 'create_container',
  title: 'Create container',
  description: 'Create a new LXC container from a template.',
  input: newContainerInput,
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
  /** The id is settled before the job is recorded, so that the job holds it and finds its container again. */
  each: async ({ input, pve, taken }) => [{ ...input, vmid: input.vmid ?? (await pve.freeVmid(taken)) }],
  async run({ input: wanted, pve, jobId }) {
    const network = networkOf(wanted);
    assertKeys(wanted.ssh_public_keys);
    await chooseNode(pve, wanted.node);
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
    if (network !== undefined) await assertBridges(pve, wanted.node, [wanted.network_bridge], 'network_bridge');
    await assertTemplateExists(pve, wanted.node, wanted.ostemplate);
    const neededGib =
      wanted.disk_size + wanted.mount_points.reduce((sum, { size_gb, storage: on }) => sum + (on === undefined ? size_gb : 0), 0);
    const chosen = await pve.chooseStorage({
      node: wanted.node,
      content: 'rootdir',
      storage: wanted.storage,
      neededBytes: neededGib * GIB,
    });
    for (const [index, { storage: on }] of wanted.mount_points.entries()) {
      if (on === undefined) continue;
      await pve
        .chooseStorage({ node: wanted.node, content: 'rootdir', storage: on })
        .catch((error: unknown) => Promise.reject(ofField(error, `mount_points.${index}.storage`)));
    }
    const id = wanted.vmid ?? (await pve.freeVmid());
    await pve.assertPrivilege('VM.Allocate', [`/vms/${id}`, ...(wanted.pool === undefined ? [] : [`/pool/${wanted.pool}`])]);
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

/** Proxmox refuses keys without saying which line it is. @throws OperationError `invalid_input` */
function assertKeys(keys: string | undefined): void {
  if (keys === undefined) return;
  try {
    parseAuthorizedKeys(keys);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new OperationError(error.code, `ssh_public_keys: ${error.message}`, { hint: error.hint, details: { field: 'ssh_public_keys' } });
  }
}
