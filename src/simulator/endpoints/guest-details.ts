import type { Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import { guestName, macOf, readDrive, type GuestConfig } from '../model/guest.ts';
import { findGuest } from '../model/world.ts';

/** User data as cloud-init gets it. @see qemu-server PVE/QemuServer/Cloudinit.pm */
function userData(config: GuestConfig, name: string): string {
  const lines = ['#cloud-config', `hostname: ${name}`, 'manage_etc_hosts: true', `fqdn: ${name}`];
  if (config['ciuser'] !== undefined) lines.push(`user: ${config['ciuser']}`);
  if (config['sshkeys'] !== undefined)
    lines.push(
      'ssh_authorized_keys:',
      ...decodeURIComponent(String(config['sshkeys']))
        .split('\n')
        .filter((key) => key !== '')
        .map((key) => `  - ${key}`),
    );
  return [
    ...lines,
    'chpasswd:',
    '  expire: False',
    'users:',
    '  - default',
    `package_upgrade: ${Number(config['ciupgrade'] ?? 1) === 1 ? 'true' : 'false'}`,
    '',
  ].join('\n');
}

const networkData = (config: GuestConfig): string =>
  [
    'version: 1',
    'config:',
    ...Object.keys(config)
      .filter((key) => /^net\d+$/.test(key))
      .flatMap((key, n) => [
        '    - type: physical',
        `      name: eth${n}`,
        `      mac_address: '${(macOf(String(config[key])) ?? '').toLowerCase()}'`,
      ]),
    '',
  ].join('\n');

const isCloudInitKey = (key: string): boolean => /^(?:ci\w+|sshkeys|ipconfig\d+|nameserver|searchdomain|name)$/.test(key);

/** Network of containers, cloud-init of VMs, and keys, consoles and disks of VMs. */
export const guestDetailEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/lxc/{vmid}/interfaces',
    handler({ world, node, parameters }) {
      const guest = findGuest(world, 'lxc', node, parameters.number('vmid'));
      if (guest.status !== 'running') return null;
      const loopback = {
        name: 'lo',
        hwaddr: '00:00:00:00:00:00',
        inet: '127.0.0.1/8',
        inet6: '::1/128',
        'hardware-address': '00:00:00:00:00:00',
        'ip-addresses': [
          { 'ip-address': '127.0.0.1', 'ip-address-type': 'inet', prefix: '8' },
          { 'ip-address': '::1', 'ip-address-type': 'inet6', prefix: '128' },
        ],
      };
      const mac = (macOf(String(guest.config['net0'] ?? '')) ?? '00:00:00:00:00:00').toLowerCase();
      const linkLocal = `fe80::be24:11ff:fe00:${(guest.vmid % 65_536).toString(16)}`;
      return [
        loopback,
        {
          name: 'eth0',
          hwaddr: mac,
          inet: `${guest.address}/24`,
          inet6: `${linkLocal}/64`,
          'hardware-address': mac,
          'ip-addresses': [
            { 'ip-address': guest.address, 'ip-address-type': 'inet', prefix: '24' },
            { 'ip-address': linkLocal, 'ip-address-type': 'inet6', prefix: '64' },
          ],
        },
      ];
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/cloudinit/dump',
    handler({ world, node, parameters }) {
      const guest = findGuest(world, 'qemu', node, parameters.number('vmid'));
      const type = parameters.string('type');
      if (type === 'user') return userData(guest.config, guestName(guest));
      return type === 'network' ? networkData(guest.config) : `instance-id: ${String(guest.config['vmgenid'] ?? guest.vmid)}\n`;
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/cloudinit',
    handler({ world, node, parameters }) {
      const guest = findGuest(world, 'qemu', node, parameters.number('vmid'));
      const hasDrive = Object.entries(guest.config).some(
        ([key, value]) => /^(?:ide|scsi|sata)\d+$/.test(key) && readDrive(key, String(value)).isCloudInit,
      );
      return hasDrive
        ? Object.keys(guest.config)
            .filter(isCloudInitKey)
            .map((key) => ({ key, value: guest.config[key], ...(guest.pending[key] === undefined ? {} : { pending: guest.pending[key] }) }))
        : [];
    },
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/qemu/{vmid}/sendkey',
    handler({ world, node, parameters }) {
      const guest = findGuest(world, 'qemu', node, parameters.number('vmid'));
      if (guest.status !== 'running') throw failure(`VM ${guest.vmid} not running`);
      return null;
    },
  },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/monitor',
    handler({ world, node, parameters }) {
      const guest = findGuest(world, 'qemu', node, parameters.number('vmid'));
      if (guest.status !== 'running') throw failure(`VM ${guest.vmid} not running`);
      return parameters.string('command') === 'info status'
        ? `VM status: ${guest.qmpstatus}\r\n`
        : `unknown command: '${parameters.string('command')}'\r\n`;
    },
  },
];
