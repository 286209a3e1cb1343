import type { CompleteResult } from '@modelcontextprotocol/server';
import { VMID_MAX, VMID_MIN } from '../domain/guest.ts';
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
    // Sources stop reading once there is more than can be told, so how many there are is known only below that.
    const total = values.length > MAX_VALUES ? {} : { total: values.length };
    return { completion: { values: values.slice(0, MAX_VALUES), ...total, hasMore: values.length > MAX_VALUES } };
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
      const filters = /^\d*$/.test(typed)
        ? rangesOf(typed).map(([first, last]) => ({ after: first - 1, last }))
        : [{ name: typed, after: VMID_MIN - 1, last: VMID_MAX }];
      const pages = await Promise.all(
        filters.flatMap(({ last, ...filter }) =>
          ['get_vms', 'get_containers'].map(async (list) =>
            (await column(caller, list, 'guests', 'vmid', { ...filter, limit: MAX_VALUES + 1 })).filter((vmid) => Number(vmid) <= last),
          ),
        ),
      );
      return pages.flat().toSorted((a, b) => Number(a) - Number(b));
    },
    snapname: async (caller, typed, { vmid }) =>
      vmid === undefined ? [] : startingWith(typed, await column(caller, 'list_snapshots', 'snapshots', 'name', { vmid })),
    // Once the storage is typed, only that one is read; it holds what it holds, so the other lists may refuse it.
    volid: async (caller, typed) => {
      const [, storage] = /^([^:]+):/.exec(typed) ?? [];
      const filter = { limit: 500, ...(storage === undefined ? {} : { storage }) };
      const lists = await Promise.allSettled([
        column(caller, 'list_isos', 'images', 'volid', filter),
        column(caller, 'list_templates', 'images', 'volid', filter),
        column(caller, 'list_backups', 'backups', 'volid', filter),
      ]);
      return startingWith(
        typed,
        lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : [])),
      );
    },
    job_id: async (caller, typed) => startingWith(typed, await column(caller, 'list_jobs', 'jobs', 'job_id', { limit: MAX_VALUES })),
    operation: async (_caller, typed) => startingWith(typed, [...shown]),
  };
}

/** The ranges of ids that begin with these digits: `10` is 100 to 109, 1000 to 1099 and so on. */
function rangesOf(digits: string): readonly (readonly [first: number, last: number])[] {
  if (digits === '') return [[VMID_MIN, VMID_MAX]];
  const most = String(VMID_MAX).length;
  return Array.from({ length: Math.max(0, most - digits.length + 1) }, (_, further) => {
    const first = Number(digits) * 10 ** further;
    return [Math.max(first, VMID_MIN), first + 10 ** further - 1] as const;
  }).filter(([first, last]) => first <= last && !digits.startsWith('0'));
}
