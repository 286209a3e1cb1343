import { z } from 'zod';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import type { Appliance } from '../../proxmox/appliances.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { defineQuery } from '../define.ts';
import { imageFilters, imagePage, pageOfImages, textOfImages } from './image-list.ts';

const appliance = z.object({
  template: z.string(),
  os: z.string().nullable(),
  version: z.string().nullable(),
  section: z.string().nullable(),
  headline: z.string().nullable(),
});

export const listTemplates = defineQuery({
  name: 'list_templates',
  title: 'List container templates',
  description: 'List container templates on storages, or with available=true those that Proxmox offers for download_iso.',
  input: imageFilters.extend({ available: z.boolean().default(false).describe("List Proxmox's index.") }),
  output: imagePage.extend({ available: z.array(appliance).describe('Templates of the index; pass template to download_iso.') }),
  permissions: { '/storage': ['Datastore.Audit'] },
  text: (page, input) =>
    input.available ? textOfIndex(page.available, page.total, page.next_after) : textOfImages(page, 'container template'),
  async run({ input, pve }) {
    if (!input.available) {
      const found = await pve.findContent({ content: 'vztmpl', node: input.node, storage: input.storage });
      return { ...pageOfImages(found, input), available: [] };
    }
    const wanted = input.name?.toLowerCase();
    const index = await pve.appliances(await anyNode(pve, input.node));
    const matching = index
      .filter(({ template, headline }) => wanted === undefined || `${template} ${headline ?? ''}`.toLowerCase().includes(wanted))
      .toSorted((a, b) => (a.template < b.template ? -1 : 1));
    const { after } = input;
    const rest = after === undefined ? matching : matching.filter(({ template }) => template > after);
    const page = rest.slice(0, input.limit);
    const next = rest.length > page.length ? (page.at(-1)?.template ?? null) : null;
    return { images: [], total: matching.length, next_after: next, unavailable: [], available: page.map((row) => ({ ...row })) };
  },
});

/** Every node has the index, so any that is online will do. */
async function anyNode(pve: ProxmoxReader, node: string | undefined): Promise<string> {
  if (node !== undefined) return node;
  const nodes = await pve.nodes();
  return (nodes.find((row) => row.status === 'online') ?? nodes[0])?.node ?? '';
}

function textOfIndex(rows: readonly Appliance[], total: number, next: string | null): string {
  return [
    `${total} templates in Proxmox's index`,
    ...rows.map(
      ({ template, section, headline }) =>
        `${showUntrusted(template, 255)}${headline === null ? '' : ` ${showUntrusted(headline)}`}${section === null ? '' : `, ${showUntrusted(section)}`}`,
    ),
    ...(next === null ? [] : [`${rows.length} of ${total} shown; next page: after=${showUntrusted(next, 255)}`]),
  ].join('\n');
}
