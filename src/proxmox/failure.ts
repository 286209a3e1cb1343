import { OperationError } from '../domain/operation-error.ts';
import { ApiError } from './api-error.ts';
import { grantHint } from './grant-hint.ts';
import { PROXMOX_MESSAGES } from './proxmox-messages.ts';
import { readRecord, readText } from './lenient.ts';
import type { ApiRequest, RawResponse } from './transport.ts';

/** Who asked whom, for the sentence of an error. */
export interface FailureContext {
  /** `https://host:8006`. */
  readonly origin: string;
  /** `user@realm!tokenid`, which is no secret. */
  readonly tokenId: string;
}

const MESSAGE_LIMIT = 400;

/**
 * What an answer that is not 2xx means, and what it proves about the request. The table is Proxmox's own behaviour: a 500
 * does not mean that nothing happened unless its text is one that is emitted before any work begins.
 */
export function failureOfAnswer(request: ApiRequest, response: RawResponse, context: FailureContext): ApiError {
  const body = parseBody(response);
  const said = (readText(body['message']) ?? response.reason).trim().slice(0, MESSAGE_LIMIT);
  const facts = { proxmox_status: response.status, proxmox_message: said };
  const fail = (failure: ApiError['failure'], error: OperationError): ApiError => new ApiError(failure, error);

  switch (response.status) {
    case 400: {
      const errors = readRecord(body['errors']);
      const fields = Object.keys(errors);
      if (fields.length === 1 && errors['upid'] !== undefined && /no such task/.test(String(errors['upid']))) {
        return fail('refused', new OperationError('not_found', 'Proxmox VE knows no such task.', { details: { ...facts, errors } }));
      }
      return fail(
        'refused',
        new OperationError('invalid_input', `Proxmox VE refused ${fields.length === 0 ? 'a parameter' : fields.join(', ')}.`, {
          hint: 'See errors for what each parameter must look like.',
          details: { ...facts, errors },
        }),
      );
    }
    case 401:
      return fail(
        'refused',
        new OperationError('proxmox_failed', `Proxmox VE at ${context.origin} does not accept the API token ${context.tokenId}.`, {
          hint: 'Check proxmox.user, token_name and token_value; the token may be expired, disabled or deleted (Datacenter > Permissions > API Tokens).',
          details: facts,
        }),
      );
    case 403:
      return fail('refused', permissionFailure(said, facts, context));
    case 501:
      return fail(
        'refused',
        new OperationError('proxmox_failed', 'This release of Proxmox VE does not know the request.', {
          hint: 'The operation may need a newer Proxmox VE.',
          details: facts,
        }),
      );
    case 595:
      return fail('not_sent', nodeUnreachable(request, facts));
    default:
      return failureOf500(request, response, said, facts);
  }
}

function failureOf500(request: ApiRequest, response: RawResponse, said: string, facts: Readonly<Record<string, unknown>>): ApiError {
  if (response.status === 500) {
    for (const row of PROXMOX_MESSAGES) {
      const match = row.pattern.exec(said);
      if (!match) continue;
      const error = new OperationError(row.code, row.message(match.groups ?? {}), { hint: row.hint, details: facts });
      return new ApiError(row.failure, row.failure === 'in_doubt' ? error.withEffect('unknown') : error);
    }
  }
  const isWrite = request.method !== 'GET';
  if (response.status >= 596 && response.status <= 599) {
    const error = new OperationError('proxmox_unreachable', 'The Proxmox VE node stopped answering while it worked on the request.', {
      hint: isWrite ? 'It may still be working. Look at the job before repeating anything.' : 'Try again; if it persists, check the node.',
      effect: isWrite ? 'unknown' : 'none',
      details: facts,
    });
    return new ApiError('in_doubt', error);
  }
  const isHtml = /text\/html/i.test(response.contentType);
  const message = isHtml
    ? `Something in front of Proxmox VE answered ${response.status} with a web page.`
    : `Proxmox VE answered ${response.status} to ${request.method} ${request.path}.`;
  const hint = isHtml ? 'Point proxmox.host and proxmox.port at Proxmox VE itself (port 8006), not at a proxy or login page.' : undefined;
  return new ApiError(
    'in_doubt',
    new OperationError('proxmox_failed', message, { hint, effect: isWrite ? 'unknown' : 'none', details: facts }),
  );
}

function nodeUnreachable(request: ApiRequest, facts: Readonly<Record<string, unknown>>): OperationError {
  const node = /^\/nodes\/([^/]+)/.exec(request.path)?.[1];
  return new OperationError(
    'proxmox_unreachable',
    node === undefined ? 'The Proxmox VE node cannot be reached.' : `Node ${node} cannot be reached by the other nodes of the cluster.`,
    {
      hint: 'Check whether the node is up (get_nodes). Nothing was sent to it.',
      details: node === undefined ? facts : { ...facts, node },
    },
  );
}

/** @see pve-access-control PVE/RPCEnvironment.pm, check_full */
function permissionFailure(said: string, facts: Readonly<Record<string, unknown>>, context: FailureContext): OperationError {
  const pool = /Permission check failed \(pool '(?<pool>[^']+)' does not exist\)/.exec(said)?.groups?.['pool'];
  if (pool !== undefined) {
    return new OperationError('not_found', `There is no pool ${pool}.`, {
      hint: 'Use a pool that exists, or leave it out.',
      details: { ...facts, pool },
    });
  }
  const match = /Permission check failed \((?<path>[^,)]*), (?<privileges>[\w.|]+)\)/.exec(said);
  const path = match?.groups?.['path'];
  const privileges = match?.groups?.['privileges']?.split('|') ?? [];
  if (path === '') {
    return new OperationError('invalid_input', 'Proxmox VE could not make sense of a name in the request.', {
      hint: 'A node, guest, storage or pool name has a form that Proxmox does not accept.',
      details: facts,
    });
  }
  if (path === undefined) {
    return new OperationError('missing_privilege', `The API token ${context.tokenId} may not do this.`, {
      hint: 'Run `proxmox-mcp-plus permissions` to see what each operation needs.',
      details: facts,
    });
  }
  const wanted = privileges.join(' or ');
  return new OperationError('missing_privilege', `The API token ${context.tokenId} lacks ${wanted} on ${path}.`, {
    hint: grantHint([{ path, privileges: privileges.slice(0, 1) }], context.tokenId),
    details: { ...facts, path, privileges },
  });
}

function parseBody(response: RawResponse): Readonly<Record<string, unknown>> {
  if (!response.text.startsWith('{')) return {};
  try {
    return readRecord(JSON.parse(response.text));
  } catch {
    return {};
  }
}
