import { z } from 'zod';
import type { GuestType } from '../../domain/guest.ts';
import type { Step } from '../../domain/mutation.ts';
import { OperationError } from '../../domain/operation-error.ts';
import { send } from '../../domain/plan.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { writeFileCommand } from '../../exec/write-guest-file.ts';
import { AGENT_WRITE_BYTES, agentFileWrite } from '../../proxmox/guest-agent.ts';
import { sha256Of } from '../command-result.ts';
import { defineTask } from '../define.ts';
import { guestInput } from '../inputs.ts';
import { fileTarget } from './file-target.ts';
import { checkFilePath, path } from './guest-file-path.ts';
import { runningGuest } from './running-guest.ts';

const CONTAINER_WRITE_BYTES = 1024 * 1024;
/** Characters of base64 for the largest content. */
const CONTENT_LENGTH_MAX = 1_400_000;
const TIMEOUT_SECONDS = 60;

const input = guestInput.extend({
  path,
  content: z.string().max(CONTENT_LENGTH_MAX).describe('The whole new content; at most 45 KiB for a VM, 1 MiB for a container.'),
  encoding: z.enum(['text', 'base64']).default('text').describe('How content is given; text is written as UTF-8.'),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/)
    .optional()
    .describe('Containers: permissions, e.g. 0644. By default those of the old file.'),
  if_exists: z.enum(['replace', 'refuse']).default('replace').describe('Containers: refuse keeps a file that is there.'),
});

export const writeGuestFile = defineTask({
  name: 'write_guest_file',
  title: 'Write file in guest',
  description: 'Write a whole file inside a running VM (QEMU guest agent) or container (SSH), replacing what is there.',
  input,
  risk: 'execute',
  repeat: 'non-repeatable',
  secrets: ['content'],
  permissions: { '/vms/{vmid}': { pve8: ['VM.Audit', 'VM.Monitor'], pve9: ['VM.Audit', 'VM.GuestAgent.FileWrite'] } },
  summary: (given) => `Write ${showUntrusted(given.path)} in guest ${given.vmid}`,
  async run({ input: given, pve }) {
    const { type, node, vmid } = await runningGuest(pve, given);
    checkFilePath(type, given.path);
    const content = bytesOf(given, type);
    const step = type === 'qemu' ? inVm({ node, vmid }, given, content) : inContainer({ node, vmid }, given, content);
    return send(step, { path: given.path, size_bytes: content.byteLength, sha256: sha256Of(content) });
  },
  verify: async () => 'unclear',
});

type Given = z.output<typeof input>;
interface Place {
  readonly node: string;
  readonly vmid: number;
}

function inVm(place: Place, given: Given, content: Uint8Array): Step {
  if (given.mode !== undefined || given.if_exists === 'refuse') {
    throw invalid(
      given.mode === undefined ? 'if_exists' : 'mode',
      'The QEMU guest agent can only replace the content of a file.',
      'Leave out mode and if_exists for a VM.',
    );
  }
  return agentFileWrite(place, given.path, content, [fileTarget(place.vmid, given.path)]);
}

function inContainer({ node, vmid }: Place, given: Given, content: Uint8Array): Step {
  const file = { path: given.path, content, ifExists: given.if_exists, ...(given.mode === undefined ? {} : { mode: given.mode }) };
  return {
    kind: 'command',
    channel: 'ssh',
    node,
    vmid,
    targets: [fileTarget(vmid, given.path)],
    task: null,
    script: { name: 'write_file', path: given.path },
    timeoutSeconds: TIMEOUT_SECONDS,
    ...writeFileCommand(file),
  };
}

function bytesOf({ content, encoding }: Given, type: GuestType): Uint8Array {
  const bytes = Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8');
  if (encoding === 'base64' && bytes.toString('base64').replace(/=+$/, '') !== content.replace(/[=\s]+$/, '')) {
    throw invalid('content', 'The content is no clean base64.', 'Give standard base64 on one line, or encoding=text.');
  }
  const most = type === 'qemu' ? AGENT_WRITE_BYTES : CONTAINER_WRITE_BYTES;
  if (bytes.byteLength > most) {
    throw invalid(
      'content',
      `The content has ${bytes.byteLength} bytes; at most ${most} can be written to a ${type === 'qemu' ? 'VM' : 'container'} at once.`,
      'Let the guest fetch larger files itself.',
    );
  }
  return bytes;
}

function invalid(field: string, message: string, hint: string): OperationError {
  return new OperationError('invalid_input', message, { hint, details: { field } });
}
