import type { Snapshot } from '../../proxmox/snapshots.ts';

export interface PlacedSnapshot {
  readonly snapshot: Snapshot;
  /** 0 for a first snapshot, 1 for one taken on top of it, and so on. */
  readonly depth: number;
}

/** Snapshots in the order of a tree, each after its parent, oldest first among siblings. A parent that is gone makes a root. */
export function treeOf(snapshots: readonly Snapshot[]): readonly PlacedSnapshot[] {
  const names = new Set(snapshots.map(({ name }) => name));
  const children = Map.groupBy(snapshots, ({ parent }) => (parent !== null && names.has(parent) ? parent : null));
  const placed: PlacedSnapshot[] = [];
  const seen = new Set<string>();
  const place = (snapshot: Snapshot, depth: number): void => {
    if (seen.has(snapshot.name)) return;
    seen.add(snapshot.name);
    placed.push({ snapshot, depth });
    for (const child of byAge(children.get(snapshot.name) ?? [])) place(child, depth + 1);
  };
  for (const root of byAge(children.get(null) ?? [])) place(root, 0);
  // A configuration edited by hand may hold a ring of parents, which has no root.
  for (const snapshot of byAge(snapshots)) place(snapshot, 0);
  return placed;
}

/** Names of the snapshots taken on top of one, directly or not. */
export function descendantsOf(snapshots: readonly Snapshot[], name: string): readonly string[] {
  const children = Map.groupBy(snapshots, ({ parent }) => parent);
  const found = new Set<string>();
  const visit = (parent: string): void => {
    for (const child of children.get(parent) ?? []) {
      if (child.name === name || found.has(child.name)) continue;
      found.add(child.name);
      visit(child.name);
    }
  };
  visit(name);
  return [...found];
}

function byAge(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  return snapshots.toSorted((a, b) => (a.takenAt ?? 0) - (b.takenAt ?? 0) || a.name.localeCompare(b.name));
}
