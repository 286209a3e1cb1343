import type { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { Operation } from '../operations/define.ts';

/** What of a job that is shown tells whether it carries any text. */
export interface ShownJob {
  readonly tool_name: string;
  readonly result: Facts | null;
  readonly last_error: string | null;
}

/** Whether answers of an operation, or results of its jobs, may carry text at length that guests or tenants wrote. */
function mayCarry(operation: Operation | undefined): boolean {
  if (operation?.kind === 'query') return operation.showsGuestText !== undefined;
  return operation?.kind === 'task' && operation.showsGuestText === true;
}

/** Whether a job that is shown carries such text: what a command printed, or why it failed. */
export function jobCarries(operation: Operation | undefined, { result, last_error: error }: ShownJob): boolean {
  return mayCarry(operation) && (result !== null || error !== null);
}

/** Whether the answer of a query or task carries such text. */
export function answerCarries(operation: Operation, output: Facts): boolean {
  return operation.kind === 'query' ? operation.showsGuestText?.(output) === true : mayCarry(operation);
}

/** Whether an error does: where an operation looks into a guest, Proxmox VE passes on what the guest's agent says. */
export function errorCarries(operation: Operation, { details }: OperationError): boolean {
  return mayCarry(operation) && typeof details['proxmox_message'] === 'string';
}
