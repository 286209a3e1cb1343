/** A map or a set: both keep the order in which their keys came in. */
interface InOrder<Key> {
  readonly size: number;
  keys(): Iterable<Key>;
  delete(key: Key): boolean;
}

/** Forgets the oldest keys of what is remembered until at most so many are left. */
export function dropOldest<Key>(remembered: InOrder<Key>, most: number): void {
  for (const oldest of remembered.keys()) {
    if (remembered.size <= most) return;
    remembered.delete(oldest);
  }
}
