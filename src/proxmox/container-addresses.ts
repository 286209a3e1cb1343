import { OperationError } from '../domain/operation-error.ts';
import type { ProxmoxApi } from './api.ts';
import { readNumber, readRecords, readText, type RawRecord } from './lenient.ts';
import { route } from './route.ts';

export interface InterfaceAddress {
  readonly address: string;
  readonly prefixLength: number | null;
  readonly family: 'inet' | 'inet6';
}

export interface ContainerInterface {
  readonly name: string;
  readonly hwaddr: string | null;
  readonly addresses: readonly InterfaceAddress[];
}

/** Reads the network interfaces that a running container has. @see pve-container PVE/API2/LXC.pm, ip */
export function containerAddressReads(api: ProxmoxApi) {
  return {
    /**
     * Up to Proxmox VE 8.3 only the first address of each family is known; Proxmox VE 7 does not tell at all (`unknown`).
     */
    async containerInterfaces(node: string, vmid: number): Promise<readonly ContainerInterface[] | 'stopped' | 'unknown'> {
      try {
        const { data } = await api.read(route('/nodes/{node}/lxc/{vmid}/interfaces', { node, vmid }));
        return data === null ? 'stopped' : readRecords(data).flatMap(readInterface);
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        if (error.code === 'conflict') return 'stopped';
        if (error.details['proxmox_status'] === 501) return 'unknown';
        throw error;
      }
    },
  };
}

function readInterface(row: RawRecord): ContainerInterface[] {
  const name = readText(row['name']);
  if (name === null) return [];
  const listed = readRecords(row['ip-addresses']).flatMap((entry): InterfaceAddress[] => {
    const address = readText(entry['ip-address']);
    if (address === null) return [];
    return [{ address, prefixLength: readNumber(entry['prefix']), family: address.includes(':') ? 'inet6' : 'inet' }];
  });
  const first = [readText(row['inet']), readText(row['inet6'])].flatMap((text) => (text === null || text === '' ? [] : [readCidr(text)]));
  return [{ name, hwaddr: readText(row['hardware-address']) ?? readText(row['hwaddr']), addresses: listed.length > 0 ? listed : first }];
}

function readCidr(text: string): InterfaceAddress {
  const [address = '', prefix] = text.split('/');
  return { address, prefixLength: readNumber(prefix), family: address.includes(':') ? 'inet6' : 'inet' };
}
