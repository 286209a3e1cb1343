import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import { createSecrets } from '../domain/secrets.ts';
import type { Answer } from '../jobs/ports.ts';

/** An answer whose error no longer repeats what the input's secret fields hold: Proxmox VE may quote a value that it refuses. */
export function scrubAnswer(answer: Answer, input: Facts, secretFields: readonly string[]): Answer {
  if (!('error' in answer)) return answer;
  const values = secretFields.flatMap((name) => textsIn(input[name]));
  if (values.length === 0) return answer;
  const secrets = createSecrets();
  for (const value of values) secrets.add(value);
  const { error } = answer;
  const details = JSON.stringify(error.details);
  if (![error.message, error.hint ?? '', details].some((text) => secrets.scrub(text) !== text)) return answer;
  return {
    ...answer,
    error: new OperationError(error.code, secrets.scrub(error.message), {
      hint: error.hint === undefined ? undefined : secrets.scrub(error.hint),
      effect: error.effect,
      details: secrets.scrubTexts(error.details),
    }),
  };
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value, ...value.split('\n').filter((line) => line !== value)];
  return Array.isArray(value) ? value.flatMap(textsIn) : [];
}
