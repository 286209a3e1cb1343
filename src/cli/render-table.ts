import { formatBytes, formatDuration, formatPercent } from '../domain/units.ts';
import { showJson, showUntrusted } from '../domain/untrusted-text.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * Rows as a table: a column per field that any row has, bytes, seconds and shares as people read them.
 * `width` cuts lines to a terminal; null leaves them whole. Text is shown as somebody else's, but for the fields in `ownWords`.
 */
export function renderTable(rows: readonly Row[], width: number | null, ownWords: readonly string[] = []): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => rows.some((row) => !isEmpty(row[name])));
  const isNumeric = new Map(names.map((name) => [name, rows.every((row) => isEmpty(row[name]) || typeof row[name] === 'number')]));
  const cells = rows.map((row) => names.map((name) => (ownWords.includes(name) ? String(row[name]) : show(name, row[name]))));
  const heads = names.map((name) =>
    name
      .replace(/_(?:bytes|seconds)$/, '')
      .replaceAll('_', ' ')
      .toUpperCase(),
  );
  const widths = names.map((_name, index) => Math.max(heads[index]?.length ?? 0, ...cells.map((line) => line[index]?.length ?? 0)));
  const lineOf = (line: readonly string[]): string => {
    const text = line
      .map((cell, index) => (isNumeric.get(names[index] ?? '') ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd();
    return width !== null && text.length > width ? `${text.slice(0, width - 1)}…` : text;
  };
  return [heads, ...cells].map(lineOf).join('\n');
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

function show(name: string, value: unknown): string {
  if (isEmpty(value)) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') {
    if (name.endsWith('_bytes')) return formatBytes(value);
    if (name.endsWith('_seconds')) return formatDuration(value);
    return name.endsWith('_usage') ? formatPercent(value) : String(value);
  }
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'object' ? showJson(item) : showUntrusted(String(item)))).join(',');
  return typeof value === 'object' ? showJson(value) : showUntrusted(value as string);
}
