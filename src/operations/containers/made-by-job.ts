import { OperationError } from '../../domain/operation-error.ts';
import { readContainerConfig } from '../../proxmox/container-config.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { hasJobMarker } from '../job-marker.ts';

/** Containers looked through when a job does not know the id it was given. */
const SEARCHED = 200;

/**
 * Whether the container of a create job exists, known by its marker: `unclear` while Proxmox still works on it, null when
 * there is none. Without an id all containers are looked through.
 */
export async function madeByJob(pve: ProxmoxReader, jobId: string, vmid: number | undefined): Promise<'achieved' | 'unclear' | null> {
  const containers = (await pve.guests()).filter((guest) => guest.type === 'lxc' && (vmid === undefined || guest.vmid === vmid));
  let isUnsure = containers.length > SEARCHED;
  for (const { node, vmid: id, lock } of containers.slice(0, SEARCHED)) {
    try {
      const config = readContainerConfig(await pve.guestConfig({ type: 'lxc', node, vmid: id }));
      // Until the template is unpacked the configuration holds nothing but this lock.
      if (hasJobMarker(config.description, jobId)) return config.other['lock'] === 'create' ? 'unclear' : 'achieved';
      if (config.other['lock'] === 'create') isUnsure = true;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (error.code !== 'not_found') isUnsure = true;
    }
    if (lock === 'create') isUnsure = true;
  }
  return isUnsure ? 'unclear' : null;
}
