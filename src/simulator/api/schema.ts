import release from '../../../data/pve-api/9.2.json' with { type: 'json' };

/** One parameter as Proxmox declares it. `format` is a name, or `#name` for a property string of `ApiSchema.formats`. */
export interface ParameterSchema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly optional?: boolean;
  readonly default?: string | number;
  readonly requires?: string;
  readonly items?: ParameterSchema;
  readonly alias?: string;
  readonly keyAlias?: string;
  readonly default_key?: number | boolean;
  readonly 'type-property'?: string;
}

/** A permission test: `['perm', path, privileges, ...]`, `['and' | 'or', ...tests]`, `['userid-param', ...]` and so on. */
export type PermissionTest = readonly unknown[];

export interface EndpointSchema {
  readonly parameters?: Readonly<Record<string, ParameterSchema>>;
  readonly permissions?: { readonly user?: string; readonly expression?: { readonly check?: PermissionTest } };
  /** Runs as root in pvedaemon. */
  readonly protected?: boolean;
  /** The parameter that names the node which answers. */
  readonly proxyto?: string;
  readonly allowtoken?: boolean;
}

export interface ApiSchema {
  readonly version: string;
  readonly formats: Readonly<Record<string, Readonly<Record<string, ParameterSchema>>>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, EndpointSchema>>>>;
}

/** The API of Proxmox VE 9.2, trimmed to what is modelled. */
export const apiSchema = release as unknown as ApiSchema;

/** How many of an indexed option (`net[n]`) exist. @see qemu-server PVE/QemuServer.pm, pve-container PVE/LXC/Config.pm */
const INDEX_LIMITS: Readonly<Record<string, number>> = {
  net: 32,
  scsi: 31,
  virtio: 16,
  sata: 6,
  ide: 4,
  unused: 256,
  usb: 15,
  hostpci: 16,
  serial: 4,
  parallel: 3,
  numa: 8,
  ipconfig: 32,
  virtiofs: 10,
  mp: 256,
  dev: 256,
  link: 8,
};

/** The schema of a parameter by its real name: `net3` finds `net[n]`. */
export function parameterSchema(parameters: Readonly<Record<string, ParameterSchema>>, name: string): ParameterSchema | undefined {
  const direct = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (direct !== undefined && !name.includes('[')) return direct;
  const indexed = /^([a-z]+)(\d+)$/.exec(name);
  const base = indexed?.[1];
  if (base === undefined || indexed?.[2] === undefined) return undefined;
  if (indexed[2] !== String(Number(indexed[2])) || Number(indexed[2]) >= (INDEX_LIMITS[base] ?? 0)) return undefined;
  return parameters[`${base}[n]`];
}
