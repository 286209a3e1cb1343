import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createRank } from '../../src/mcp/rank-operations.ts';
import { CATALOG } from '../../src/operations/catalog.ts';
import { COMPAT_NAMES, isCompatName } from '../../src/operations/compat-names.ts';
import type { Operation } from '../../src/operations/define.ts';

interface Intent {
  readonly say: string;
  readonly style: 'formal' | 'slang' | 'typo' | 'goal' | 'negated';
  readonly want: string;
}

const intents = JSON.parse(readFileSync(new URL('../../data/intents.json', import.meta.url), 'utf8')) as readonly Intent[];
const everything = Object.values(CATALOG as Readonly<Record<string, readonly Operation[]>>).flat();
const riskOf = new Map(everything.map(({ name, risk }) => [name, risk]));
const share = (hits: readonly unknown[]): number => hits.length / intents.length;

describe('the labelled intents', () => {
  test('300 intents ask for each of the 41 tools at least five times, in every style', () => {
    expect(intents).toHaveLength(300);
    expect(new Set(intents.map(({ say }) => say)).size).toBe(300);
    for (const name of COMPAT_NAMES) {
      const styles = intents.filter(({ want }) => want === name).map(({ style }) => style);
      expect(styles.length, name).toBeGreaterThanOrEqual(5);
      expect([...new Set(styles)].toSorted(), name).toEqual(['formal', 'goal', 'negated', 'slang', 'typo']);
    }
  });
});

describe.each([
  ['the 41 tools', everything.filter(({ name }) => isCompatName(name))],
  ['all operations', everything],
] as const)('choosing among %s by name, title and description', (_which, operations) => {
  const rank = createRank(operations);
  const found = intents.map((intent) => ({ ...intent, names: rank(intent.say, 3).map(({ name }) => name) }));

  test('the right tool comes first for at least 85 of 100 intents', () => {
    expect(share(found.filter(({ want, names }) => names[0] === want))).toBeGreaterThanOrEqual(0.85);
  });

  test('the right tool is among the first three for at least 97 of 100 intents', () => {
    expect(share(found.filter(({ want, names }) => names.includes(want)))).toBeGreaterThanOrEqual(0.97);
  });

  test('no wish to see something finds a tool first that destroys, interrupts or runs something', () => {
    const dangerous = found.filter(
      ({ want, names }) => riskOf.get(want) === 'read' && ['destroy', 'disrupt', 'execute'].includes(riskOf.get(names[0] ?? '') ?? ''),
    );
    expect(dangerous.map(({ say, names }) => `${say} -> ${names[0]}`)).toEqual([]);
  });

  test.each([
    ['what restore points does vm 105 have', 'list_snapshots'],
    ['what tasks are still in progress', 'list_jobs'],
    ['which datastores are nearly full', 'get_storage'],
    ['an inventory of all our virtual machines', 'get_vms'],
    ['bring back the deleted container from its backup', 'restore_backup'],
    ['can you restart container 200?', 'restart_container'],
  ])('%s: %s', (wish, want) => {
    expect(rank(wish, 1)[0]?.name).toBe(want);
  });

  test('a wish that means nothing here finds nothing', () => {
    expect(rank('qqqq zzzz', 5)).toEqual([]);
    expect(rank('', 5)).toEqual([]);
  });
});
