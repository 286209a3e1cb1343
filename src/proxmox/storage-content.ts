import type { Mutation } from '../domain/mutation.ts';
import { parseVolid } from '../domain/volid.ts';
import type { ProxmoxApi } from './api.ts';
import { flatMapInSlices } from './in-slices.ts';
import { readFlag, readNumber, readRecord, readRecords, readText, type RawRecord } from './lenient.ts';
import { mutate } from './mutate.ts';
import { route } from './route.ts';

/** What a storage may hold. @see pve-storage PVE/Storage/Plugin.pm, $default_content */
const CONTENT_TYPES = ['images', 'rootdir', 'iso', 'vztmpl', 'backup', 'import', 'snippets'] as const;
export type ContentType = (typeof CONTENT_TYPES)[number];

/** One volume as a storage lists it. What the storage does not say is null. */
export interface Volume {
  readonly volid: string;
  readonly storage: string;
  /** The last part of the volid: `debian.iso`. */
  readonly filename: string;
  readonly content: string;
  readonly format: string | null;
  readonly sizeBytes: number | null;
  /** Epoch seconds on the storage's clock. */
  readonly createdSeconds: number | null;
  /** Owner of an image or backup. */
  readonly vmid: number | null;
  /** `qemu` or `lxc`, of a backup. */
  readonly subtype: string | null;
  /** Text of its owner. */
  readonly notes: string | null;
  readonly protected: boolean;
  readonly encrypted: boolean;
  /** State of the last verification on a Proxmox Backup Server: `ok`, `failed`. */
  readonly verification: string | null;
}

export interface ContentQuery {
  readonly node: string;
  readonly storage: string;
  readonly content?: ContentType | undefined;
  /** Only volumes that belong to this guest. */
  readonly vmid?: number | undefined;
  /** Deadline, milliseconds; a storage that hangs must not hang the caller. */
  readonly timeoutMs?: number | undefined;
}

/** Volumes on storages. @see pve-storage PVE/API2/Storage/Content.pm */
export function storageContentReads(api: ProxmoxApi) {
  return {
    async storageContent({ node, storage, content, vmid, timeoutMs }: ContentQuery): Promise<readonly Volume[]> {
      const params = { ...(content === undefined ? {} : { content }), ...(vmid === undefined ? {} : { vmid }) };
      const { data } = await api.read(route('/nodes/{node}/storage/{storage}/content', { node, storage }), {
        params,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      return flatMapInSlices(readRecords(data), readVolume);
    },
  };
}

function readVolume(row: RawRecord): Volume[] {
  const volid = readText(row['volid']);
  const parts = volid === null ? undefined : parseVolid(volid);
  if (volid === null || parts === undefined) return [];
  return [
    {
      volid,
      storage: parts.storage,
      filename: parts.volume.slice(parts.volume.lastIndexOf('/') + 1),
      content: readText(row['content']) ?? '',
      format: readText(row['format']),
      sizeBytes: readNumber(row['size']),
      createdSeconds: readNumber(row['ctime']),
      vmid: readNumber(row['vmid']),
      subtype: readText(row['subtype']),
      notes: readText(row['notes']),
      protected: readFlag(row['protected']),
      encrypted: row['encrypted'] !== undefined && row['encrypted'] !== null,
      verification: readText(readRecord(row['verification'])['state']),
    },
  ];
}

/** The key under which a volume is held while it is written or removed. */
export function volumeTarget(volid: string): string {
  return `volume/${volid}`;
}

/**
 * Removes one volume that belongs to no guest (ISO image, container template, image to import). Proxmox does not check
 * whether anything uses it, and reports success for one that is already gone.
 */
export function deleteVolume(node: string, { volid, storage }: Pick<Volume, 'volid' | 'storage'>): Mutation {
  return mutate(
    'DELETE',
    '/nodes/{node}/storage/{storage}/content/{volume}',
    { node, storage, volume: volid },
    {
      node,
      targets: [volumeTarget(volid)],
      task: { types: ['imgdel'], id: storage },
    },
  );
}
