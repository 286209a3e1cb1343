import { test } from 'vitest';
import { expectPromisesToHold } from './many-seeds.ts';

test('the promises hold even when a request arrives long after it was given up', { timeout: 300_000 }, () =>
  expectPromisesToHold('unbounded delay'),
);
