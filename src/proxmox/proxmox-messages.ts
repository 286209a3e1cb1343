import { AGENT_MESSAGES } from './agent-messages.ts';
import { CLONE_MESSAGES } from './clone-messages.ts';
import type { MessageRow } from './message-row.ts';

const kind = (label: string | undefined): string => (label === 'CT' ? 'Container' : 'VM');

/**
 * Every text of Proxmox VE that we read meaning into, each with its emitter. All but those marked `in_doubt` are emitted
 * before any work begins. A 500 whose text is not here is in doubt.
 */
export const PROXMOX_MESSAGES: readonly MessageRow[] = [
  // pve-cluster PVE/Cluster.pm, check_cfs_quorum
  {
    pattern: /cluster not ready - no quorum/,
    failure: 'refused',
    code: 'proxmox_failed',
    message: () => 'The cluster has no quorum, so Proxmox VE refuses every change.',
    hint: 'Bring enough nodes back (get_cluster_status). Reading still works.',
  },
  // pve-common PVE/RESTEnvironment.pm, fork_worker
  {
    pattern: /^(?:got no worker upid|starting worker failed)/,
    failure: 'refused_again',
    code: 'proxmox_failed',
    message: () => 'Proxmox VE could not start a worker.',
    hint: 'The node may be out of memory or processes.',
  },
  // pve-common PVE/RESTEnvironment.pm, active_workers: the worker was already started
  {
    pattern: /\.active\.lock' - got timeout/,
    failure: 'in_doubt',
    code: 'timeout',
    message: () => 'Proxmox VE started a task and then failed to list it.',
    hint: 'The job looks for it in the cluster log.',
  },
  // pve-common PVE/Tools.pm, lock_file_full
  {
    pattern: /can't lock file '\/(?:var|run)\/lock\/[^']*' - got timeout/,
    failure: 'refused_again',
    code: 'conflict',
    message: () => 'The configuration of the guest is held by another operation.',
    hint: 'Wait until the other operation has ended.',
  },
  // qemu-server PVE/QemuConfig.pm and pve-container PVE/LXC/Config.pm, check_lock; the beginning from create_and_lock_config
  {
    pattern: /^(?:unable to (?:create|restore) (?:VM|CT) \d+ - )?(?<label>VM|CT) is locked \((?<lock>[\w-]+)\)/,
    failure: 'refused',
    code: 'conflict',
    message: ({ label, lock }) => `${kind(label)} is locked by ${lock ?? 'another operation'}.`,
    hint: 'Wait for the operation that holds the lock; never clear it by hand while its task runs.',
  },
  // pve-guest-common PVE/AbstractConfig.pm, load_config
  {
    pattern: /^Configuration file 'nodes\/(?<node>[^/]+)\/(?<dir>qemu-server|lxc)\/(?<vmid>\d+)\.conf' does not exist/,
    failure: 'refused',
    code: 'not_found',
    message: ({ node, dir, vmid }) => `There is no ${dir === 'lxc' ? 'container' : 'VM'} ${vmid} on node ${node}.`,
    hint: 'Find it with get_vms or get_containers; leave out node to let the server find it.',
  },
  // qemu-server PVE/API2/Qemu.pm, pve-container PVE/API2/LXC.pm: create, clone, restore
  {
    pattern: /(?:VM|CT) (?<vmid>\d+) already exists on node '(?<node>[^']+)'|unable to create VM (?<clone>\d+): config file already exists/,
    failure: 'refused',
    code: 'conflict',
    message: ({ vmid, clone, node }) => `The id ${vmid ?? clone} is already used by a guest${node === undefined ? '' : ` on ${node}`}.`,
    hint: 'Choose another id, or leave it out to get a free one.',
  },
  // qemu-server PVE/QemuServer.pm, pve-container PVE/API2/LXC/Status.pm
  {
    pattern: /^(?<label>VM|CT) (?<vmid>\d+) already running/,
    failure: 'refused',
    code: 'conflict',
    message: ({ label, vmid }) => `${kind(label)} ${vmid} is already running.`,
  },
  {
    pattern: /^VM is paused - cannot shutdown/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The VM is paused, so its system cannot shut down.',
    hint: 'A person resumes it in Proxmox VE first. Or pull the plug: stop_vm, or force_stop=true.',
  },
  {
    pattern: /^(?<label>VM|CT) (?<vmid>\d+) (?:is )?not running/,
    failure: 'refused',
    code: 'conflict',
    message: ({ label, vmid }) => `${kind(label)} ${vmid} is not running.`,
    hint: 'Start it first.',
  },
  {
    pattern: /^VM (?<vmid>\d+) is running - destroy failed|unable to destroy CT (?<ct>\d+) - container is running/,
    failure: 'refused',
    code: 'conflict',
    message: ({ vmid, ct }) => `Guest ${vmid ?? ct} is running, so Proxmox VE does not destroy it.`,
    hint: 'Stop it first, or call with force=true.',
  },
  {
    pattern: /protection mode enabled|is protected|can't remove .* protect/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'It is protected in Proxmox VE and cannot be removed.',
    hint: 'A person has to take the protection off in Proxmox VE.',
  },
  // qemu-server PVE/API2/Qemu.pm, update_vm; pve-common PVE/Tools.pm, assert_if_modified
  {
    pattern: /^checksum mis+match \(file change by other user|^detected modified configuration - file changed by other user/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The configuration was changed by somebody else in the meantime.',
    hint: 'Read it again and repeat the change.',
  },
  ...AGENT_MESSAGES,
  // pve-storage PVE/Storage.pm, storage_config, storage_check_enabled
  {
    pattern: /^storage '(?<storage>[^']+)' does not exist/,
    failure: 'refused',
    code: 'not_found',
    message: ({ storage }) => `There is no storage ${storage}.`,
    hint: 'See get_storage for those that exist.',
  },
  {
    pattern: /^storage '(?<storage>[^']+)' is disabled|^storage '(?<other>[^']+)' is not available on node/,
    failure: 'refused',
    code: 'conflict',
    message: ({ storage, other }) => `Storage ${storage ?? other} is not enabled there.`,
    hint: 'See get_storage for those that are.',
  },
  // pve-storage PVE/Storage.pm, activate_storage
  {
    pattern: /^storage '(?<storage>[^']+)' is not online/,
    failure: 'refused',
    code: 'conflict',
    message: ({ storage }) => `Storage ${storage} is out of reach now.`,
    hint: 'See get_storage; try again when its server answers.',
  },
  {
    pattern:
      /^storage '(?<storage>[^']+)' is not configured for content-type '(?<content>[^']+)'|^storage '(?<other>[^']+)' does not support/,
    failure: 'refused',
    code: 'conflict',
    message: ({ storage, other, content }) => `Storage ${storage ?? other} does not hold ${content ?? 'this kind of content'}.`,
    hint: 'See get_storage for the content types of each storage.',
  },
  // pve-common PVE/INotify.pm, pve-cluster PVE/Cluster.pm
  {
    pattern: /^hostname lookup '(?<node>[^']+)' failed|^no such cluster node '(?<other>[^']+)'/,
    failure: 'refused',
    code: 'not_found',
    message: ({ node, other }) => `There is no node ${node ?? other}.`,
    hint: 'See get_nodes for those that exist.',
  },
  ...CLONE_MESSAGES,
  {
    pattern: /^unable to shrink disk size/,
    failure: 'refused',
    code: 'invalid_input',
    message: () => 'A disk can only grow.',
  },
  {
    pattern: /^only root can set '(?<option>[\w-]+)' config/,
    failure: 'refused',
    code: 'missing_privilege',
    message: ({ option }) => `Only root@pam itself may set ${option}; an API token may not.`,
  },
  {
    pattern: /^can't overwrite running container/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The container is running, so it is not overwritten.',
    hint: 'Stop it first.',
  },
  {
    pattern: /^snapshot feature is not available|snapshot feature not available/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The storage of this guest cannot make snapshots.',
  },
  // pve-container PVE/API2/LXC.pm and qemu-server PVE/API2/Qemu.pm, destroy_vm; pve-guest-common PVE/ReplicationConfig.pm
  {
    pattern:
      /^unable to remove (?:VM|CT) (?<vmid>\d+) - used in HA resources|^There is a replication job '[^']*' for guest '(?<other>\d+)'/,
    failure: 'refused',
    code: 'conflict',
    message: ({ vmid, other }) => `Guest ${vmid ?? other} is still named by HA or by a replication job.`,
    hint: 'Repeat with purge=true to remove it from there too.',
  },
  // pve-container PVE/API2/LXC.pm, resize_vm
  {
    pattern: /^can't resize volume: (?<disk>\w+) if snapshot exists/,
    failure: 'refused',
    code: 'conflict',
    message: ({ disk }) => `${disk} is a qcow2 file with snapshots, which cannot grow.`,
    hint: 'Delete the snapshots first.',
  },
  {
    pattern: /^can't resize mount ?point owned by another container \((?<owner>\d+)\)/,
    failure: 'refused',
    code: 'conflict',
    message: ({ owner }) => `The disk belongs to container ${owner}.`,
    hint: 'Grow it there.',
  },
  {
    pattern: /^disk is already at specified size/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The disk already has this size.',
  },
  // pve-common PVE/Tools.pm, validate_ssh_public_keys
  {
    pattern: /^SSH public key validation error/,
    failure: 'refused',
    code: 'invalid_input',
    message: () => 'Proxmox VE takes one of the SSH keys for none.',
    hint: 'Give public keys, one per line.',
  },
  // pve-storage PVE/Storage.pm, check_volume_access
  {
    pattern: /^unable to use volume .+ - content type needs to be '(?<content>\w+)'/,
    failure: 'refused',
    code: 'invalid_input',
    message: ({ content }) => `The volume is no ${content}.`,
    hint: 'Use a volid exactly as Proxmox VE lists it.',
  },
];
