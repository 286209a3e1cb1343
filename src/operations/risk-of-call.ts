import type { Facts } from '../domain/plan.ts';
import { RISKS, type Risk } from '../domain/risk.ts';
import type { Operation } from './define.ts';

/** What a call with these arguments can do: the risk of its operation, or the lesser one that they keep it to. */
export function riskOfCall(operation: Operation, input: Facts): Risk {
  return lesserRisks(operation).find(({ when }) => when(input))?.risk ?? operation.risk;
}

/** Every risk that calls of the operation can have, least first. */
export function possibleRisks(operation: Operation): readonly Risk[] {
  const possible = new Set<Risk>([operation.risk, ...lesserRisks(operation).map(({ risk }) => risk)]);
  return RISKS.filter((risk) => possible.has(risk));
}

/** For people: `destroy; change without overwrite`. */
export function tellRisk(operation: Operation): string {
  return [operation.risk, ...lesserRisks(operation).map(({ risk, told }) => `${risk} ${told}`)].join('; ');
}

function lesserRisks(operation: Operation) {
  return operation.kind === 'task' ? (operation.lesserRisks ?? []) : [];
}
