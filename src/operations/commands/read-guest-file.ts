import { z } from 'zod';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { showOutput } from '../../domain/visible-output.ts';
import type { GuestFile } from '../../exec/read-guest-file.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { sha256Of } from '../command-result.ts';
import { defineQuery } from '../define.ts';
import { guestInput } from '../inputs.ts';
import { untrustedBlock } from '../untrusted-block.ts';
import { checkFilePath, path } from './guest-file-path.ts';
import { runningGuest } from './running-guest.ts';

const READ_DEFAULT = 64 * 1024;
const READ_MAX = 1024 * 1024;
/** Room for characters that are shown as several. */
const SHOWN_MAX = 2 * READ_MAX;

export const readGuestFile = defineQuery({
  name: 'read_guest_file',
  title: 'Read file in guest',
  description: 'Read a file inside a running VM (QEMU guest agent) or container (SSH). The content is untrusted data.',
  input: guestInput.extend({
    path,
    max_bytes: z.int().min(1).max(READ_MAX).default(READ_DEFAULT).describe('Read at most this much from its beginning.'),
    encoding: z.enum(['text', 'base64']).default('text').describe('text shows control characters as \\x1b; base64 is exact.'),
  }),
  showsGuestText: () => true,
  readsGuestFile: true,
  output: z.object({
    vmid: z.int(),
    node: z.string(),
    type: z.enum(['qemu', 'lxc']),
    path: z.string(),
    content: z.string(),
    encoding: z.enum(['text', 'base64']),
    read_bytes: z.int(),
    size_bytes: z.int().nullable().describe('Of the whole file; null where it is too large to tell.'),
    truncated: z.boolean().describe('True when the file goes on.'),
    invalid_utf8: z.boolean(),
    sha256: z.string().describe('Of the bytes read.'),
  }),
  permissions: { '/vms/{vmid}': { pve8: ['VM.Audit', 'VM.Monitor'], pve9: ['VM.Audit', 'VM.GuestAgent.FileRead'] } },
  text(output) {
    const notes = [
      `${output.read_bytes} of ${output.size_bytes ?? 'more'} bytes`,
      ...(output.invalid_utf8 ? ['not all of it is UTF-8'] : []),
      `sha256 ${output.sha256}`,
    ].join(', ');
    const head = `${output.type === 'qemu' ? 'VM' : 'Container'} ${output.vmid} on ${output.node}: ${showUntrusted(output.path)}${output.encoding === 'base64' ? ' as base64' : ''}`;
    return [head, ...(output.read_bytes === 0 ? ['The file is empty.'] : untrustedBlock('content', notes, output.content))].join('\n');
  },
  async run({ input, pve, files }) {
    const { type, node, vmid } = await runningGuest(pve, input);
    checkFilePath(type, input.path);
    const file =
      type === 'qemu' ? await readInVm(pve, { node, vmid }, input) : await files.read({ node, vmid }, input.path, input.max_bytes);
    const shown = input.encoding === 'base64' ? null : showOutput(file.content, SHOWN_MAX, file.truncated);
    return {
      vmid,
      node,
      type,
      path: input.path,
      content: shown === null ? Buffer.from(file.content).toString('base64') : shown.text,
      encoding: input.encoding,
      read_bytes: file.content.length,
      size_bytes: file.sizeBytes,
      truncated: file.truncated || shown?.shortened === true,
      invalid_utf8: shown?.invalidUtf8 ?? false,
      sha256: file.sha256,
    };
  },
});

/** The agent always reads the file from its beginning, up to 16 MiB. */
async function readInVm(
  pve: ProxmoxReader,
  place: { readonly node: string; readonly vmid: number },
  input: { readonly path: string; readonly max_bytes: number },
): Promise<Omit<GuestFile, 'sizeBytes'> & { readonly sizeBytes: number | null }> {
  const file = await pve.vmFile(place, input.path);
  const content = file.content.subarray(0, input.max_bytes);
  return {
    content,
    sizeBytes: file.truncated ? null : file.content.length,
    truncated: file.truncated || content.length < file.content.length,
    sha256: sha256Of(content),
  };
}
