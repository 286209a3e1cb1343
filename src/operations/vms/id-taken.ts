import { OperationError } from '../../domain/operation-error.ts';

/** A guest of this id exists already, of whatever kind and on whatever node. */
export function idTaken(vmid: number, field = 'vmid'): OperationError {
  return new OperationError('conflict', `The id ${vmid} is already used by a guest.`, {
    hint: `Choose another ${field}, or leave it out to get a free one.`,
    details: { field, vmid },
  });
}
