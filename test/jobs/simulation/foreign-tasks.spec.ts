import { test } from 'vitest';
import { expectPromisesToHold } from './many-seeds.ts';

test('the promises hold even when somebody else starts the same tasks with our token', { timeout: 300_000 }, () =>
  expectPromisesToHold('foreign tasks'),
);
