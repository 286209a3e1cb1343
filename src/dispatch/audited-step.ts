import { createHash } from 'node:crypto';
import { describeStep, type Step } from '../domain/mutation.ts';
import type { Facts } from '../domain/plan.ts';
import type { Job } from '../jobs/job.ts';

const SECRET_NAME =
  '(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|auth(?:orization)?|credentials?)';
/** `--db-password=x`, `DB_PASSWORD=x`. */
const ASSIGNED = new RegExp(`^(-{0,2}[\\w.-]*${SECRET_NAME}[\\w.-]*[=:]).+$`, 'is');
/** `--password`, whose value is the next word. */
const OPTION = new RegExp(`^--?[\\w-]*${SECRET_NAME}$`, 'i');
const URL_PASSWORD = /(:\/\/[^/\s:@]*:)[^/\s@]+@/g;
const SECRET = '<secret>';
const WORD_LENGTH = 200;
const WORDS = 60;

/** A step as the audit log keeps it: a command as the hash of its argv beside the argv without what looks like a secret. */
export function auditedStep(step: Step): Facts {
  const described = describeStep(step);
  if (step.kind !== 'command' || !('argv' in described)) return { ...described };
  return {
    ...described,
    argv: redacted(described.argv),
    argv_sha256: createHash('sha256').update(JSON.stringify(step.argv)).digest('hex'),
    ...(step.stdin === undefined ? {} : { stdin_sha256: createHash('sha256').update(step.stdin).digest('hex') }),
  };
}

/** How a command ended, and its output as length and hash. */
export function auditedResult({ result }: Job): Facts {
  if (result === null || !('exit_code' in result)) return {};
  return Object.fromEntries(
    Object.entries(result).filter(([name]) => /^(?:exit_code|signal|timed_out|std(?:out|err)_(?:bytes|sha256))$/.test(name)),
  );
}

/** Words of a command without those that look like secrets, bounded. */
function redacted(argv: readonly string[]): readonly string[] {
  const words = argv.slice(0, WORDS).map((word, index) => {
    if (index > 0 && OPTION.test(argv[index - 1] ?? '')) return SECRET;
    const shown = word.replace(ASSIGNED, `$1${SECRET}`).replaceAll(URL_PASSWORD, `$1${SECRET}@`);
    return shown.length > WORD_LENGTH ? `${shown.slice(0, WORD_LENGTH)}…` : shown;
  });
  return argv.length > WORDS ? [...words, `… ${argv.length - WORDS} more`] : words;
}
