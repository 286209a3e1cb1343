import type { ProxmoxReader } from '../../proxmox/reader.ts';
import type { Container } from '../../proxmox/container.ts';
import type { ProxmoxPlanner } from '../../proxmox/planner.ts';
import { selectContainer, selectContainers } from './select-containers.ts';

/** One input per container that the selector names, each with an exact `node:vmid` selector. */
export async function eachContainer<Input extends { readonly selector: string }>({
  input,
  pve,
}: {
  readonly input: Input;
  readonly pve: ProxmoxReader;
}): Promise<readonly Input[]> {
  const containers = await selectContainers(pve, input.selector);
  return containers.map(({ node, vmid }) => ({ ...input, selector: `${node}:${vmid}` }));
}

/** The container a selector names, as it is now. */
export async function containerOf(pve: ProxmoxPlanner, selector: string): Promise<Container> {
  const { vmid, node } = await selectContainer(pve, selector);
  return pve.container({ vmid, node });
}
