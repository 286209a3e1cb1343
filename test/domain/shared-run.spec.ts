import { expect, test } from 'vitest';
import { shareRuns } from '../../src/domain/shared-run.ts';

function aSlowWork() {
  const runs: PromiseWithResolvers<string>[] = [];
  const ask = shareRuns(() => {
    const run = Promise.withResolvers<string>();
    runs.push(run);
    return run.promise;
  });
  return { runs, ask };
}

const turn = () => new Promise(setImmediate);

test('whoever asks while a run is under way shares the next, which begins when it has ended', async () => {
  const { runs, ask } = aSlowWork();
  const first = ask();
  await turn();
  const later = [ask(), ask(), ask()];
  await turn();
  expect(runs).toHaveLength(1);
  runs[0]?.resolve('first');
  expect(await first).toBe('first');
  await turn();
  expect(runs).toHaveLength(2);
  runs[1]?.resolve('second');
  expect(await Promise.all(later)).toEqual(['second', 'second', 'second']);
});

test('a run that fails is the failure of those who wait for it, and of nobody else', async () => {
  const { runs, ask } = aSlowWork();
  const first = ask();
  await turn();
  const second = ask();
  runs[0]?.reject(new Error('no'));
  await expect(first).rejects.toThrow('no');
  await turn();
  runs[1]?.resolve('yes');
  expect(await second).toBe('yes');
});
