import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send, unchanged, type Plan } from '../../domain/plan.ts';
import { checkUrl, DEFAULT_URL_RULES } from '../../domain/url-rules.ts';
import { downloadAppliance } from '../../proxmox/appliances.ts';
import { CHECKSUM_ALGORITHMS, CHECKSUM_LENGTH, contentOfFile, downloadUrl, type DownloadContent } from '../../proxmox/download-url.ts';
import type { ProxmoxPlanner } from '../../proxmox/planner.ts';
import { defineTask } from '../define.ts';
import { node, storage } from '../inputs.ts';
import { nodeOfStorage } from '../storage-node.ts';

/** What Proxmox leaves as it is; it would rewrite anything else. @see pve-storage PVE/Storage.pm, normalize_content_filename */
const FILENAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;

const input = z.object({
  node: node.optional().describe('Node that downloads; may be left out for shared storage.'),
  storage,
  url: z.string().min(1).max(2048).optional().describe('https URL of the file.'),
  filename: z
    .string()
    .regex(FILENAME, 'must be a file name of letters, digits, - _ and dots')
    .optional()
    .describe('Name to give it, with extension.'),
  checksum: z
    .string()
    .regex(/^[0-9a-fA-F]{1,128}$/, 'must be hexadecimal')
    .optional()
    .describe('Hexadecimal.'),
  checksum_algorithm: z.enum(CHECKSUM_ALGORITHMS).default('sha256').describe('Algorithm of checksum.'),
  compression: z.enum(['gz', 'lzo', 'zst', 'bz2']).optional().describe('How the file is packed.'),
  template: z
    .string()
    .regex(FILENAME, 'must be a file name of letters, digits, - _ and dots')
    .optional()
    .describe('Instead of url: from list_templates available=true.'),
});
type DownloadInput = z.output<typeof input>;

export const downloadIso = defineTask({
  name: 'download_iso',
  title: 'Download image',
  description: 'Download an ISO image, container template or cloud image from a URL to a storage.',
  input,
  risk: 'change',
  repeat: 'create-once',
  permissions: { '/storage/{storage}': ['Datastore.Audit', 'Datastore.AllocateTemplate'], '/nodes/{node}': ['Sys.AccessNetwork'] },
  summary: (given) => `Download ${given.template ?? given.filename ?? 'a file'} to ${given.storage}`,
  async run({ input: given, pve }) {
    const on = await nodeOfStorage(pve, given.storage, given.node);
    return given.template === undefined ? planDownload(pve, on, given) : planTemplate(pve, on, given.template, given);
  },
  async verify({ input: given, pve }) {
    const filename = given.template ?? filenameOf(given);
    const on = await nodeOfStorage(pve, given.storage, given.node);
    const isThere = await holds(pve, on, given.storage, contentOf(filename), filename);
    // The file may have been there before. Asking again makes Proxmox compare its checksum and changes nothing.
    if (isThere && given.checksum !== undefined) return 'absent';
    return isThere ? 'achieved' : 'absent';
  },
});

async function planDownload(pve: ProxmoxPlanner, on: string, given: DownloadInput): Promise<Plan> {
  const filename = filenameOf(given);
  const content = contentOf(filename);
  const checksum = checksumOf(given);
  const url = checkUrl(given.url ?? '', DEFAULT_URL_RULES, checksum !== undefined);
  if (given.compression !== undefined && content !== 'iso') {
    throw new OperationError('invalid_input', `Only ISO images are unpacked, and ${filename} is none.`, {
      hint: 'Leave compression out.',
      details: { field: 'compression' },
    });
  }
  await pve.chooseStorage({ node: on, content, storage: given.storage });
  const volid = `${given.storage}:${content}/${filename}`;
  const isThere = await holds(pve, on, given.storage, content, filename);
  if (isThere && checksum === undefined) {
    throw new OperationError('conflict', `${volid} is there already, and is not overwritten.`, {
      hint: 'Give its checksum to have it checked, use another filename, or delete it first (delete_iso).',
      details: { field: 'filename', volid },
    });
  }
  const request = downloadUrl({
    node: on,
    storage: given.storage,
    content,
    filename,
    url: url.href,
    checksum,
    compression: given.compression,
  });
  return send(request, { volid, node: on, already_there: isThere, checked: checksum?.algorithm ?? 'not at all' });
}

async function planTemplate(pve: ProxmoxPlanner, on: string, template: string, given: DownloadInput): Promise<Plan> {
  if (given.url !== undefined || given.filename !== undefined || given.checksum !== undefined) {
    throw new OperationError('invalid_input', 'A template of the index comes with its own url, filename and checksum.', {
      hint: 'Give either template, or url and filename.',
      details: { field: 'template' },
    });
  }
  const index = await pve.appliances(on);
  if (!index.some((row) => row.template === template)) {
    const family = template.split(/[-_]/)[0] ?? template;
    const similar = index
      .map((row) => row.template)
      .filter((name) => name.startsWith(family))
      .slice(0, 5);
    throw new OperationError('not_found', `Proxmox's index has no template ${template}.`, {
      hint: similar.length > 0 ? `It has ${similar.join(', ')}.` : 'See list_templates with available=true.',
      details: { field: 'template' },
    });
  }
  await pve.chooseStorage({ node: on, content: 'vztmpl', storage: given.storage });
  const volid = `${given.storage}:vztmpl/${template}`;
  if (await holds(pve, on, given.storage, 'vztmpl', template)) return unchanged(`${volid} is there already.`, { volid, node: on });
  return send(downloadAppliance(on, given.storage, template), { volid, node: on });
}

async function holds(pve: ProxmoxPlanner, on: string, onStorage: string, content: DownloadContent, filename: string): Promise<boolean> {
  const volumes = await pve.storageContent({ node: on, storage: onStorage, content });
  return volumes.some((volume) => volume.filename === filename && volume.content === content);
}

/** @throws OperationError `invalid_input` when the name is neither given nor in the URL */
function filenameOf({ filename, url }: DownloadInput): string {
  if (url === undefined)
    throw new OperationError('invalid_input', 'Neither url nor template is given.', {
      hint: 'Give url and filename, or template.',
      details: { field: 'url' },
    });
  const named = filename ?? (URL.canParse(url) ? (new URL(url).pathname.split('/').at(-1) ?? '') : '');
  if (FILENAME.test(named)) return named;
  throw new OperationError('invalid_input', 'The url does not end in a file name that can be used.', {
    hint: 'Give filename.',
    details: { field: 'filename' },
  });
}

function contentOf(filename: string): DownloadContent {
  const content = contentOfFile(filename);
  if (content !== undefined) return content;
  throw new OperationError('invalid_input', `${filename} has no extension by which Proxmox VE knows a file.`, {
    hint: 'ISO images end in .iso or .img, container templates in .tar.gz .tar.xz .tar.zst, disk images in .qcow2 .raw .vmdk .ova.',
    details: { field: 'filename' },
  });
}

function checksumOf({ checksum, checksum_algorithm: algorithm }: DownloadInput) {
  if (checksum === undefined) return undefined;
  if (checksum.length === CHECKSUM_LENGTH[algorithm]) return { value: checksum.toLowerCase(), algorithm };
  throw new OperationError(
    'invalid_input',
    `A ${algorithm} checksum has ${CHECKSUM_LENGTH[algorithm]} hexadecimal digits, not ${checksum.length}.`,
    {
      hint: 'Check checksum and checksum_algorithm.',
      details: { field: 'checksum' },
    },
  );
}
