import { OperationError } from '../domain/operation-error.ts';
import { grantHint } from './grant-hint.ts';

/** Proxmox leaves out of its lists what a token may not see, and every node has storage: none at all means that it may see none. */
export function cannotSeeStorage(tokenId: string): OperationError {
  const path = '/storage';
  const privilege = 'Datastore.Audit';
  return new OperationError('missing_privilege', `The API token ${tokenId} lacks ${privilege} on ${path}, so it sees no storage.`, {
    hint: grantHint([{ path, privileges: [privilege] }], tokenId),
    details: { path, privileges: [privilege] },
  });
}
