import type { CompleteResult } from '@modelcontextprotocol/server';
import type { Facts } from '../domain/plan.ts';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import { readFacts, type AskOperation } from './ask-operation.ts';
import type { Caller } from './caller.ts';
import type { Offer } from './offer.ts';

/** The protocol allows this many values. */
const MAX_VALUES = 100;
/** A person is typing: what takes longer is not worth the wait. */
const WITHIN_MS = 5000;

type Source = (caller: Caller, typed: string, others: Readonly<Record<string, string>>) => Promise<readonly string[]>;

/**
 * Completes the arguments of prompts and resource templates by what exists. Arguments mean the same wherever they stand, so
 * they are told apart by name alone. What cannot be read completes to nothing: it is help for typing, and no more.
 */
export function createCompletions(ask: AskOperation, operations: readonly RegisteredOperation[]): NonNullable<Offer['complete']> {
  const shown = new Set(operations.map(({ operation }) => operation.name));
  const sources = sourcesOf(ask, shown);
  return async ({ argument, context }, caller): Promise<CompleteResult> => {
    const source = Object.hasOwn(sources, argument.name) ? sources[argument.name] : undefined;
    const typed = argument.value.slice(0, 200);
    const signal = AbortSignal.any([caller.request.signal, AbortSignal.timeout(WITHIN_MS)]);
    const found = source ? await before(signal, source(caller, typed, context?.arguments ?? {})) : [];
    const values = [...new Set(found)];
    return { completion: { values: values.slice(0, MAX_VALUES), total: values.length, hasMore: values.length > MAX_VALUES } };
  };
}

async function before(signal: AbortSignal, values: Promise<readonly string[]>): Promise<readonly string[]> {
  const late = new Promise<readonly string[]>((resolve) => {
    if (signal.aborted) resolve([]);
    signal.addEventListener('abort', () => resolve([]), { once: true });
  });
  return Promise.race([values.catch(() => []), late]);
}

function sourcesOf(ask: AskOperation, shown: ReadonlySet<string>): Readonly<Record<string, Source>> {
  /** One field of each row that an operation lists. */
  const column = async (caller: Caller, operation: string, rows: string, field: string, args: Facts = {}): Promise<readonly string[]> => {
    if (!shown.has(operation)) return [];
    const found = (await readFacts(ask, caller, operation, args))[rows];
    return Array.isArray(found) ? found.map((row: Facts) => String(row[field])) : [];
  };
  const startingWith = (typed: string, values: readonly string[]): readonly string[] => {
    const wanted = typed.toLowerCase();
    return values.filter((value) => value.toLowerCase().startsWith(wanted));
  };

  const nodes: Source = async (caller, typed) => startingWith(typed, await column(caller, 'get_nodes', 'nodes', 'node'));
  return {
    node: nodes,
    target_node: nodes,
    storage: async (caller, typed) => startingWith(typed, await column(caller, 'get_storage', 'storages', 'storage')),
    // A guest is found by the beginning of its id or by a part of its name.
    vmid: async (caller, typed) => {
      const byId = /^\d*$/.test(typed);
      const filter = byId ? { limit: 1000 } : { name: typed, limit: MAX_VALUES };
      const lists = await Promise.all(['get_vms', 'get_containers'].map((list) => column(caller, list, 'guests', 'vmid', filter)));
      const ids = lists.flat().toSorted((a, b) => Number(a) - Number(b));
      return byId ? startingWith(typed, ids) : ids;
    },
    snapname: async (caller, typed, { vmid }) =>
      vmid === undefined ? [] : startingWith(typed, await column(caller, 'list_snapshots', 'snapshots', 'name', { vmid })),
    volid: async (caller, typed) => {
      const [backups, images, templates] = await Promise.all([
        column(caller, 'list_backups', 'backups', 'volid', { limit: 500 }),
        column(caller, 'list_isos', 'images', 'volid', { limit: 500 }),
        column(caller, 'list_templates', 'images', 'volid', { limit: 500 }),
      ]);
      return startingWith(typed, [...images, ...templates, ...backups]);
    },
    job_id: async (caller, typed) => startingWith(typed, await column(caller, 'list_jobs', 'jobs', 'job_id', { limit: MAX_VALUES })),
    operation: async (_caller, typed) => startingWith(typed, [...shown]),
  };
}
