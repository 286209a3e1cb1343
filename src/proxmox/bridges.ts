import type { ProxmoxApi } from './api.ts';
import { readRecords, readText } from './lenient.ts';
import { route } from './route.ts';

/** Bridges and virtual networks to which guests of a node can be connected. @see pve-manager PVE/API2/Network.pm */
export function bridgeReads(api: ProxmoxApi) {
  return {
    /** Only those that the token may see: none may mean that it may see none. */
    async bridges(node: string): Promise<readonly string[]> {
      const { data } = await api.read(route('/nodes/{node}/network', { node }), { params: { type: 'any_bridge' } });
      return readRecords(data)
        .flatMap((row) => readText(row['iface']) ?? [])
        .toSorted();
    },
  };
}
