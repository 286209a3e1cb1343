import { OperationError } from '../../domain/operation-error.ts';
import type { GuestSummary } from '../../proxmox/cluster.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';

const MAX_TARGETS = 20;

/**
 * What a selector names: `123`, `node:123`, `node/name`, `name`, or several separated by commas. Names are exact.
 * @throws OperationError `not_found`, `conflict` when a name fits several, `invalid_input` when there are too many
 */
export async function selectContainers(pve: ProxmoxReader, selector: string): Promise<readonly GuestSummary[]> {
  const parts = [
    ...new Set(
      selector
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  ];
  if (parts.length === 0) throw new OperationError('invalid_input', 'The selector names no container.', { details: { field: 'selector' } });
  if (parts.length > MAX_TARGETS) {
    throw new OperationError(
      'invalid_input',
      `The selector names ${parts.length} containers; at most ${MAX_TARGETS} are handled in one call.`,
      {
        hint: 'Split the list over several calls.',
        details: { field: 'selector' },
      },
    );
  }
  const guests = await pve.guests();
  const chosen = parts.map((part) => selectOne(guests, part));
  return [...new Map(chosen.map((guest) => [guest.vmid, guest])).values()];
}

/** The one container a selector names. @throws OperationError also when it names several */
export async function selectContainer(pve: ProxmoxReader, selector: string): Promise<GuestSummary> {
  const [first, second] = await selectContainers(pve, selector);
  if (first === undefined || second !== undefined) {
    throw new OperationError('invalid_input', `${JSON.stringify(selector.slice(0, 80))} names more than one container.`, {
      hint: 'Name exactly one.',
      details: { field: 'selector' },
    });
  }
  return first;
}

function selectOne(guests: readonly GuestSummary[], part: string): GuestSummary {
  const named = guests.filter(matcher(part));
  const matches = named.filter((guest) => guest.type === 'lxc');
  const shown = JSON.stringify(part.slice(0, 80));
  const [match] = matches;
  const [vm] = named;
  if (match === undefined && vm !== undefined) {
    throw new OperationError('not_found', `${shown} is VM ${vm.vmid}, not a container.`, {
      hint: 'Use the operation for VMs, e.g. start_vm.',
      details: { field: 'selector', vmid: vm.vmid },
    });
  }
  if (match === undefined) {
    const nameless = guests.filter((guest) => guest.type === 'lxc' && guest.name === null).length;
    throw new OperationError('not_found', `No container is called ${shown}, or the API token may not see it.`, {
      hint:
        nameless === 0
          ? 'See get_containers. A selector is 123, node:123, node/name or name.'
          : `The names of ${nameless} containers are not known now, because their node is down or has not reported: use the id (get_containers).`,
      details: { field: 'selector' },
    });
  }
  if (matches.length > 1) {
    throw new OperationError(
      'conflict',
      `${matches.length} containers are called ${shown}: ${matches.map((guest) => guest.vmid).join(', ')}.`,
      {
        hint: 'Use the id.',
        details: { field: 'selector', vmids: matches.map((guest) => guest.vmid) },
      },
    );
  }
  return match;
}

function matcher(part: string): (guest: GuestSummary) => boolean {
  if (/^\d+$/.test(part)) return (guest) => guest.vmid === Number(part);
  const [, node, id] = /^([^:/]+):(\d+)$/.exec(part) ?? [];
  if (node !== undefined) return (guest) => guest.node === node && guest.vmid === Number(id);
  const slash = part.indexOf('/');
  if (slash > 0) return (guest) => guest.node === part.slice(0, slash) && guest.name === part.slice(slash + 1);
  return (guest) => guest.name === part;
}
