import { expect, test } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import { createBreaker } from '../../src/proxmox/breaker.ts';

function world() {
  let time = 0;
  const breaker = createBreaker({ name: (key) => `Storage ${key}`, restMs: 30_000, now: () => time });
  return { breaker, pass: (ms: number) => (time += ms) };
}
const hang = async (): Promise<never> => {
  throw new OperationError('timeout', 'no answer');
};

test('what did not answer is left alone, and everything else goes on', async () => {
  const { breaker } = world();
  await expect(breaker.run('nfs', hang)).rejects.toThrow('no answer');
  await expect(breaker.run('nfs', async () => 1)).rejects.toThrow('Storage nfs did not answer 0 s ago and is asked again in 30 s.');
  await expect(breaker.run('local', async () => 2)).resolves.toBe(2);
});

test('after its rest one call tries it for all', async () => {
  const { breaker, pass } = world();
  await breaker.run('nfs', hang).catch(() => undefined);
  pass(30_000);
  let answer: (value: number) => void = () => undefined;
  const trial = breaker.run('nfs', () => new Promise<number>((resolve) => (answer = resolve)));
  expect(breaker.isOpen('nfs')).toBe(true);
  answer(3);
  await expect(trial).resolves.toBe(3);
  expect(breaker.isOpen('nfs')).toBe(false);
});

test('a refusal is an answer', async () => {
  const { breaker } = world();
  const refuse = async (): Promise<never> => {
    throw new OperationError('missing_privilege', 'no');
  };
  await expect(breaker.run('nfs', refuse)).rejects.toThrow('no');
  expect(breaker.isOpen('nfs')).toBe(false);
});
