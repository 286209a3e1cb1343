import { editDistance } from '../domain/edit-distance.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import { recordIn } from '../domain/record.ts';
import { fieldsOf, type RegisteredOperation } from '../dispatch/registered-operation.ts';

/** Slips within which a name that does not exist counts as one that does. */
const SLIPS = 2;

/**
 * The arguments for an operation within those of `call_operation`. Models write an object as text, and put arguments beside the
 * name; the first is certain, the second would leave open which of two is meant.
 * @throws OperationError `invalid_input`
 */
export function argumentsWithin({ operation: _name, arguments: inner, ...beside }: Facts): unknown {
  const names = Object.keys(beside).slice(0, 10);
  if (names.length > 0) {
    throw new OperationError('invalid_input', `call_operation has no argument ${names.map((name) => JSON.stringify(name)).join(', ')}.`, {
      hint: 'It takes operation and arguments; what the operation needs belongs into arguments: {"operation": "start_vm", "arguments": {"vmid": 101}}.',
      details: { unknown_arguments: names },
    });
  }
  if (typeof inner !== 'string') return inner;
  try {
    return JSON.parse(inner) as unknown;
  } catch {
    return inner;
  }
}

/** The error of an operation that was called by name, with what the caller has not seen: the names of its arguments. */
export function withArgumentNames(error: unknown, { operation, inputSchema }: RegisteredOperation, given: unknown): unknown {
  if (!(error instanceof OperationError) || error.code !== 'invalid_input') return error;
  const names = Object.keys(fieldsOf(inputSchema));
  const wrong = Object.keys(recordIn(given)).filter((name) => !names.includes(name));
  const near = wrong.flatMap((name) => {
    const meant = nearest(name, names);
    return meant === undefined ? [] : [`${meant} for ${JSON.stringify(name.slice(0, 60))}`];
  });
  const hint = [
    ...(error.hint === undefined ? [] : [error.hint]),
    ...(near.length === 0 ? [] : [`Perhaps ${near.slice(0, 5).join(', ')} is meant.`]),
    `Its arguments are ${names.join(', ')}; describe_operation ${operation.name} tells all of them.`,
  ].join(' ');
  return new OperationError(error.code, error.message, { hint, effect: error.effect, details: error.details, cause: error });
}

/** `jobid`, `vm`, `snap_name` -> `job_id`, `vmid`, `snapname`. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const bare = (text: string): string =>
    text
      .slice(0, 60)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '');
  const wanted = bare(name);
  if (wanted.length < 2) return undefined;
  const [best] = names
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, bare(candidate)) }))
    .filter(({ distance }) => distance <= SLIPS)
    .toSorted((a, b) => a.distance - b.distance);
  return best?.candidate;
}

function distanceOf(a: string, b: string): number {
  if (a.startsWith(b) || b.startsWith(a)) return Math.min(SLIPS, Math.abs(a.length - b.length));
  return Math.min(a.length, b.length) < 4 ? Number.POSITIVE_INFINITY : editDistance(a, b);
}
