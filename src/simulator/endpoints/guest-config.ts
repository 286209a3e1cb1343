import type { Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import { digestOf, type Guest, type GuestConfig, type GuestKind } from '../model/guest.ts';
import { findGuest } from '../model/world.ts';

/** Container descriptions come back with a line end. */
const shown = (guest: Guest, config: GuestConfig): GuestConfig => {
  if (guest.kind === 'qemu' || config['description'] === undefined) return { ...config };
  return { ...config, description: `${String(config['description'])}\n` };
};

/** The configuration with its pending changes merged in. */
function withPending(guest: Guest): GuestConfig {
  const merged: GuestConfig = { ...guest.config };
  for (const [key, value] of Object.entries(guest.pending)) {
    if (value === null) delete merged[key];
    else merged[key] = value;
  }
  return merged;
}

const read = (kind: GuestKind): Endpoint => ({
  method: 'GET',
  path: `/nodes/{node}/${kind}/{vmid}/config`,
  handler({ world, node, parameters }) {
    const guest = findGuest(world, kind, node, parameters.number('vmid'));
    const name = parameters.optionalString('snapshot');
    const digest = digestOf(guest);
    if (name !== undefined) {
      const snapshot = guest.snapshots.find((other) => other.name === name);
      if (snapshot === undefined) throw failure(`snapshot '${name}' does not exist`);
      return {
        ...shown(guest, snapshot.config),
        snaptime: snapshot.snaptime,
        ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
        digest,
      };
    }
    return {
      ...shown(guest, parameters.flag('current') ? guest.config : withPending(guest)),
      ...(guest.parent === undefined ? {} : { parent: guest.parent }),
      digest,
    };
  },
});

const pending = (kind: GuestKind): Endpoint => ({
  method: 'GET',
  path: `/nodes/{node}/${kind}/{vmid}/pending`,
  handler({ world, node, parameters }) {
    const guest = findGuest(world, kind, node, parameters.number('vmid'));
    const keys = new Set([...Object.keys(guest.config), ...Object.keys(guest.pending)]);
    const rows: Array<Record<string, unknown>> = [...keys].map((key) => ({
      key,
      ...(guest.config[key] === undefined ? {} : { value: guest.config[key] }),
      ...(guest.pending[key] === undefined ? {} : guest.pending[key] === null ? { delete: 1 } : { pending: guest.pending[key] }),
    }));
    return [...rows, { key: 'digest', value: digestOf(guest) }];
  },
});

/** Reading the configuration of guests. Snapshots and `parent` are part of the file, not of the answer's options. */
export const guestConfigEndpoints: readonly Endpoint[] = [read('qemu'), read('lxc'), pending('qemu'), pending('lxc')];
