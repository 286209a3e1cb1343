import { test } from 'vitest';
import { expectPromisesToHold } from './many-seeds.ts';

test('the promises hold however requests and answers are lost, as long as delays stay under the quiet time', { timeout: 300_000 }, () =>
  expectPromisesToHold('bounded delay'),
);
