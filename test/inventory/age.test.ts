import { expect, test } from 'vitest';
import { createInventory } from '../../src/proxmox/inventory.ts';

test('a list is as old as the moment it was asked for, not as its answer', async () => {
  let now = 0;
  const answers: (() => void)[] = [];
  const none = () => new Promise<readonly never[]>((resolve) => answers.push(() => resolve([])));
  const inventory = createInventory({ guests: none, nodes: none, storages: none }, { maxAgeMs: 30_000, now: () => now });

  const first = inventory.guestList();
  now = 3000;
  answers.shift()?.();
  expect(await first).toEqual({ guests: [], ageSeconds: 3 });
  now = 12_400;
  expect(await inventory.guestList()).toEqual({ guests: [], ageSeconds: 12 });

  now = 30_000;
  const next = inventory.guestList();
  answers.shift()?.();
  expect(await next).toEqual({ guests: [], ageSeconds: 0 });
});
