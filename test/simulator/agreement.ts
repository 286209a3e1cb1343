import type { Answer } from './pve-target.ts';

/** One recorded answer of a real Proxmox VE. */
export interface RecordedResponse {
  readonly status: number | null;
  readonly statusText?: string;
  readonly body: string | null;
}

const UPID = /^UPID:[^:]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:([^:]+):([^:]*):([^:]+):$/;

const kindOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
const isObject = (value: unknown): value is Record<string, unknown> => kindOf(value) === 'object';

/** Keys that each row of a list has, and the kinds of their values. */
function commonKeys(rows: readonly Record<string, unknown>[]): Map<string, Set<string>> {
  const keys = new Map<string, Set<string>>();
  for (const key of Object.keys(rows[0] ?? {}))
    if (rows.every((row) => key in row)) keys.set(key, new Set(rows.map((row) => kindOf(row[key]))));
  return keys;
}

/** Fields whose presence depends on the machine and not on the API. */
const INCIDENTAL = new Set([
  'cgroup-mode',
  'hastate',
  'parent',
  'serial',
  'pool',
  'tags',
  'lock',
  'name',
  'address',
  'netmask',
  'cidr',
  'comments',
  'exists',
  'ip',
  'dns1',
  'email',
  'comment',
  'prune-backups',
  'path',
  'repoid',
  'flags',
]);

function compareData(recorded: unknown, got: unknown, where: string): string[] {
  if (kindOf(recorded) !== kindOf(got)) return [`${where} is ${kindOf(got)}, recorded ${kindOf(recorded)}`];
  if (typeof recorded === 'string' && typeof got === 'string') {
    const [one, other] = [UPID.exec(recorded), UPID.exec(got)];
    if (one === null) return [];
    return other !== null && one[1] === other[1] && one[2] === other[2] ? [] : [`${where} is ${got}, recorded ${recorded}`];
  }
  if (Array.isArray(recorded) && Array.isArray(got)) {
    const [recordedRows, rows] = [recorded.filter(isObject), got.filter(isObject)];
    if (recorded.length > 0 && got.length === 0) return [`${where} is empty`];
    const differences: string[] = [];
    const group = (row: Record<string, unknown>): string => `${String(row['type'] ?? '')} ${String(row['status'] ?? '')}`;
    for (const [name, recordedGroup] of Map.groupBy(recordedRows, group)) {
      const sameGroup = rows.filter((row) => group(row) === name);
      for (const [key, kinds] of commonKeys(recordedGroup))
        for (const row of sameGroup)
          if (!INCIDENTAL.has(key) && !kinds.has(kindOf(row[key])))
            differences.push(`${where}[${name.trim()}].${key} is ${kindOf(row[key])}, recorded ${[...kinds].join('|')}`);
    }
    return [...new Set(differences)];
  }
  if (isObject(recorded) && isObject(got)) {
    return Object.entries(recorded).flatMap(([key, value]) => {
      if (INCIDENTAL.has(key)) return [];
      if (!(key in got)) return [`${where}.${key} is missing`];
      return compareData(value, got[key], `${where}.${key}`);
    });
  }
  return [];
}

/** Every way in which an answer disagrees with a recorded one, in shape and meaning; values that depend on the machine do not count. */
export function disagreements(recorded: RecordedResponse, got: Answer): string[] {
  const found: string[] = [];
  if (recorded.status !== got.status)
    found.push(`status ${got.status} '${got.reason}', recorded ${recorded.status} '${recorded.statusText ?? ''}'`);
  else if ((recorded.statusText ?? '') !== got.reason) found.push(`reason '${got.reason}', recorded '${recorded.statusText ?? ''}'`);
  if (found.length > 0) return found;
  let body: Record<string, unknown> | undefined;
  try {
    const parsed: unknown = JSON.parse(recorded.body ?? '');
    if (isObject(parsed)) body = parsed;
  } catch {
    /* plain text */
  }
  if (body === undefined) {
    if ((recorded.body ?? '') === '' ? got.text !== '' : got.json !== undefined)
      found.push(`body '${got.text.slice(0, 80)}', recorded '${(recorded.body ?? '').slice(0, 80)}'`);
    return found;
  }
  if (got.json === undefined) return [`body is no JSON: '${got.text.slice(0, 80)}'`];
  if (body['message'] !== got.json.message) found.push(`message '${String(got.json.message)}', recorded '${String(body['message'])}'`);
  if (JSON.stringify(sorted(body['errors'])) !== JSON.stringify(sorted(got.json.errors)))
    found.push(`errors ${JSON.stringify(got.json.errors)}, recorded ${JSON.stringify(body['errors'])}`);
  if (kindOf(body['total']) !== kindOf(got.json.total)) found.push('total is there in one of them only');
  return [...found, ...compareData(body['data'], got.json.data ?? null, 'data')];
}

const sorted = (value: unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => one.localeCompare(other))) : value;
