import { isIP } from 'node:net';
import { splitList } from './parameters.ts';

/** A format check: nothing, or the text Proxmox gives (without `invalid format - `). */
type FormatCheck = (value: string) => string | undefined;

const matches =
  (pattern: RegExp, text: (value: string) => string): FormatCheck =>
  (value) =>
    pattern.test(value) ? undefined : text(value);

const isNodeName = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const isDnsName = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

function isCidr(value: string, version?: 4 | 6): boolean {
  const [address = '', prefix = ''] = value.split('/');
  const found = isIP(address);
  if (found === 0 || (version !== undefined && found !== version) || !/^\d+$/.test(prefix)) return false;
  return Number(prefix) <= (found === 4 ? 32 : 128);
}

const isAddress = (value: string): boolean => isIP(value) !== 0 || isDnsName.test(value);

/** @see qemu-server PVE/QemuServer/Cloudinit.pm, $cloudinitoptions and PVE/QemuServer.pm, $ipconfig_fmt */
function ipConfigProblem(value: string): string | undefined {
  const parts = new Map(value.split(',').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
  const ip = parts.get('ip');
  const ip6 = parts.get('ip6');
  const fits =
    [...parts.keys()].every((key) => ['ip', 'gw', 'ip6', 'gw6'].includes(key)) &&
    (ip === undefined || ip === 'dhcp' || isCidr(ip, 4)) &&
    (ip6 === undefined || ip6 === 'dhcp' || ip6 === 'auto' || isCidr(ip6, 6)) &&
    (!parts.has('gw') || (ip !== undefined && isIP(parts.get('gw') ?? '') === 4)) &&
    (!parts.has('gw6') || (ip6 !== undefined && isIP(parts.get('gw6') ?? '') === 6));
  return fits ? undefined : `unable to parse ipconfig: ${value}`;
}

const volumeId = /^[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]:.+$/;
const storageName = /^[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]$/;

/** @see pve-common PVE/JSONSchema.pm, pve-access-control PVE/AccessControl.pm (formats and their texts) */
const CHECKS: Readonly<Record<string, FormatCheck>> = {
  'pve-vmid': matches(/^[1-9][0-9]{2,8}$/, () => 'value does not look like a valid VM ID'),
  'pve-node': matches(isNodeName, () => 'value does not look like a valid node name'),
  'pve-configid': matches(/^[a-z][a-z0-9_-]+$/i, (value) => `invalid configuration ID '${value}'`),
  'pve-storage-id': matches(storageName, (value) => `storage ID '${value}' contains illegal characters`),
  'pve-volume-id': matches(volumeId, (value) => `unable to parse volume ID '${value}'`),
  'pve-userid': matches(/^[^\s:/]{1,64}@[A-Za-z][A-Za-z0-9.\-_]+$/, (value) => `value '${value}' does not look like a valid user name`),
  'pve-tokenid': matches(
    /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+![A-Za-z][A-Za-z0-9.\-_]+$/,
    (value) => `value '${value}' does not look like a valid token ID`,
  ),
  'pve-groupid': matches(/^[A-Za-z0-9.\-_]+$/, (value) => `group name '${value}' contains invalid characters`),
  'pve-roleid': matches(/^[A-Za-z0-9.\-_]+$/, (value) => `role name '${value}' contains invalid characters`),
  'pve-poolid': matches(/^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/, (value) => `pool name '${value}' contains invalid characters`),
  'pve-realm': matches(/^[A-Za-z][A-Za-z0-9.\-_]+$/, () => 'value does not look like a valid realm'),
  'pve-tag': matches(/^[a-z0-9_][a-z0-9_\-+.]*$/i, () => 'invalid characters in tag'),
  'pve-iface': matches(/^[a-z][a-z0-9_]{1,20}(?:[:.]\d+)?$/i, (value) => `invalid network interface name '${value}'`),
  'pve-bridge-id': matches(/^[-_.\w\d]+$/, (value) => `invalid bridge ID '${value}'`),
  'mac-addr': matches(/^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i, () => 'value does not look like a valid unicast MAC address'),
  'dns-name': matches(isDnsName, () => 'value does not look like a valid DNS name'),
  'disk-size': matches(/^\d+(?:\.\d+)?[KMGT]?$/, (value) => `value does not look like a valid disk size: ${value}`),
  'pve-startup-order': matches(/^(?:order=)?\d*(?:,?(?:up|down|order)=\d+)*$/, () => 'unable to parse startup options'),
  urlencoded: (value) => (/^(?:[a-zA-Z0-9\-_.!~*'()]|%[0-9a-fA-F]{2})*$/.test(value) ? undefined : `invalid urlencoded string: ${value}`),
  'pve-calendar-event': (value) =>
    /^[a-z0-9*:,/.~ -]+$/i.test(value) && /\d|daily|hourly|weekly|monthly|yearly/.test(value)
      ? undefined
      : `invalid calendar event '${value}' - unable to parse calendar event\n`,
  'pve-qm-ipconfig': ipConfigProblem,
  'pve-qm-boot': matches(
    /^(?:(?:legacy=)?[acdn]{1,4}|order=(?:(?:ide|sata|scsi|virtio|net|usb|hostpci)\d+(?:;|$))*)$/,
    () => 'unable to parse boot order',
  ),
  'pve-lxc-mp-string': (value) => (/(?:^|\/)\.\.?(?:\/|$)/.test(value) ? `${value} contains illegal character sequences` : undefined),
  address: (value) => (isAddress(value) ? undefined : 'value does not look like a valid address'),
  'lxc-ip-with-ll-iface': (value) =>
    isIP(value.replace(/^(fe80:.*)%[\w.-]+$/i, '$1')) !== 0 ? undefined : 'value does not look like a valid IP address',
  ip: (value) => (isIP(value) !== 0 ? undefined : 'value does not look like a valid IP address'),
  ipv4: (value) => (isIP(value) === 4 ? undefined : 'value does not look like a valid IPv4 address'),
  ipv6: (value) => (isIP(value) === 6 ? undefined : 'value does not look like a valid IPv6 address'),
  'pve-ipv4-config': (value) =>
    value === 'dhcp' || value === 'manual' || isCidr(value, 4) ? undefined : 'value does not look like a valid ipv4 network configuration',
  'pve-ipv6-config': (value) =>
    ['dhcp', 'manual', 'auto'].includes(value) || isCidr(value, 6)
      ? undefined
      : 'value does not look like a valid ipv6 network configuration',
  CIDR: (value) => (isCidr(value) ? undefined : 'value does not look like a valid CIDR network'),
  CIDRv4: (value) => (isCidr(value, 4) ? undefined : 'value does not look like a valid IPv4 network'),
  CIDRv6: (value) => (isCidr(value, 6) ? undefined : 'value does not look like a valid IPv6 network'),
};

/** The text of what is wrong with a value of a named format; a format that is not known accepts everything. */
export function checkFormat(format: string, value: string): string | undefined {
  const list = /^(.+)-(?:list|alist|opt)$/.exec(format);
  const single = CHECKS[format];
  if (single !== undefined) return single(value);
  const element = list?.[1] === undefined ? undefined : CHECKS[list[1]];
  if (element === undefined) return undefined;
  if (format.endsWith('-opt')) return value === '' ? undefined : element(value);
  for (const part of splitList(value)) {
    const wrong = element(part);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
