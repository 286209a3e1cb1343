import { z } from 'zod';
import { isLoopback } from '../../domain/loopback.ts';
import { OperationError } from '../../domain/operation-error.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import type { ContainerInterface } from '../../proxmox/container-addresses.ts';
import { defineQuery } from '../define.ts';
import { guestInput } from '../inputs.ts';
import { runningGuest } from './running-guest.ts';

const interfaceRow = z.object({
  name: z.string(),
  hwaddr: z.string().nullable(),
  addresses: z.array(z.object({ address: z.string(), prefix_length: z.int().nullable(), family: z.enum(['inet', 'inet6']) })),
});

export const getGuestNetwork = defineQuery({
  name: 'get_guest_network',
  title: 'Guest network',
  description: 'Network interfaces and IP addresses that a running VM (told by its QEMU guest agent) or container has now.',
  input: guestInput,
  // Names and addresses are what the guest says, and in a VM as long as it likes.
  showsGuestText: () => true,
  output: z.object({
    vmid: z.int(),
    node: z.string(),
    type: z.enum(['qemu', 'lxc']),
    primary_ip: z.string().nullable().describe('First global address, IPv4 before IPv6.'),
    interfaces: z.array(interfaceRow).describe('All but the loopback.'),
  }),
  permissions: { '/vms/{vmid}': { pve8: ['VM.Audit', 'VM.Monitor'], pve9: ['VM.Audit', 'VM.GuestAgent.Audit'] } },
  text(output) {
    const head = `${output.type === 'qemu' ? 'VM' : 'Container'} ${output.vmid} on ${output.node}: ${output.primary_ip === null ? 'no address' : showUntrusted(output.primary_ip)}`;
    return [head, ...output.interfaces.map(lineOf)].join('\n');
  },
  async run({ input, pve }) {
    const { type, node, vmid } = await runningGuest(pve, input);
    const found: readonly ContainerInterface[] | string =
      type === 'qemu' ? await pve.vmInterfaces({ node, vmid }) : await pve.containerInterfaces(node, vmid);
    if (typeof found === 'string') {
      throw new OperationError(
        'conflict',
        found === 'stopped' ? `Container ${vmid} is not running.` : 'This release of Proxmox VE does not tell the addresses of containers.',
        {
          hint: 'See get_container_ip for those it is configured with.',
          details: { vmid },
        },
      );
    }
    const interfaces = found.filter(({ name, addresses }) => name !== 'lo' && !addresses.some(({ address }) => isLoopback(address)));
    const global = interfaces
      .flatMap(({ addresses }) => addresses)
      .filter(({ address }) => !/^(?:fe[89ab][0-9a-f]:|169\.254\.)/i.test(address));
    return {
      vmid,
      node,
      type,
      primary_ip: (global.find(({ family }) => family === 'inet') ?? global[0])?.address ?? null,
      interfaces: interfaces.map(({ name, hwaddr, addresses }) => ({
        name,
        hwaddr,
        addresses: addresses.map(({ address, prefixLength, family }) => ({ address, prefix_length: prefixLength, family })),
      })),
    };
  },
});

function lineOf({ name, hwaddr, addresses }: z.output<typeof interfaceRow>): string {
  const shown = addresses.map(({ address, prefix_length: bits }) => `${showUntrusted(address)}${bits === null ? '' : `/${bits}`}`);
  return `${showUntrusted(name)} ${shown.join(' ') || 'no address'}${hwaddr === null ? '' : `, ${showUntrusted(hwaddr)}`}`;
}
