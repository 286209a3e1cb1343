import { readFileSync, statSync } from 'node:fs';
import { isRecord } from '../domain/record.ts';
import { systemCode } from '../domain/thrown.ts';
import { ConfigError } from './config-problem.ts';
import { sectionOf } from './config-rules.ts';

/** @throws ConfigError for a file that is there and cannot be read */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new ConfigError(path, [{ where: 'the file', value: undefined, expected: `cannot be read: ${(error as Error).message}` }]);
  }
}

const OTHERS_READ = 0o004;

/** Whether every user of the machine can read a file. */
export function isWorldReadable(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & OTHERS_READ) !== 0;
}

/** @throws ConfigError, which never shows what the file holds */
export function parseJson(text: string, path: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (isRecord(parsed)) return { ...parsed };
  } catch (error) {
    // Node's own message may quote the text around the fault, and that may be a secret.
    const at = /position \d+(?: \(line \d+ column \d+\))?/.exec((error as Error).message)?.[0];
    const expected = text.trim() === '' ? 'is empty' : `is not valid JSON${at === undefined ? ', which is all that is read' : ` at ${at}`}`;
    throw new ConfigError(path, [{ where: 'the file', value: undefined, expected }]);
  }
  throw new ConfigError(path, [{ where: 'the file', value: undefined, expected: 'must hold one JSON object' }]);
}

/** The sections of a file with those of the environment laid over them. */
export function merge(file: Record<string, unknown>, overrides: Readonly<Record<string, object>>): Record<string, unknown> {
  const merged = { ...file };
  for (const [section, values] of Object.entries(overrides)) {
    const given = merged[section];
    merged[section] = { ...(typeof given === 'object' && given !== null ? given : {}), ...values };
  }
  return merged;
}

/** Spellings of the predecessor that mean the same. */
export function normalize(raw: Record<string, unknown>): Record<string, unknown> {
  const mcp = sectionOf(raw, 'mcp');
  const logging = sectionOf(raw, 'logging');
  const upper = (value: unknown): unknown => (typeof value === 'string' ? value.trim().toUpperCase() : value);
  const transport = upper(mcp['transport']);
  return {
    proxmox: {},
    auth: {},
    ...raw,
    ...(raw['mcp'] === undefined
      ? {}
      : {
          mcp: {
            ...mcp,
            ...(transport === undefined || transport === null
              ? {}
              : { transport: transport === 'STREAMABLE_HTTP' ? 'STREAMABLE' : transport }),
          },
        }),
    ...(raw['logging'] === undefined
      ? {}
      : { logging: { ...logging, ...(logging['level'] === undefined ? {} : { level: upper(logging['level']) }) } }),
  };
}
