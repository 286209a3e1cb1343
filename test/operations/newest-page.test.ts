import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newestPage } from '../../src/operations/backups/newest-page.ts';
import type { FoundVolume } from '../../src/proxmox/content-search.ts';

test('a page is the part of the sorted list that was asked for, whatever the times are', () => {
  const time = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1_700_000_000, max: 1_800_000_000 }));
  fc.assert(
    fc.property(fc.array(time, { maxLength: 200 }), fc.nat(220), fc.integer({ min: 1, max: 60 }), (times, after, limit) => {
      const volumes = times.map((createdSeconds, n) => ({ volid: `nfs:backup/${n % 7}-${n}`, createdSeconds }) as FoundVolume);
      const sorted = volumes.toSorted(
        (a, b) => (b.createdSeconds ?? -1) - (a.createdSeconds ?? -1) || (a.volid < b.volid ? -1 : a.volid > b.volid ? 1 : 0),
      );
      expect(newestPage(volumes, after, limit)).toEqual(sorted.slice(after, after + limit));
    }),
    { numRuns: 500 },
  );
});
