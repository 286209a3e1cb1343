import { OperationError } from '../../domain/operation-error.ts';
import type { NewNetwork } from '../../proxmox/new-vm.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { assertBridges } from '../known-bridges.ts';
import type { NewVmInput } from './new-vm-input.ts';

/** The network cards an input asks for: one on a bridge of the node unless it says more. @throws OperationError */
export async function wantedNetworks(pve: ProxmoxReader, node: string, input: NewVmInput): Promise<readonly NewNetwork[]> {
  const given = input.networks ?? [{ model: 'virtio', bridge: undefined }];
  const networks = given.map((network): NewNetwork => ({ ...network, bridge: network.bridge ?? input.network_bridge }));
  for (const [index, { model, mtu }] of networks.entries()) {
    if (mtu === undefined || model === 'virtio') continue;
    throw new OperationError('invalid_input', `A card of the model ${model} has no MTU of its own.`, {
      hint: 'Use model=virtio, or leave mtu out.',
      details: { field: `networks.${index}.mtu` },
    });
  }
  const bridges = networks.map(({ bridge }) => bridge);
  await assertBridges(pve, node, bridges, input.networks === undefined ? 'network_bridge' : 'networks');
  return networks;
}
