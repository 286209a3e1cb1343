import type { ProxmoxApi } from './api.ts';
import { readRecord, readText } from './lenient.ts';
import { route } from './route.ts';

/** What is inside OVA archives. @see pve-storage PVE/API2/Storage/Status.pm, get_import_metadata */
export function ovaReads(api: ProxmoxApi) {
  return {
    /** Volids of the disks in an archive on a storage, e.g. `local:import/x.ova/disk1.vmdk`, sorted. */
    async ovaDisks(node: string, storage: string, volume: string): Promise<readonly string[]> {
      const { data } = await api.read(route('/nodes/{node}/storage/{storage}/import-metadata', { node, storage }), { params: { volume } });
      const disks = Object.values(readRecord(readRecord(data)['disks']));
      return disks.flatMap((disk) => readText(typeof disk === 'string' ? disk : readRecord(disk)['volid']) ?? []).toSorted();
    },
  };
}
