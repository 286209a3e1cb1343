import { showJson } from '../../domain/untrusted-text.ts';
import { z } from 'zod';
import { createLanes } from '../../domain/lanes.ts';
import { OperationError } from '../../domain/operation-error.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { defineQuery } from '../define.ts';
import { textOfGuests } from '../guest-lines.ts';
import { guestFilters, pageOfGuests, withReason } from '../guest-list.ts';
import { guestPage, type GuestPage } from '../guest-page.ts';
import { node } from '../inputs.ts';
import { formatStyle } from './format-style.ts';

const RAW_LIMIT = 100;
const REQUESTS_PER_NODE = 2;

const rawRow = z.object({
  vmid: z.int(),
  raw_status: z.record(z.string(), z.unknown()).nullable(),
  raw_config: z.record(z.string(), z.unknown()).nullable(),
  error: z.string().nullable(),
});

const switches = {
  include_stats: z.boolean().default(false).describe('For old callers: CPU and memory are always there.'),
  include_raw: z.boolean().default(false).describe('Add raw status and config.'),
  format_style: formatStyle,
};

/** What the oldest callers put into `payload`; it wins over what stands beside it. */
const payloadFields = z
  .object({ node, include_stats: z.boolean(), include_raw: z.boolean(), format_style: formatStyle.unwrap() })
  .partial();
const payload = z.record(z.string(), z.unknown()).optional().describe('For old callers: the arguments as one object.');

const input = guestFilters.extend({ ...switches, payload });
type Input = z.output<typeof input>;

export const getContainers = defineQuery({
  name: 'get_containers',
  title: 'List containers',
  description: 'List LXC containers with state, node, CPU, memory, disk, uptime and tags.',
  input,
  output: guestPage.extend({ raw: z.array(rawRow).describe('Empty without include_raw.') }),
  permissions: { '/vms': ['VM.Audit'] },
  text(page, given) {
    return withPayload(given).format_style === 'json' ? showJson(page) : textOfGuests(page, 'container');
  },
  async run({ input: given, pve }) {
    const wanted = withPayload(given);
    const list = await pve.guestList();
    const page = pageOfGuests('lxc', list, {
      ...wanted,
      limit: wanted.include_raw ? Math.min(wanted.limit ?? RAW_LIMIT, RAW_LIMIT) : wanted.limit,
    });
    if (page.total === 0 && wanted.node !== undefined) await assertNodeExists(pve, wanted.node);
    return { ...(await withReason(page, list, pve)), raw: wanted.include_raw ? await rawOf(pve, page.guests) : [] };
  },
});

/** @throws OperationError `invalid_input` for a payload that holds something else than it may */
function withPayload(given: Input): Input {
  if (given.payload === undefined) return given;
  const parsed = payloadFields.safeParse(Object.fromEntries(Object.entries(given.payload).filter(([, value]) => value !== null)));
  if (parsed.success) {
    const { node: on, include_stats, include_raw, format_style } = parsed.data;
    return {
      ...given,
      node: on ?? given.node,
      include_stats: include_stats ?? given.include_stats,
      include_raw: include_raw ?? given.include_raw,
      format_style: format_style ?? given.format_style,
    };
  }
  const fields = parsed.error.issues.map(({ path, message }) => `payload.${path.join('.')}: ${message}`);
  throw new OperationError('invalid_input', `Invalid arguments: ${fields.join('; ')}.`, {
    hint: 'Correct the named fields; nothing was sent.',
    details: { field: 'payload' },
  });
}

/** Nothing found on a node that does not exist is no answer. @throws OperationError `not_found` */
async function assertNodeExists(pve: ProxmoxReader, name: string): Promise<void> {
  const names = (await pve.nodes()).map((row) => row.node).toSorted();
  if (names.includes(name)) return;
  throw new OperationError('not_found', `There is no node ${name}.`, {
    hint: `Nodes are ${names.join(', ')}.`,
    details: { field: 'node' },
  });
}

/** A container that cannot be read says why and delays none of the others. */
function rawOf(pve: ProxmoxReader, guests: GuestPage['guests']): Promise<z.output<typeof rawRow>[]> {
  const lanes = createLanes(REQUESTS_PER_NODE);
  return Promise.all(
    guests.map(({ vmid, node: on, status }) =>
      lanes(on, async () => {
        if (status === 'unknown') return { vmid, raw_status: null, raw_config: null, error: `Node ${on} has not reported.` };
        try {
          const place = { type: 'lxc', node: on, vmid } as const;
          const raw_status = { ...(await pve.rawGuestStatus(place)) };
          return { vmid, raw_status, raw_config: { ...(await pve.guestConfig(place)).options }, error: null };
        } catch (error) {
          if (!(error instanceof OperationError)) throw error;
          return { vmid, raw_status: null, raw_config: null, error: error.message };
        }
      }),
    ),
  );
}
