import { systemClock } from '../domain/clock.ts';
import type { GuestSummary, NodeSummary, StorageSummary } from './cluster.ts';

/** The lists that an inventory keeps. */
export interface InventorySource {
  guests(): Promise<readonly GuestSummary[]>;
  nodes(): Promise<readonly NodeSummary[]>;
  storages(): Promise<readonly StorageSummary[]>;
}

/** All guests, and how long ago Proxmox was asked for them. */
export interface GuestList {
  readonly guests: readonly GuestSummary[];
  /** Whole seconds. */
  readonly ageSeconds: number;
}

/** What the cluster held a moment ago, for reads. Nothing that a write depends on is taken from it. */
export interface Inventory extends InventorySource {
  guestList(): Promise<GuestList>;
  /** A guest by its id, from the same list. */
  guest(vmid: number): Promise<GuestSummary | undefined>;
  /** Forgets everything: the next read asks Proxmox, also when another one is under way. */
  forget(): void;
}

interface Kept<Row> {
  readonly rows: Promise<readonly Row[]>;
  /** Monotonic milliseconds at which it was asked for, so that an age is never understated. */
  readonly askedAt: number;
}

const guestsById = new WeakMap<readonly GuestSummary[], ReadonlyMap<number, GuestSummary>>();

export interface InventoryOptions {
  /** How old a list may be when it is answered, milliseconds; 0 shares only reads under way. */
  readonly maxAgeMs: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Keeps each list for a short time and shares it between all readers. A list that could not be read is not kept. */
export function createInventory(source: InventorySource, { maxAgeMs, now = systemClock.monotonic }: InventoryOptions): Inventory {
  const cells: (() => void)[] = [];

  function keep<Row>(read: () => Promise<readonly Row[]>): () => Kept<Row> {
    let kept: Kept<Row> | undefined;
    let pending = false;
    cells.push(() => {
      kept = undefined;
    });
    return () => {
      if (kept && (pending || now() - kept.askedAt < maxAgeMs)) return kept;
      const mine: Kept<Row> = {
        askedAt: now(),
        rows: read().then(
          (rows) => {
            if (kept === mine) pending = false;
            return rows;
          },
          (error: unknown) => {
            if (kept === mine) kept = undefined;
            throw error;
          },
        ),
      };
      kept = mine;
      pending = true;
      return mine;
    };
  }

  const guests = keep(() => source.guests());
  const nodes = keep(() => source.nodes());
  const storages = keep(() => source.storages());
  return {
    guests: () => guests().rows,
    nodes: () => nodes().rows,
    storages: () => storages().rows,
    async guestList() {
      const { rows, askedAt } = guests();
      return { guests: await rows, ageSeconds: Math.round((now() - askedAt) / 1000) };
    },
    async guest(vmid) {
      const rows = await guests().rows;
      const byId = guestsById.get(rows) ?? new Map(rows.map((row) => [row.vmid, row]));
      guestsById.set(rows, byId);
      return byId.get(vmid);
    },
    forget() {
      for (const forgetOne of cells) forgetOne();
    },
  };
}
