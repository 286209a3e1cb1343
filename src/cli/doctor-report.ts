import { ERROR_CLASSES } from '../domain/operation-error.ts';
import type { Finding } from './finding.ts';

const MARKS = { ok: 'ok  ', warning: 'WARN', failed: 'FAIL', skipped: '-   ' } as const;

/** The finding that matters most: the first failure, else the first warning. */
function causeOf(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ status }) => status === 'failed') ?? findings.find(({ status }) => status === 'warning');
}

/** Lines for people. The first one names the cause of what is wrong. */
export function renderFindings(findings: readonly Finding[]): string {
  const cause = causeOf(findings);
  const others = findings.filter(({ status }) => status === 'failed' || status === 'warning').length - 1;
  const head = cause === undefined ? 'All is well.' : `${cause.message}${others > 0 ? ` (and ${others} more below)` : ''}`;
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, status, message, advice }) => [
    `${MARKS[status]}  ${check.padEnd(width)}  ${message}`,
    ...(advice === undefined ? [] : advice.split('\n').map((line) => `${' '.repeat(width + 8)}${line}`)),
  ]);
  return `${head}\n\n${lines.join('\n')}\n`;
}

/** The same for programs. */
export function reportFindings(findings: readonly Finding[]): Readonly<Record<string, unknown>> {
  const cause = causeOf(findings);
  return { ok: cause?.status !== 'failed', cause: cause?.message ?? null, findings };
}

/** 0 where nothing has failed, else the exit code of the first failure. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const failure = findings.find(({ status }) => status === 'failed');
  return failure === undefined ? 0 : ERROR_CLASSES[failure.code ?? 'internal'].exitCode;
}
