import { z } from 'zod';
import { DISK_BUSES, OS_TYPES } from '../../proxmox/new-vm.ts';
import { nameserver } from '../address-list.ts';
import { node, pool, storage, vmid } from '../inputs.ts';
import { macAddress } from '../mac-address.ts';
import { ipConfig } from './ip-config.ts';
import { vmName } from './vm-name.ts';

/** Neither Proxmox nor QEMU names an upper limit below these. */
const MAX_CORES = 4096;
const MAX_MEMORY_MIB = 64 * 1024 * 1024;
const MAX_DISK_GIB = 128 * 1024;
/** Of IP; with less, Proxmox does not start the VM. */
const LEAST_MTU = 576;

/** A text of a certain form. The form is said in the error and not in the schema, which every session pays for. */
const formed = (form: RegExp, maxLength: number, what: string) =>
  z
    .string()
    .max(maxLength)
    .refine((text) => form.test(text), `must be ${what}`);

/** Volids here stand inside property strings, so they hold no comma. */
const volume = formed(/^[a-zA-Z][\w.-]*:[^,\s?#%\\]+$/, 300, 'a volid like local:import/debian.qcow2');
const isoVolid = formed(/^[a-zA-Z][\w.-]*:iso\/[^,\s/?#%\\]+$/, 300, 'the volid of an ISO image, like local:iso/debian.iso');
const bridge = z.string().regex(/^[\w.-]{1,32}$/, 'must be the name of a bridge, like vmbr0');
const sizeGib = z.int().min(1).max(MAX_DISK_GIB);

const disk = z.strictObject({
  size: sizeGib.optional().describe('GiB; of an imported disk the size it is grown to.'),
  storage: storage.optional(),
  import_from: volume.optional().describe('Volid to import.'),
  bus: z.enum(DISK_BUSES).default('scsi'),
  format: z.enum(['raw', 'qcow2', 'vmdk']).optional(),
  cache: z.enum(['none', 'writethrough', 'writeback', 'unsafe', 'directsync']).optional(),
  ssd: z.boolean().optional(),
  discard: z.boolean().optional(),
});

const network = z.strictObject({
  bridge: bridge.optional(),
  model: z.enum(['virtio', 'e1000', 'e1000e', 'rtl8139', 'vmxnet3']).default('virtio'),
  tag: z.int().min(1).max(4094).optional().describe('VLAN.'),
  macaddr: macAddress.optional(),
  firewall: z.boolean().optional(),
  mtu: z
    .int()
    .min(1)
    .max(65_520)
    .refine((mtu) => mtu === 1 || mtu >= LEAST_MTU, 'must be 1, which is that of the bridge, or 576 and more')
    .optional(),
  rate: z.number().min(0).max(10_240).optional().describe('MB/s.'),
});

const sshkeys = formed(
  /^(?:(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+ [A-Za-z0-9+/=]+(?: [^\r\n]*)?(?:[\r\n]+|$))+$/,
  32_768,
  'public SSH keys, one per line',
);
const machine = formed(
  /^(?:pc|q35|virt|(?:pc-i440fx|pc-q35|pc|virt)-\d+(?:\.\d+)+(?:\+pve\d+)?)$/,
  40,
  'q35, pc or a version of them like pc-q35-10.0',
);

/** What a new VM may be given. */
export const newVmInput = z.object({
  node: node.optional().describe('May be left out where only one node is online.'),
  vmid: vmid.optional().describe('A free id is taken when left out.'),
  name: vmName.describe('DNS name of the VM.'),
  cpus: z.int().min(1).max(MAX_CORES).describe('CPU cores per socket.'),
  sockets: z.int().min(1).max(64).default(1).describe('CPU sockets.'),
  cpu: formed(/^[\w.+-]+(?:,[\w.+;=-]+)*$/, 256, 'a CPU type like host or x86-64-v3')
    .default('x86-64-v2-AES')
    .describe("CPU type; host gives the guest all of the node's."),
  memory: z.int().min(16).max(MAX_MEMORY_MIB).describe('MiB.'),
  disk_size: sizeGib.optional().describe('GiB, default 32.'),
  storage: storage.optional().describe('For all disks; the one with most free space when left out.'),
  import_from: volume.optional().describe('Volid of a cloud image or OVA disk.'),
  disks: z.array(disk).max(16).optional().describe('Instead of disk_size, boot disk first.'),
  network_bridge: bridge.default('vmbr0').describe('Bridge of its network.'),
  networks: z.array(network).max(32).optional().describe('Instead of network_bridge.'),
  ostype: z.enum(OS_TYPES).default('l26').describe('Guest system; l26 is Linux.'),
  iso: isoVolid.optional().describe('Volid of the ISO image to install from.'),
  drivers_iso: isoVolid.optional().describe('Second ISO, e.g. virtio-win.'),
  bios: z.enum(['seabios', 'ovmf']).default('seabios').describe('ovmf is UEFI.'),
  pre_enrolled_keys: z.boolean().optional().describe("ovmf: Secure Boot with Microsoft's keys (default true)."),
  tpm: z.boolean().default(false).describe('Add a TPM 2.0.'),
  machine: machine.optional().describe('q35 or pc, or a version of them.'),
  agent: z.boolean().default(true).describe('Expect a QEMU guest agent.'),
  ciuser: formed(/^[^\s:,"'\\]+$/, 64, 'a login name')
    .optional()
    .describe('cloud-init: login name.'),
  cipassword: z.string().min(1).max(256).optional().describe('cloud-init: password; prefer sshkeys.'),
  sshkeys: sshkeys.optional().describe('cloud-init: public keys, one per line.'),
  ipconfig: z.array(ipConfig).max(32).optional().describe('Per network: ip=dhcp or ip=192.0.2.5/24,gw=192.0.2.1.'),
  nameserver: nameserver.optional().describe('cloud-init: DNS servers.'),
  searchdomain: formed(/^[\w.-]+(?:[ ,;]+[\w.-]+)*$/, 256, 'one or more domains')
    .optional()
    .describe('cloud-init: DNS search domain.'),
  tags: z
    .array(formed(/^[a-zA-Z0-9_][a-zA-Z0-9_+.-]*$/, 100, 'a tag of letters, digits and _ + . -'))
    .max(50)
    .optional()
    .describe('Tags.'),
  pool: pool.optional(),
  onboot: z.boolean().default(false).describe('Start it with the node.'),
  description: z.string().max(8000).optional().describe('Notes.'),
  start: z.boolean().default(false).describe('Start it once it exists.'),
});
export type NewVmInput = z.output<typeof newVmInput>;
