/** One prompt: what a person picks from a menu, and what the model is then told. */
export interface PromptText {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly args: Readonly<Record<string, { readonly description: string; readonly required: boolean }>>;
  /** Operations that it speaks of. */
  readonly needs: readonly string[];
  /** `{argument}` is replaced; a line whose argument is missing is left out. */
  readonly lines: readonly string[];
}

/** The recipes of the documentation, as prompts. */
export const PROMPT_TEXTS: readonly PromptText[] = [
  {
    name: 'first_look',
    title: 'Safe first look',
    description: 'Get to know the cluster without changing anything.',
    args: {},
    needs: ['get_cluster_status', 'get_nodes', 'get_vms', 'get_containers', 'get_storage', 'list_backups', 'list_jobs'],
    lines: [
      'Give me an overview of my Proxmox VE cluster. Only read; change nothing.',
      '1. get_cluster_status and get_nodes: is there quorum, is a node offline or short of memory or disk?',
      '2. get_vms and get_containers: how many guests run on which node, and which have no name, no backup or a lock?',
      '3. get_storage: which storage is more than 80 % full or unavailable?',
      '4. list_backups: which guests have no backup of the last seven days?',
      '5. list_jobs with status=unknown, then status=failed: is something left to clear up?',
      'Then tell me in a short table what you found, the three things most worth doing, and ask before you do any of them.',
    ],
  },
  {
    name: 'create_test_vm',
    title: 'Create a test VM',
    description: 'Create a small VM from an ISO or cloud image, with the plan shown first.',
    args: {
      name: { description: 'Name of the new VM.', required: true },
      node: { description: 'Node to create it on.', required: false },
      storage: { description: 'Storage for its disk.', required: false },
      volid: { description: 'ISO or cloud image to use.', required: false },
    },
    needs: ['list_isos', 'get_storage', 'create_vm', 'poll_job'],
    lines: [
      'Create a test VM called {name} with 2 CPU cores, 2048 MiB memory and a 20 GiB disk, tagged test.',
      'Create it on node {node}.',
      'Put its disk on storage {storage}.',
      'Install it from {volid}.',
      '1. If the image is not named above, list_isos (also with content=import) and propose one; if there is none, say so and stop.',
      '2. create_vm with dry_run=true. Show me what would be sent, and wait for my word.',
      '3. create_vm again without dry_run and with start=true, then poll_job with wait_seconds until the job has ended.',
      '4. Tell me vmid, node and storage, and how to get rid of it again.',
    ],
  },
  {
    name: 'roll_back_change',
    title: 'Roll back a risky change',
    description: 'Put a guest back to the snapshot from before a change, and say first what is lost.',
    args: {
      vmid: { description: 'VM or container.', required: true },
      snapname: { description: 'Snapshot to go back to.', required: false },
    },
    needs: ['list_snapshots', 'rollback_snapshot', 'create_snapshot', 'poll_job'],
    lines: [
      'A change to guest {vmid} went wrong. Put it back to how it was.',
      'Go back to the snapshot {snapname}.',
      '1. list_snapshots: show me the tree, with times. If no snapshot is named above, propose the newest from before the change.',
      '2. Ask whether the present state is worth keeping for an inspection; if so, create_snapshot first (some storages can only roll back to the newest snapshot: then say so).',
      '3. rollback_snapshot with dry_run=true. Tell me in one sentence what will be lost, and wait for my word.',
      '4. rollback_snapshot, poll_job to its end, then check that the guest is in the state I expect. If the effect is unknown, look before repeating anything.',
    ],
  },
  {
    name: 'move_guest',
    title: 'Move a guest off a node',
    description: 'Bring a VM or container from one node to another by backup and restore, keeping the original.',
    args: {
      vmid: { description: 'VM or container to move.', required: true },
      target_node: { description: 'Node to move it to.', required: false },
    },
    needs: ['get_nodes', 'get_storage', 'create_backup', 'restore_backup', 'poll_job'],
    lines: [
      'Guest {vmid} has to leave its node, for example because the node needs maintenance.',
      'Move it to node {target_node}.',
      '1. get_nodes: if no target is named above, propose an online node with enough free memory.',
      '2. get_storage: find a backup storage that both nodes reach. Without one this way does not work: say so and stop.',
      '3. Show me the plan with the expected downtime, and wait for my word.',
      '4. create_backup of the guest with mode=stop, so that nothing written later is lost, and poll_job to its end.',
      '5. restore_backup on the target node under a new vmid, and poll_job to its end.',
      '6. Do not start both: they have the same addresses. Keep the original stopped until I have said that the new one works; delete nothing by yourself.',
    ],
  },
  {
    name: 'check_backups',
    title: 'Check backups',
    description: 'Find guests without a recent backup, and storages that run full.',
    args: {
      days: { description: 'How old a backup may be, in days.', required: false },
      storage: { description: 'Only this backup storage.', required: false },
    },
    needs: ['get_vms', 'get_containers', 'list_backups', 'get_storage'],
    lines: [
      'Check the backups of my guests. Only read; change nothing.',
      'A backup counts as recent up to {days} days; otherwise up to seven.',
      'Look only at storage {storage}.',
      '1. get_vms and get_containers for all guests, list_backups for their backups (page until next_after is null), get_storage for free space.',
      '2. Tell me in a table: guests without any backup, guests whose newest backup is too old, backups whose verification failed, and storages that could not be read (their backups are unknown, not missing).',
      '3. Propose which backups to make now and which old ones could go, and ask before doing either.',
    ],
  },
];
