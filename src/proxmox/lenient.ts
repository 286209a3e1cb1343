import { recordIn } from '../domain/record.ts';

/**
 * Proxmox answers numbers as strings, booleans as 0/1/"1", and leaves out what it does not know.
 * These read what a field means; whatever cannot be read is null, never a made-up zero.
 */
export type RawRecord = Readonly<Record<string, unknown>>;

export function readNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' && value.trim() !== '') {
    const parsed = Number(value);
    return Number.isFinite(parsed) ? parsed : null;
  }
  return null;
}

export function readText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : null;
}

export function readFlag(value: unknown): boolean {
  return value === true || value === 1 || value === '1';
}

export function readRecord(value: unknown): RawRecord {
  return recordIn(value);
}

export function readRecords(value: unknown): readonly RawRecord[] {
  return Array.isArray(value) ? value.map(readRecord) : [];
}

/** `a;b,c d` -> `['a', 'b', 'c', 'd']`, as Proxmox separates tags and other lists. */
export function readList(value: unknown): readonly string[] {
  return typeof value === 'string' ? value.split(/[;,\s]+/).filter((part) => part !== '') : [];
}
