import type { MessageRow } from './message-row.ts';

/** Why Proxmox VE refuses to copy a guest, each with its emitter. All are emitted before any work begins. */
export const CLONE_MESSAGES: readonly MessageRow[] = [
  // qemu-server PVE/API2/Qemu.pm and pve-container PVE/API2/LXC.pm, clone_vm
  {
    pattern: /^can't clone (?:VM|CT) to node '(?<node>[^']+)'|^can't clone to non-shared storage '(?<storage>[^']+)'/,
    failure: 'refused',
    code: 'conflict',
    message: ({ node, storage }) =>
      storage === undefined
        ? `It has a volume on local storage, so it cannot be cloned to node ${node}.`
        : `Storage ${storage} is not shared, so a clone on another node cannot be put there.`,
    hint: 'Clone it on its own node, then migrate the copy.',
  },
  {
    pattern: /^parameter '(?<option>storage|format)' not allowed for linked clones/,
    failure: 'refused',
    code: 'invalid_input',
    message: ({ option }) => `A linked clone has the ${option} of its template.`,
    hint: 'Use full=true.',
  },
  {
    pattern: /^snapshot '(?<name>[^']+)' does not exist/,
    failure: 'refused',
    code: 'not_found',
    message: ({ name }) => `There is no snapshot ${name}.`,
    hint: 'See list_snapshots.',
  },
  {
    pattern: /^cannot clone TPM state while VM is running/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The state of a TPM cannot be copied while the VM runs.',
    hint: 'Shut the VM down first, or clone a snapshot of it.',
  },
  {
    pattern: /^Full clone feature is not supported for drive '(?<drive>[^']+)'/,
    failure: 'refused',
    code: 'conflict',
    message: ({ drive }) => `The storage of ${drive} cannot copy it in this state.`,
    hint: 'Clone the VM as it is now instead of a snapshot, or take a device of the node out of it first.',
  },
  {
    pattern: /^Linked clone feature is not supported/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'A linked clone needs a template or a snapshot on a storage that can link.',
    hint: 'Use full=true.',
  },
];
