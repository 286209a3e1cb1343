import { z } from 'zod';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { readContainerConfig } from '../../proxmox/container-config.ts';
import type { InterfaceAddress } from '../../proxmox/container-addresses.ts';
import { defineQuery } from '../define.ts';
import { guestInput } from '../inputs.ts';

const addressRow = z.object({ address: z.string(), prefix_length: z.int().nullable(), family: z.enum(['inet', 'inet6']) });

const interfaceRow = z.object({
  name: z.string(),
  hwaddr: z.string().nullable(),
  configured: z.array(z.string()).describe('As its configuration says: dhcp, or fixed addresses.'),
  addresses: z.array(addressRow).describe('As it has them now.'),
});

export const getContainerIp = defineQuery({
  name: 'get_container_ip',
  title: 'Container IP addresses',
  description: 'Show the IP addresses of an LXC container: those it has now and those configured.',
  input: guestInput,
  showsGuestText: ({ running }) => running === true,
  output: z.object({
    vmid: z.int(),
    node: z.string(),
    hostname: z.string().nullable(),
    running: z.boolean().nullable().describe('Null where this release of Proxmox VE cannot tell the addresses.'),
    primary_ip: z.string().nullable().describe('First global address, IPv4 before IPv6.'),
    interfaces: z.array(interfaceRow),
  }),
  permissions: { '/vms/{vmid}': ['VM.Audit'] },
  text(output) {
    const { running, hostname } = output;
    const state = running === null ? 'addresses unknown' : running ? (output.primary_ip ?? 'no address') : 'not running';
    const head = `Container ${output.vmid} ${hostname === null ? '' : `${showUntrusted(hostname)} `}on ${output.node}: ${state}`;
    return [head, ...output.interfaces.map(lineOf)].join('\n');
  },
  async run({ input, pve }) {
    const node = input.node ?? (await pve.locate(input.vmid, 'lxc')).node;
    const [interfaces, raw] = await Promise.all([
      pve.containerInterfaces(node, input.vmid),
      pve.guestConfig({ type: 'lxc', node, vmid: input.vmid }),
    ]);
    const config = readContainerConfig(raw);
    const configured = new Map(config.networks.map(({ name, ip, ip6 }) => [name, [ip, ip6].filter((value) => value !== null)]));
    const hwaddrs = new Map(config.networks.map(({ name, hwaddr }) => [name, hwaddr]));
    const live = typeof interfaces === 'string' ? [] : interfaces.filter(({ name }) => name !== 'lo');
    const names = [...new Set([...live.map(({ name }) => name), ...config.networks.flatMap(({ name }) => name ?? [])])];
    return {
      vmid: input.vmid,
      node,
      hostname: config.hostname,
      running: interfaces === 'unknown' ? null : interfaces !== 'stopped',
      primary_ip: primaryOf(live.flatMap(({ addresses }) => addresses)),
      interfaces: names.map((name) => {
        const found = live.find((candidate) => candidate.name === name);
        return {
          name,
          hwaddr: found?.hwaddr ?? hwaddrs.get(name) ?? null,
          configured: configured.get(name) ?? [],
          addresses: (found?.addresses ?? []).map(({ address, prefixLength, family }) => ({
            address,
            prefix_length: prefixLength,
            family,
          })),
        };
      }),
    };
  },
});

function primaryOf(addresses: readonly InterfaceAddress[]): string | null {
  const global = addresses.filter(({ address }) => !/^(?:fe[89ab][0-9a-f]:|::1$|127\.|169\.254\.)/i.test(address));
  return (global.find(({ family }) => family === 'inet') ?? global[0])?.address ?? null;
}

function lineOf(row: z.output<typeof interfaceRow>): string {
  const addresses = row.addresses.map(({ address, prefix_length: bits }) => `${showUntrusted(address)}${bits === null ? '' : `/${bits}`}`);
  return [
    `${showUntrusted(row.name)} ${addresses.join(' ') || 'no address'}`,
    ...(row.hwaddr === null ? [] : [showUntrusted(row.hwaddr)]),
    ...(row.configured.length === 0 ? [] : [`configured ${row.configured.map((text) => showUntrusted(text)).join(' ')}`]),
  ].join(', ');
}
