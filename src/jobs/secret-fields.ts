import type { Facts } from '../domain/plan.ts';

/** The input as it may be stored: secret fields left out. */
export function withoutSecrets(input: Facts, secretFields: readonly string[]): Facts {
  return Object.fromEntries(Object.entries(input).filter(([name]) => !secretFields.includes(name)));
}

/** True when the input holds a value in a field that must not be stored. */
export function holdsSecrets(input: Facts, secretFields: readonly string[]): boolean {
  return secretFields.some((name) => input[name] !== undefined && input[name] !== null);
}
