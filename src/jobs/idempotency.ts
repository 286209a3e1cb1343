import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { CallIdentity } from './jobs.ts';
import type { ReplayQuery } from './job-store.ts';
import { withoutSecrets } from './secret-fields.ts';

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/**
 * How earlier jobs for the same call are found. Secrets take no part in the digest: a digest of a password in the database
 * would give it to whoever guesses.
 */
export function replayQuery(request: CallIdentity, heldSince: string): ReplayQuery {
  const { operation, principal, idempotencyKey } = request;
  const asked = request.asked ?? request.input;
  const body = canonicalJson({
    ...withoutSecrets(asked, request.secretFields),
    ...Object.fromEntries(request.secretFields.filter((name) => asked[name] !== undefined).map((name) => [name, '<secret>'])),
  });
  return idempotencyKey === null
    ? { given: null, implied: digest('implied', principal.id, operation, body), heldSince }
    : { given: { principalId: principal.id, key: idempotencyKey, bodyHash: digest('given', operation, body) }, implied: null, heldSince };
}
