import { guestTarget } from '../domain/guest.ts';
import type { Mutation, ParamValue } from '../domain/mutation.ts';
import { mutate } from './mutate.ts';
import { printPropertyString } from './property-string.ts';

export const DISK_BUSES = ['scsi', 'virtio', 'sata'] as const;
export const OS_TYPES = [
  'l26',
  'l24',
  'win11',
  'win10',
  'win8',
  'win7',
  'wvista',
  'wxp',
  'w2k8',
  'w2k3',
  'w2k',
  'solaris',
  'other',
] as const;

/** A disk to be made. */
export interface NewDisk {
  readonly bus: (typeof DISK_BUSES)[number];
  readonly storage: string;
  /** Ignored by Proxmox when the disk is imported. */
  readonly sizeGib: number;
  /** Volume whose data it gets. */
  readonly importFrom?: string | undefined;
  readonly format?: string | undefined;
  readonly cache?: string | undefined;
  readonly ssd?: boolean | undefined;
  readonly discard?: boolean | undefined;
  readonly iothread?: boolean | undefined;
}

/** A network card. */
export interface NewNetwork {
  readonly model: string;
  readonly bridge: string;
  /** VLAN, 1 to 4094. */
  readonly tag?: number | undefined;
  readonly macaddr?: string | undefined;
  readonly firewall?: boolean | undefined;
  readonly mtu?: number | undefined;
  /** MB/s. */
  readonly rate?: number | undefined;
}

export interface NewCloudInit {
  readonly storage: string;
  readonly user?: string | undefined;
  /** Secret. */
  readonly password?: string | undefined;
  /** Public keys, one per line. */
  readonly sshkeys?: string | undefined;
  /** One per network card, in Proxmox's form `ip=…,gw=…`. */
  readonly ipconfig: readonly string[];
  readonly nameserver?: string | undefined;
  readonly searchdomain?: string | undefined;
}

/** A VM to be made, every choice settled. */
export interface NewVm {
  readonly node: string;
  readonly vmid: number;
  readonly disks: readonly NewDisk[];
  readonly networks: readonly NewNetwork[];
  /** Volids of ISO images, the one to boot from first. */
  readonly isos: readonly string[];
  readonly efi?: { readonly storage: string; readonly preEnrolledKeys: boolean } | undefined;
  readonly tpmStorage?: string | undefined;
  readonly cloudInit?: NewCloudInit | undefined;
  /** Options that Proxmox takes as they are: name, memory, cores, cpu, tags, … */
  readonly options: Readonly<Record<string, ParamValue | undefined>>;
}

/** A q35 machine has no second device on an IDE port, so ide1 and ide3 are left alone. */
const CDROM_SLOTS = ['ide2', 'ide0', 'sata5'] as const;

/** The option name of each disk, in order: `scsi0`, `scsi1`, `virtio0`, … */
export function diskKeys(disks: readonly Pick<NewDisk, 'bus'>[]): readonly string[] {
  return disks.map(({ bus }, index) => `${bus}${disks.slice(0, index).filter((other) => other.bus === bus).length}`);
}

/** Creates a VM. @see qemu-server PVE/API2/Qemu.pm, create_vm */
export function createVmOn({ node, vmid, disks, networks, isos, efi, tpmStorage, cloudInit, options }: NewVm): Mutation {
  const keys = diskKeys(disks);
  const cdroms = [...isos, ...(cloudInit ? [`${cloudInit.storage}:cloudinit`] : [])];
  const bootable = [...keys.slice(0, 1), ...(isos.length > 0 ? [CDROM_SLOTS[0]] : []), ...(networks.length > 0 ? ['net0'] : [])];
  return mutate(
    'POST',
    '/nodes/{node}/qemu',
    { node },
    {
      node,
      targets: [guestTarget(vmid)],
      task: { types: ['qmcreate'], id: String(vmid) },
      params: {
        vmid,
        ...options,
        ...Object.fromEntries(disks.map((disk, index) => [keys[index] ?? '', printDisk(disk)])),
        ...Object.fromEntries(cdroms.map((volid, index) => [CDROM_SLOTS[index] ?? `sata${5 - index}`, `${volid},media=cdrom`])),
        ...Object.fromEntries(networks.map((network, index) => [`net${index}`, printNetwork(network)])),
        boot: bootable.length > 0 ? `order=${bootable.join(';')}` : undefined,
        efidisk0: efi && printPropertyString({ file: `${efi.storage}:1`, efitype: '4m', 'pre-enrolled-keys': efi.preEnrolledKeys }, 'file'),
        tpmstate0: tpmStorage && `${tpmStorage}:1,version=v2.0`,
        ...(cloudInit ? cloudInitParams(cloudInit) : {}),
      },
      secretParams: cloudInit?.password === undefined ? [] : ['cipassword'],
    },
  );
}

function printDisk({ storage, sizeGib, importFrom, format, cache, ssd, discard, iothread }: NewDisk): string {
  const file = importFrom === undefined ? `${storage}:${sizeGib}` : `${storage}:0`;
  return printPropertyString(
    { file, 'import-from': importFrom, format, cache, ssd, discard: discard ? 'on' : undefined, iothread },
    'file',
  );
}

function printNetwork({ model, macaddr, bridge, tag, firewall, mtu, rate }: NewNetwork): string {
  return `${macaddr === undefined ? model : `${model}=${macaddr}`},${printPropertyString({ bridge, tag, firewall, mtu, rate })}`;
}

function cloudInitParams({
  user,
  password,
  sshkeys,
  ipconfig,
  nameserver,
  searchdomain,
}: NewCloudInit): Readonly<Record<string, ParamValue | undefined>> {
  return {
    ciuser: user,
    cipassword: password,
    // Proxmox keeps this value URL-encoded; the encoding of the form comes on top.
    sshkeys: sshkeys === undefined ? undefined : encodeURIComponent(sshkeys.trim()),
    nameserver,
    searchdomain,
    ...Object.fromEntries(ipconfig.map((text, index) => [`ipconfig${index}`, text])),
  };
}
