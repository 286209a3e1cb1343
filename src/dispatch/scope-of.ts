import { SCOPES, type Scope } from '../domain/principal.ts';
import { possibleRisks } from '../operations/risk-of-call.ts';
import { refuseScope } from '../policy/invariants.ts';
import type { RegisteredOperation } from './registered-operation.ts';

/** What a caller's credential must reach to for a call of this risk; without one, for the most harmless call. What only a person may say is a person's word, as an approval is. */
export function scopeOf({ operation, toolset }: RegisteredOperation, risk = possibleRisks(operation)[0]): Scope {
  if (operation.kind === 'control' && operation.forPeople === true) return 'approve';
  const { name } = operation;
  return SCOPES.find((scope) => refuseScope({ name, risk, toolset }, [scope]) === undefined) ?? 'admin';
}
