import type { Mutation } from '../domain/mutation.ts';
import { mutate } from './mutate.ts';
import { volumeTarget } from './storage-content.ts';

/** Kinds of file that a storage can fetch by itself. */
const DOWNLOAD_CONTENT = ['iso', 'vztmpl', 'import'] as const;
export type DownloadContent = (typeof DOWNLOAD_CONTENT)[number];

export const CHECKSUM_ALGORITHMS = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Length of each checksum in hexadecimal digits. */
export const CHECKSUM_LENGTH: Readonly<Record<ChecksumAlgorithm, number>> = {
  md5: 32,
  sha1: 40,
  sha224: 56,
  sha256: 64,
  sha384: 96,
  sha512: 128,
};

const EXTENSIONS: Readonly<Record<DownloadContent, RegExp>> = {
  iso: /\.(?:iso|img)$/i,
  vztmpl: /\.tar\.(?:gz|xz|zst|bz2)$/i,
  import: /\.(?:qcow2|raw|vmdk|ova)$/i,
};

/** What a file of this name is, by its extension; undefined when Proxmox would take it as nothing. @see pve-storage PVE/Storage.pm */
export function contentOfFile(filename: string): DownloadContent | undefined {
  return DOWNLOAD_CONTENT.find((content) => EXTENSIONS[content].test(filename));
}

export interface Download {
  readonly node: string;
  readonly storage: string;
  readonly content: DownloadContent;
  readonly filename: string;
  readonly url: string;
  readonly checksum?: { readonly value: string; readonly algorithm: ChecksumAlgorithm } | undefined;
  /** How the file at the URL is packed; it is unpacked after the download. */
  readonly compression?: 'gz' | 'lzo' | 'zst' | 'bz2' | undefined;
}

/**
 * Lets a node fetch a file onto a storage. With a checksum, a file that is there already is checked and kept, so sending
 * twice is harmless; without one Proxmox refuses to overwrite it. @see pve-storage PVE/API2/Storage/Status.pm, download_url
 */
export function downloadUrl({ node, storage, content, filename, url, checksum, compression }: Download): Mutation {
  return mutate(
    'POST',
    '/nodes/{node}/storage/{storage}/download-url',
    { node, storage },
    {
      node,
      targets: [volumeTarget(`${storage}:${content}/${filename}`)],
      task: { types: ['download'], id: filename },
      params: { content, filename, url, checksum: checksum?.value, 'checksum-algorithm': checksum?.algorithm, compression },
      repeat: checksum === undefined ? 'create-once' : 'convergent',
    },
  );
}
