import { test } from 'vitest';
import { expectPromisesToHold } from './many-seeds.ts';

test('the promises hold even when servers stand still longer than their leases', { timeout: 300_000 }, () =>
  expectPromisesToHold('long pauses'),
);
