import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatBytes, formatDuration, formatPercent } from '../../src/domain/units.ts';
import { showUntrusted } from '../../src/domain/untrusted-text.ts';
import { CATALOG } from '../../src/operations/catalog.ts';
import type { Operation } from '../../src/operations/define.ts';
import { startProduct, type Product } from '../product.ts';
import { ONE_CALL_EACH, type Row } from './one-call-each.ts';

/** Facts that the text leaves out on purpose, as `operation field`, each with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'get_cluster_status clustered': 'The text says Cluster or Standalone node.',
  'get_container_config digest': 'Of use to programs that compare two readings.',
  'get_container_ip running': 'One that does not run is called stopped.',
  'get_containers guests.memory_bytes': 'Told as a share of all its memory.',
  'get_vms guests.memory_bytes': 'Told as a share of all its memory.',
  'get_container_ip interfaces.addresses.family': 'An address shows its own family.',
  'get_guest_network interfaces.addresses.family': 'An address shows its own family.',
  'get_task_log upid': 'The caller has just named it.',
  'list_backups backups.nodes': 'A backup that several nodes see is called shared.',
  'list_templates images.format': 'The end of the file name tells it.',
};

const GIB = 2 ** 30;

const queries = (Object.values(CATALOG) as (readonly Operation[])[]).flat().filter(({ kind }) => kind === 'query');

interface Fact {
  readonly field: string;
  readonly value: string | number | true;
}

/** Every fact of an answer, by the names of the fields that lead to it. What is null, false or empty tells of an absence. */
function factsOf(value: unknown, field = ''): readonly Fact[] {
  if (value === null || value === undefined || value === false || value === '') return [];
  if (typeof value === 'string' || typeof value === 'number' || value === true) return [{ field, value }];
  if (Array.isArray(value)) return value.flatMap((item) => factsOf(item, field));
  return Object.entries(value as Row).flatMap(([name, inner]) => factsOf(inner, field === '' ? name : `${field}.${name}`));
}

/** Words of the API that people are told in others. */
const SPOKEN: Readonly<Record<string, readonly string[]>> = { qemu: ['VM'], lxc: ['CT', 'container'], text: ['text', 'content'] };

/** The ways in which people are told a value. */
function formsOf({ field, value }: Fact): readonly string[] {
  const name = field.split('.').at(-1) ?? '';
  if (value === true) return [name, name.replaceAll('_', ' ')];
  if (typeof value === 'string')
    return [value, ...(SPOKEN[value] ?? []), showUntrusted(value, 10_000), ...(name.endsWith('_at') ? [value.slice(0, 10)] : [])];
  return [
    String(value),
    ...(name.endsWith('_bytes') ? [formatBytes(value), String(Math.round((value / GIB) * 10) / 10)] : []),
    ...(name.endsWith('_seconds') ? [formatDuration(value)] : []),
    formatPercent(value),
    value.toFixed(1),
  ];
}

describe('the text of an answer tells what its structured content tells', () => {
  let product: Product;
  const leftOut = new Set<string>();
  beforeAll(async () => {
    product = await startProduct();
    product.sim.cluster.task({ node: 'pve1', type: 'qmstart', id: '100', log: ['starting'], user: 'root@pam!simulator' });
  });
  afterAll(() => product.close());

  const calls = [
    ...ONE_CALL_EACH.filter(({ name }) => queries.some((query) => query.name === name)).map((one) => ({
      name: one.name,
      arrange: one.arrange,
      args: one.args,
    })),
    { name: 'get_vms', arrange: undefined, args: () => ({ limit: 3 }) },
    { name: 'get_containers', arrange: undefined, args: () => ({ limit: 2 }) },
    { name: 'list_isos', arrange: undefined, args: () => ({ limit: 2 }) },
    { name: 'list_isos', arrange: undefined, args: () => ({ content: 'import' }) },
    { name: 'list_templates', arrange: undefined, args: () => ({ available: true, limit: 3 }) },
    { name: 'list_snapshots', arrange: undefined, args: () => ({ vmid: 105 }) },
    { name: 'get_container_config', arrange: undefined, args: () => ({ vmid: 200 }) },
    { name: 'get_container_ip', arrange: undefined, args: () => ({ vmid: 200 }) },
    { name: 'get_guest_network', arrange: undefined, args: () => ({ vmid: 200 }) },
    {
      name: 'get_task_log',
      arrange: undefined,
      args: () => ({ upid: product.sim.cluster.tasks().at(-1)?.upid }),
    },
  ];

  test.each(calls.map((call, index) => [call.name, index, call] as const))('%s (%i)', async (name, index, { arrange, args }) => {
    const id = 50_000 + index;
    arrange?.(product.sim, id);
    const { output, text, isError } = await product.call(name, args(id, product.sim));
    expect(isError, text).toBe(false);
    const plain = text.toLowerCase();
    const untold = factsOf(output).filter((fact) => !formsOf(fact).some((form) => plain.includes(form.toLowerCase())));
    const fields = [...new Set(untold.map(({ field }) => `${name} ${field}`))];
    for (const field of fields) leftOut.add(field);
    expect(fields.filter((field) => !Object.hasOwn(LEFT_OUT, field))).toEqual([]);
  });

  test('nothing is on the list of what is left out that is told after all', () => {
    expect(Object.keys(LEFT_OUT).filter((field) => !leftOut.has(field))).toEqual([]);
  });
});
