import type { Mutation } from '../domain/mutation.ts';
import type { ProxmoxApi } from './api.ts';
import { mutate } from './mutate.ts';
import { readRecords, readText } from './lenient.ts';
import { route } from './route.ts';
import { volumeTarget } from './storage-content.ts';

/** A container template that Proxmox's own index offers for download. */
export interface Appliance {
  /** File name, which is also how it is asked for. */
  readonly template: string;
  readonly os: string | null;
  readonly version: string | null;
  readonly section: string | null;
  readonly headline: string | null;
}

/** The index of appliance templates as a node knows it. @see pve-manager PVE/API2/Nodes.pm, aplinfo */
export function applianceReads(api: ProxmoxApi) {
  return {
    async appliances(node: string): Promise<readonly Appliance[]> {
      const { data } = await api.read(route('/nodes/{node}/aplinfo', { node }));
      return readRecords(data).flatMap((row) => {
        const template = readText(row['template']);
        if (template === null) return [];
        return [
          {
            template,
            os: readText(row['os']),
            version: readText(row['version']),
            section: readText(row['section']),
            headline: readText(row['headline']),
          },
        ];
      });
    },
  };
}

/** Downloads a template of the index; the node checks it against the checksum of the index. */
export function downloadAppliance(node: string, storage: string, template: string): Mutation {
  return mutate(
    'POST',
    '/nodes/{node}/aplinfo',
    { node },
    {
      node,
      targets: [volumeTarget(`${storage}:vztmpl/${template}`)],
      task: { types: ['download'], id: template },
      params: { storage, template },
      repeat: 'convergent',
    },
  );
}
