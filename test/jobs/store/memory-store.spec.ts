import { describe } from 'vitest';
import { memoryStore } from '../simulation/memory-store.ts';
import { storeContract } from './contract.ts';

describe('the memory store of the simulation', () => {
  storeContract(() => {
    let now = 1_000_000;
    return Promise.resolve({
      store: memoryStore(() => now),
      passTime: (milliseconds) => {
        now += milliseconds;
        return Promise.resolve();
      },
    });
  });
});
