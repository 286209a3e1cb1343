import type { Endpoint } from '../api/endpoint.ts';
import { allNodeUsage, nodeUsage } from '../model/usage.ts';
import { seconds, type Node, type World } from '../model/world.ts';
import { nodeResource } from './cluster-resources.ts';
import { RELEASE } from './version.ts';

const theNode = (world: World, name: string): Node => {
  const node = world.nodes.get(name);
  if (node === undefined) throw new Error(`no such node '${name}'`);
  return node;
};

const KERNEL = { sysname: 'Linux', release: '6.17.2-1-pve', version: '#1 SMP PREEMPT_DYNAMIC PMX 6.17.2-1', machine: 'x86_64' } as const;

function status(world: World, node: Node): Record<string, unknown> {
  const usage = nodeUsage(world, node);
  const load = [usage.load, usage.load * 0.9, usage.load * 0.85].map((value) => value.toFixed(2));
  return {
    cpu: usage.cpu,
    wait: usage.iowait,
    idle: 0,
    uptime: usage.uptime,
    loadavg: load,
    pveversion: `pve-manager/${RELEASE.version}/${RELEASE.repoid}`,
    kversion: `Linux ${KERNEL.release} ${KERNEL.version}`,
    'current-kernel': KERNEL,
    memory: { total: node.memoryBytes, used: usage.mem, free: node.memoryBytes - usage.mem, available: node.memoryBytes - usage.mem },
    swap: { total: 8589930496, used: 0, free: 8589930496 },
    rootfs: {
      total: node.rootBytes,
      used: node.rootUsedBytes,
      free: node.rootBytes - node.rootUsedBytes,
      avail: node.rootBytes - node.rootUsedBytes,
    },
    ksm: { shared: 0 },
    'boot-info': { mode: 'efi', secureboot: 0 },
    cpuinfo: {
      cpus: node.cores,
      cores: Math.ceil(node.cores / 2),
      sockets: 1,
      model: 'AMD EPYC 7402P 24-Core Processor',
      vendor: 'AuthenticAMD',
      family: '23',
      mhz: '2800.000',
      hvm: '1',
      user_hz: 100,
      flags: 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat sse sse2 ht syscall nx svm aes avx avx2',
    },
  };
}

const CPU_MODELS = [
  ['host', 'default'],
  ['max', 'default'],
  ['kvm64', 'default'],
  ['qemu64', 'default'],
  ['x86-64-v2', 'default'],
  ['x86-64-v2-AES', 'default'],
  ['x86-64-v3', 'default'],
  ['x86-64-v4', 'default'],
  ['EPYC', 'AuthenticAMD'],
  ['EPYC-Rome', 'AuthenticAMD'],
  ['EPYC-Milan', 'AuthenticAMD'],
  ['EPYC-Genoa', 'AuthenticAMD'],
  ['Haswell', 'GenuineIntel'],
  ['Skylake-Server', 'GenuineIntel'],
  ['Icelake-Server', 'GenuineIntel'],
  ['SapphireRapids', 'GenuineIntel'],
] as const;

const NETWORK_KINDS: Readonly<Record<string, readonly string[]>> = {
  any_bridge: ['bridge', 'OVSBridge'],
  any_local_bridge: ['bridge', 'OVSBridge'],
  include_sdn: ['bridge', 'eth', 'bond', 'vlan'],
};

/** Nodes, their state and what they offer. @see pve-manager PVE/API2/Nodes.pm */
export const nodeEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/nodes',
    handler: ({ world, has }) => {
      const usage = allNodeUsage(world);
      return [...world.nodes.values()].map((node) => ({
        ...nodeResource(node, usage(node), has(`/nodes/${node.name}`, 'Sys.Audit')),
        ssl_fingerprint: world.certificate.fingerprint,
      }));
    },
  },
  { method: 'GET', path: '/nodes/{node}/status', handler: ({ world, node }) => status(world, theNode(world, node)) },
  {
    method: 'GET',
    path: '/nodes/{node}/time',
    handler: ({ world }) => ({ time: seconds(world), localtime: seconds(world), timezone: 'Etc/UTC' }),
  },
  { method: 'GET', path: '/nodes/{node}/config', handler: ({ world, node }) => theNode(world, node).config },
  {
    method: 'GET',
    path: '/nodes/{node}/network',
    handler({ world, node, parameters, has }) {
      const wanted = parameters.optionalString('type');
      const kinds = wanted === undefined ? undefined : (NETWORK_KINDS[wanted] ?? [wanted]);
      const mayAudit = has(`/nodes/${node}`, 'Sys.Audit');
      return theNode(world, node)
        .networks.filter(
          (network) =>
            (kinds?.includes(network.type) ?? true) &&
            (mayAudit || (network.type === 'bridge' && has(`/sdn/zones/localnetwork/${network.iface}`, 'SDN.Audit'))),
        )
        .map((network, n) => {
          const [address, netmask] = network.cidr?.split('/') ?? [];
          return {
            iface: network.iface,
            type: network.type,
            active: 1,
            priority: n + 3,
            families: ['inet'],
            method: network.cidr === undefined ? 'manual' : 'static',
            method6: 'manual',
            ...(network.type === 'eth' ? { exists: 1 } : { autostart: 1 }),
            ...(network.type === 'bridge' ? { bridge_ports: network.ports ?? '', bridge_stp: 'off', bridge_fd: '0' } : {}),
            ...(network.cidr === undefined ? {} : { cidr: network.cidr, address, netmask }),
            ...(network.comments === undefined ? {} : { comments: `${network.comments}\n` }),
          };
        });
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/certificates/info',
    handler({ world, node }) {
      const { certificate, caCertificate, fingerprint, caFingerprint, notBefore, notAfter, names } = world.certificate;
      const authority = '/CN=Proxmox Virtual Environment/O=PVE Cluster Manager CA';
      const common = { issuer: authority, notbefore: notBefore, 'public-key-bits': 256, 'public-key-type': 'id-ecPublicKey' };
      return [
        {
          ...common,
          filename: 'pve-root-ca.pem',
          subject: authority,
          fingerprint: caFingerprint,
          notafter: notBefore + 3650 * 86_400,
          san: [],
          pem: caCertificate,
        },
        {
          ...common,
          filename: 'pve-ssl.pem',
          subject: `/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN=${node}`,
          fingerprint,
          notafter: notAfter,
          san: names,
          pem: certificate,
        },
      ];
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/capabilities/qemu/cpu',
    handler: () => CPU_MODELS.map(([name, vendor]) => ({ name, vendor, custom: 0 })),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/capabilities/qemu/machines',
    handler: () =>
      [
        ['i440fx', 'pc-i440fx'],
        ['q35', 'pc-q35'],
      ].flatMap(([type, prefix]) =>
        ['10.0+pve1', '10.0', '9.2+pve1', '9.2'].map((version) => ({ id: `${prefix}-${version}`, type, version })),
      ),
  },
];
