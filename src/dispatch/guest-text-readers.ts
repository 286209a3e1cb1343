import type { Clock } from '../domain/clock.ts';
import { dropOldest } from '../domain/drop-oldest.ts';
import type { Principal } from '../domain/principal.ts';

/** Who has lately read text that guests or tenants wrote. */
export interface GuestTextReaders {
  note(principal: Principal): void;
  has(principal: Principal): boolean;
}

/** Without sessions, as over HTTP, what was read counts as being acted upon for this long. */
const REMEMBERED_MS = 3_600_000;
const CAPACITY = 10_000;

export function createGuestTextReaders(clock: Clock): GuestTextReaders {
  const readAt = new Map<string, number>();
  // One credential is one reader, whichever door of the network it comes through.
  const keyOf = ({ id, surface }: Principal): string => `${surface === 'mcp-http' ? 'http' : surface} ${id}`;
  return {
    note(principal) {
      const key = keyOf(principal);
      readAt.delete(key);
      readAt.set(key, clock.monotonic());
      dropOldest(readAt, CAPACITY);
    },
    has(principal) {
      const at = readAt.get(keyOf(principal));
      // A client of standard input is one session, from beginning to end.
      return at !== undefined && (principal.surface === 'mcp-stdio' || clock.monotonic() - at < REMEMBERED_MS);
    },
  };
}
