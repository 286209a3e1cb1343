import { dropOldest } from '../domain/drop-oldest.ts';
import { isPerson, type Principal } from '../domain/principal.ts';
import { possibleRisks } from '../operations/risk-of-call.ts';
import { canEverAllow } from '../policy/can-ever-allow.ts';
import { operationFacts, type ActivePolicy } from './active-policy.ts';
import type { RegisteredOperation } from './registered-operation.ts';

const CAPACITY = 256;

/** Whether an operation is for such a principal at all: some are for people only. */
export function isFor({ operation }: RegisteredOperation, principal: Principal): boolean {
  return operation.kind !== 'control' || operation.forPeople !== true || isPerson(principal);
}

/**
 * Tells which operations a principal is shown. Worked out once for all principals that the policy cannot tell apart, so that
 * lists made of it can be kept.
 */
export function createOffer(
  operations: readonly RegisteredOperation[],
  active: ActivePolicy,
): (principal: Principal) => readonly RegisteredOperation[] {
  const { policy } = active;
  const tellsPrincipals = [...policy.rules, ...policy.commandRules].some(({ conditions }) => conditions.principals !== undefined);
  const offers = new Map<string, readonly RegisteredOperation[]>();
  return (principal) => {
    const key = JSON.stringify([principal.surface, [...principal.scopes].sort(), tellsPrincipals ? principal.id : null]);
    const known = offers.get(key);
    if (known) return known;
    const offered = operations.filter(
      (registered) =>
        isFor(registered, principal) &&
        possibleRisks(registered.operation).some((risk) => canEverAllow(operationFacts(registered, risk), principal, policy)),
    );
    // Equal offers are one list, whoever they are made to.
    const same = [...offers.values()].find(
      (other) => other.length === offered.length && other.every((registered, index) => registered === offered[index]),
    );
    offers.set(key, same ?? offered);
    dropOldest(offers, CAPACITY);
    return same ?? offered;
  };
}
