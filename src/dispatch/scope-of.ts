import { SCOPES, type Scope } from '../domain/principal.ts';
import { possibleRisks } from '../operations/risk-of-call.ts';
import { refuseScope } from '../policy/invariants.ts';
import type { RegisteredOperation } from './registered-operation.ts';

/**
 * The scope that a call of this risk needs; without a risk, that of the most harmless call. What only a person may say needs the
 * scope of an approval.
 */
export function scopeOf({ operation, toolset }: RegisteredOperation, risk = possibleRisks(operation)[0]): Scope {
  if (operation.kind === 'control' && operation.forPeople === true) return 'approve';
  const { name } = operation;
  return SCOPES.find((scope) => refuseScope({ name, risk, toolset }, [scope]) === undefined) ?? 'admin';
}
