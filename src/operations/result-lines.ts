import type { Facts } from '../domain/plan.ts';
import { showJson, showUntrusted } from '../domain/untrusted-text.ts';
import { untrustedBlock } from './untrusted-block.ts';

const STREAMS = ['stdout', 'stderr'] as const;

/** A job's result as lines: one fact each, and what a command printed as a block that is marked as untrusted. */
export function linesOfResult(result: Facts): readonly string[] {
  const streams = STREAMS.filter((name) => isStream(result, name));
  const facts = Object.entries(result).filter(([name]) => !streams.some((stream) => name === stream || name.startsWith(`${stream}_`)));
  return [...facts.map(([name, value]) => `${name}: ${showFact(value)}`), ...streams.flatMap((name) => blockOf(result, name))];
}

/** True for the result of a command, which holds text that a guest wrote. */
export function holdsOutput(result: Facts): boolean {
  return STREAMS.some((name) => isStream(result, name));
}

function isStream(result: Facts, name: string): boolean {
  return typeof result[name] === 'string' && typeof result[`${name}_sha256`] === 'string';
}

function blockOf(result: Facts, name: (typeof STREAMS)[number]): readonly string[] {
  const text = String(result[name]);
  const bytes = Number(result[`${name}_bytes`]);
  if (bytes === 0) return [`${name}: empty`];
  const notes = [
    `${bytes} bytes`,
    ...(result[`${name}_truncated`] === true ? [`only the beginning is shown${whereIsMore(result, name)}`] : []),
    ...(result[`${name}_invalid_utf8`] === true ? ['not all of it is UTF-8'] : []),
    `sha256 ${String(result[`${name}_sha256`])}`,
  ];
  return untrustedBlock(name, notes.join(', '), text);
}

function whereIsMore(result: Facts, name: string): string {
  const kept = Number(result[`${name}_kept_bytes`] ?? 0);
  return kept === 0 ? '' : `; get_job_output has ${kept} bytes`;
}

function showFact(value: unknown): string {
  return typeof value === 'string' ? showUntrusted(value) : showJson(value);
}
