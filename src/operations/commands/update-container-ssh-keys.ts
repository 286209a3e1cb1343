import { z } from 'zod';
import { send } from '../../domain/plan.ts';
import { parseAuthorizedKeys } from '../../exec/authorized-key.ts';
import { updateKeysCommand } from '../../exec/container-ssh-keys.ts';
import { defineTask } from '../define.ts';
import { guestInput } from '../inputs.ts';
import { fileTarget } from './file-target.ts';
import { runningGuest } from './running-guest.ts';

const TIMEOUT_SECONDS = 30;
const KEYS_LENGTH_MAX = 64 * 1024;

export const updateContainerSshKeys = defineTask({
  name: 'update_container_ssh_keys',
  title: 'Set SSH keys of container',
  description: "Add SSH public keys to root's authorized_keys in a running LXC container, or replace those there.",
  input: guestInput.extend({
    public_keys: z.string().min(1).max(KEYS_LENGTH_MAX).describe('One per line.'),
    mode: z.enum(['append', 'replace']).default('append').describe('replace removes all other keys.'),
  }),
  needs: 'ssh',
  risk: 'execute',
  takesToken: true,
  repeat: 'convergent',
  permissions: { '/vms/{vmid}': ['VM.Audit'] },
  summary: (input) => `${input.mode === 'replace' ? 'Replace' : 'Add'} SSH keys in container ${input.vmid}`,
  async run({ input, pve }) {
    const keys = parseAuthorizedKeys(input.public_keys);
    const { node, vmid } = await runningGuest(pve, input, 'lxc');
    return send(
      {
        kind: 'command',
        channel: 'ssh',
        node,
        vmid,
        targets: [fileTarget(vmid, '/root/.ssh/authorized_keys')],
        task: null,
        script: { name: 'update_keys' },
        timeoutSeconds: TIMEOUT_SECONDS,
        ...updateKeysCommand(keys, input.mode),
      },
      { mode: input.mode, fingerprints: keys.map(({ fingerprint }) => fingerprint) },
    );
  },
  verify: async () => 'unclear',
});
