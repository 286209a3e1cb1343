import type { Environment } from '../domain/environment.ts';
import { splitOutsideBrackets } from '../domain/split-list.ts';
import type { ConfigField } from './config-fields.ts';

type Sections = Record<string, Record<string, unknown>>;

/** Reads settings from environment variables. Values are still text where their type could not be told; the schema judges them. */
export function readEnvironment(fields: readonly ConfigField[], environment: Environment): Sections {
  const sections: Sections = {};
  for (const field of fields) {
    const text = field.env === undefined ? undefined : environment[field.env];
    if (text === undefined || isUnset(text)) continue;
    const [section, key] = field.path;
    (sections[section] ??= {})[key] = parse(text, field);
  }
  return sections;
}

/** A variable that says nothing. Desktop clients pass `${user_config.x}` through when the user left a field empty. */
export function isUnset(text: string | undefined): boolean {
  return text === undefined || text === '' || text.startsWith('${');
}

function parse(text: string, field: ConfigField): unknown {
  if (field.schema.safeParse(text).success) return text;
  const candidates = [
    asNumber(text),
    asBoolean(text),
    asList(text),
    asRecord(text),
    text.toUpperCase(),
    TRANSPORT_ALIASES[text.toUpperCase()],
  ];
  return candidates.find((candidate) => candidate !== undefined && field.schema.safeParse(candidate).success) ?? text;
}

const TRANSPORT_ALIASES: Readonly<Record<string, string>> = { STREAMABLE_HTTP: 'STREAMABLE', 'STREAMABLE-HTTP': 'STREAMABLE' };

function asNumber(text: string): number | undefined {
  return /^-?\d+$/.test(text.trim()) ? Number(text) : undefined;
}

function asBoolean(text: string): boolean | undefined {
  const lower = text.trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(lower)) return true;
  return ['false', '0', 'no', 'off'].includes(lower) ? false : undefined;
}

function asList(text: string): readonly string[] | undefined {
  if (text.trim().startsWith('[')) {
    try {
      const parsed: unknown = JSON.parse(text);
      if (Array.isArray(parsed)) return parsed.map(String);
    } catch {
      // Not JSON after all: `[a-z]+,x` is a list of patterns.
    }
  }
  return splitOutsideBrackets(text);
}

/** `{"a": "x"}`, or `a=x,b=y`. */
function asRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.trim().startsWith('{')) {
    try {
      return JSON.parse(text) as Record<string, unknown>;
    } catch {
      return undefined;
    }
  }
  const pairs = splitOutsideBrackets(text).map((part) => /^([^=]+)=(.+)$/.exec(part));
  if (pairs.some((pair) => pair === null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1]?.trim() ?? '', pair?.[2]?.trim() ?? '']));
}
