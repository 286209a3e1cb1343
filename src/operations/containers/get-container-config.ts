import { z } from 'zod';
import { formatBytes } from '../../domain/units.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { readContainerConfig } from '../../proxmox/container-config.ts';
import { defineQuery } from '../define.ts';
import { guestInput } from '../inputs.ts';
import { withoutJobMarker } from '../job-marker.ts';

const diskRow = z.object({
  disk: z.string(),
  volume: z.string(),
  path: z.string().describe('In the container.'),
  size_bytes: z.number().nullable(),
});

const networkRow = z.object({
  id: z.string(),
  name: z.string().nullable(),
  bridge: z.string().nullable(),
  hwaddr: z.string().nullable(),
  ip: z.string().nullable(),
  gw: z.string().nullable(),
  ip6: z.string().nullable(),
  gw6: z.string().nullable(),
  vlan_tag: z.int().nullable(),
  firewall: z.boolean(),
});

const output = z.object({
  vmid: z.int(),
  node: z.string(),
  hostname: z.string().nullable(),
  ostype: z.string().nullable(),
  cores: z.number().nullable().describe('Null: all of the node.'),
  memory_bytes: z.number(),
  swap_bytes: z.number(),
  unprivileged: z.boolean(),
  onboot: z.boolean(),
  protection: z.boolean(),
  template: z.boolean(),
  features: z.array(z.string()),
  tags: z.array(z.string()),
  nameserver: z.string().nullable(),
  searchdomain: z.string().nullable(),
  description: z.string(),
  disks: z.array(diskRow),
  networks: z.array(networkRow),
  other: z.record(z.string(), z.string()).describe('Every other option as Proxmox writes it.'),
  pending: z.array(z.string()).describe('Options that change with the next start.'),
  digest: z.string().nullable(),
});
type Output = z.output<typeof output>;

const MIB = 1024 ** 2;

export const getContainerConfig = defineQuery({
  name: 'get_container_config',
  title: 'Container configuration',
  description: 'Show how an LXC container is configured: cores, memory, mount points, networks, features.',
  input: guestInput,
  output,
  permissions: { '/vms/{vmid}': ['VM.Audit'] },
  showsGuestText: ({ description }) => description !== null && description !== '',
  text: textOf,
  async run({ input, pve }) {
    const node = input.node ?? (await pve.locate(input.vmid, 'lxc')).node;
    const place = { type: 'lxc', node, vmid: input.vmid } as const;
    const [raw, pending] = await Promise.all([pve.guestConfig(place), pve.pendingOptions(place)]);
    const config = readContainerConfig(raw);
    return {
      vmid: input.vmid,
      node,
      hostname: config.hostname,
      ostype: config.ostype,
      cores: config.cores,
      memory_bytes: config.memoryMib * MIB,
      swap_bytes: config.swapMib * MIB,
      unprivileged: config.unprivileged,
      onboot: config.onboot,
      protection: config.protection,
      template: config.template,
      features: [...config.features],
      tags: [...config.tags],
      nameserver: config.nameserver,
      searchdomain: config.searchdomain,
      description: withoutJobMarker(config.description),
      disks: config.disks.map(({ disk, volume, path, sizeBytes }) => ({ disk, volume, path, size_bytes: sizeBytes })),
      networks: config.networks.map(({ gateway, gateway6, vlan, ...network }) => ({
        ...network,
        gw: gateway,
        gw6: gateway6,
        vlan_tag: vlan,
      })),
      other: Object.fromEntries(Object.entries(config.other).map(([name, value]) => [name, String(value)])),
      pending: pending.map(({ option }) => option),
      digest: config.digest,
    };
  },
});

function textOf(config: Output): string {
  const flags = (['unprivileged', 'onboot', 'protection', 'template'] as const).filter((flag) => config[flag]);
  const shown = (text: string | null): string => (text === null ? 'unknown' : showUntrusted(text));
  return [
    `Container ${config.vmid} ${shown(config.hostname)} on ${config.node}: ${config.cores ?? 'all'} CPU, memory ${formatBytes(config.memory_bytes)}, swap ${formatBytes(config.swap_bytes)}, ${shown(config.ostype)}`,
    [...flags, ...(config.unprivileged ? [] : ['privileged']), ...config.features.map((feature) => showUntrusted(feature))].join(', '),
    ...config.disks.map(
      (disk) => `${disk.disk} ${showUntrusted(disk.volume)} at ${showUntrusted(disk.path)}, ${formatBytes(disk.size_bytes)}`,
    ),
    ...config.networks.map(lineOfNetwork),
    ...(config.nameserver === null ? [] : [`nameserver ${showUntrusted(config.nameserver)}`]),
    ...(config.searchdomain === null ? [] : [`searchdomain ${showUntrusted(config.searchdomain)}`]),
    ...(config.tags.length === 0 ? [] : [`tags ${config.tags.map((tag) => showUntrusted(tag)).join(';')}`]),
    ...(config.description === '' ? [] : [`description ${showUntrusted(config.description, 1000)}`]),
    ...Object.entries(config.other).map(([name, value]) => `${showUntrusted(name)} ${showUntrusted(value)}`),
    ...(config.pending.length === 0
      ? []
      : [`pending until the next start: ${config.pending.map((name) => showUntrusted(name)).join(', ')}`]),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function lineOfNetwork(network: z.output<typeof networkRow>): string {
  const facts = Object.entries(network).flatMap(([name, value]) =>
    name === 'id' || value === null || value === false ? [] : [value === true ? name : `${name}=${showUntrusted(String(value))}`],
  );
  return `${network.id} ${facts.join(', ')}`;
}
