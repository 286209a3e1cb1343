import { checkPermissions } from '../access/permission-check.ts';
import type { Caller } from '../access/authenticate.ts';
import { touch, type World } from '../model/world.ts';
import type { RawValue } from './check-parameters.ts';
import { createCall, Page, PlainText, schemaOf, SerializedJson, type CallFaults } from './endpoint.ts';
import { ApiFailure, failure, notImplemented, parameterFailure, permissionFailure } from './failure.ts';
import type { Route } from './router.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, RawValue>>;
  readonly body: Readonly<Record<string, RawValue>>;
  readonly caller: Caller;
}

/** What the API answers, before it is formatted. `isForwarded` tells that another process answered. */
export interface ApiResult {
  readonly status: number;
  readonly result: unknown;
  readonly failure: ApiFailure | undefined;
  readonly isForwarded: boolean;
  readonly proxyError?: string;
}

/** Endpoints that write nothing into the cluster file system, and so work without quorum. */
const needsQuorum = (method: string, path: string): boolean => method !== 'GET' && !/\/agent\/|^\/access\/ticket$|\/tasks\//.test(path);

function mergeParameters(request: ApiRequest, pathParameters: Readonly<Record<string, string>>): Record<string, RawValue> {
  const merged: Record<string, RawValue> = { ...request.body, ...request.query };
  delete merged['_dc'];
  for (const [name, value] of Object.entries(pathParameters)) {
    if (merged[name] !== undefined && String(merged[name]) !== value)
      throw parameterFailure({ [name]: 'duplicate parameter (already defined in URI) with conflicting values!' });
    merged[name] = value;
  }
  return merged;
}

/**
 * Answers one call: finds the endpoint, checks permissions before parameters, forwards to the node, runs the handler.
 * @see pve-manager PVE/HTTPServer.pm rest_handler
 */
export async function dispatch(
  world: World,
  find: (method: string, path: string) => Route | undefined,
  request: ApiRequest,
  faults: CallFaults,
): Promise<ApiResult> {
  let isForwarded = false;
  const failed = (error: ApiFailure): ApiResult => ({ status: error.status, result: undefined, failure: error, isForwarded });
  try {
    const route = find(request.method, request.path);
    if (route === undefined) throw notImplemented(request.method, request.path);
    const schema = schemaOf(route.endpoint);
    const raw = mergeParameters(request, route.pathParameters);
    const { identity = '', byToken } = request.caller;
    if (byToken && schema.allowtoken === false)
      throw permissionFailure(`URI '${request.path}' not available with API token, need proper ticket.\n`);
    if (schema.permissions?.user !== 'world' || identity !== '')
      checkPermissions(schema, { identity, parameters: raw, reader: world.permissions, database: world.access });
    let node = world.localNode;
    if (schema.proxyto === 'node') {
      const wanted = String(raw['node'] ?? '');
      node = wanted === 'localhost' ? world.localNode : wanted;
      const target = world.nodes.get(node);
      if (target === undefined)
        throw failure(`hostname lookup '${node}' failed - failed to get address info for: ${node}: Name or service not known`);
      isForwarded = node !== world.localNode;
      if (!target.online) return { status: 595, result: undefined, failure: undefined, isForwarded, proxyError: 'Connection refused' };
    }
    isForwarded ||= schema.protected === true;
    const call = createCall(world, identity, schema, raw, node, faults, failure);
    if (!world.hasQuorum && needsQuorum(request.method, request.path)) throw failure('cluster not ready - no quorum?');
    const result = await route.endpoint.handler(call);
    if (request.method !== 'GET') touch(world);
    return { status: 200, result, failure: undefined, isForwarded };
  } catch (error) {
    if (request.method !== 'GET') touch(world);
    return failed(error instanceof ApiFailure ? error : failure(error instanceof Error ? error.message : String(error)));
  }
}

/** The JSON of an answer, and the status line that goes with it. @see pve-http-server PVE/APIServer/Formatter/Standard.pm */
export function format(
  answer: ApiResult,
  formatter: 'json' | 'extjs',
): { status: number; reason: string; body: string; contentType: string | undefined } {
  const contentType = 'application/json;charset=UTF-8';
  if (answer.proxyError !== undefined) return { status: answer.status, reason: answer.proxyError, body: '', contentType: undefined };
  if (answer.failure !== undefined) {
    const { status, message, errors } = answer.failure;
    const reason = message.split('\n')[0] ?? '';
    const content = { data: null, message, ...(errors === undefined ? {} : { errors }) };
    if (formatter === 'extjs') return { status: 200, reason: 'OK', body: JSON.stringify({ ...content, status, success: 0 }), contentType };
    return { status, reason, body: JSON.stringify(content), contentType };
  }
  const { result } = answer;
  if (result instanceof PlainText) return { status: 200, reason: 'OK', body: result.text, contentType: 'text/plain;charset=UTF-8' };
  const extra = formatter === 'extjs' ? ',"success":1' : '';
  if (result instanceof SerializedJson) return { status: 200, reason: 'OK', body: `{"data":${result.json}${extra}}`, contentType };
  const [data, total] = result instanceof Page ? [result.rows, result.total] : [result ?? null, undefined];
  const count = total === undefined ? '' : `,"total":${total}`;
  return { status: 200, reason: 'OK', body: `{"data":${JSON.stringify(data)}${count}${extra}}`, contentType };
}
