import { SCOPES, type Scope } from '../domain/principal.ts';
import { refuseScope } from '../policy/invariants.ts';
import type { RegisteredOperation } from './registered-operation.ts';

/** What a caller's credential must reach to for an operation. What only a person may say is a person's word, as an approval is. */
export function scopeOf({ operation, toolset }: RegisteredOperation): Scope {
  if (operation.kind === 'control' && operation.forPeople === true) return 'approve';
  const { name, risk } = operation;
  return SCOPES.find((scope) => refuseScope({ name, risk, toolset }, [scope]) === undefined) ?? 'admin';
}
