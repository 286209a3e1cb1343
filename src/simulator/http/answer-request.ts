import type { IncomingMessage } from 'node:http';
import { authenticate } from '../access/authenticate.ts';
import { dispatch, format } from '../api/dispatch.ts';
import type { Route } from '../api/router.ts';
import type { RequestFault } from '../faults.ts';
import type { World } from '../model/world.ts';
import { checkHead, readBody, TransportRefusal, type Target } from './read-request.ts';
import type { LoggedRequest } from './request-log.ts';
import type { Outgoing } from './send-answer.ts';

export interface AnswerOptions {
  readonly world: World;
  readonly find: (method: string, path: string) => Route | undefined;
  readonly authenticationDelaySeconds: number;
}

const isWide = (text: string): boolean => /[^\0-\xff]/.test(text);

/** Calls that may be made by anybody. */
const NEEDS_NO_CREDENTIAL = new Set(['GET /access/domains', 'GET /access/ticket', 'POST /access/ticket']);

/** Checks the head, the format, the credential; then lets the API answer. Never rejects. */
export async function answerRequest(
  options: AnswerOptions,
  request: IncomingMessage,
  target: Target,
  logged: LoggedRequest,
  struck: readonly RequestFault[],
): Promise<Outgoing> {
  try {
    checkHead(request);
    if (target.formatter === undefined) throw new TransportRefusal(500, `no such file '${target.path}'`);
    if (target.formatter !== 'json' && target.formatter !== 'extjs')
      throw new TransportRefusal(501, `no formatter for uri ${target.path}, ${target.formatter}`);
    return await execute(options, request, target, logged, struck);
  } catch (error) {
    if (!(error instanceof TransportRefusal)) return { status: 500, reason: 'internal error', body: String(error), contentType: undefined };
    const { status, message, hasBody } = error;
    return { status, reason: message.split('\n')[0] ?? '', body: hasBody ? message : '', contentType: undefined };
  }
}

async function execute(
  { world, find, authenticationDelaySeconds }: AnswerOptions,
  request: IncomingMessage,
  target: Target,
  logged: LoggedRequest,
  struck: readonly RequestFault[],
): Promise<Outgoing> {
  const method = request.method ?? 'GET';
  const has = (kind: RequestFault['kind']): boolean => struck.some((fault) => fault.kind === kind);
  const isOpen = NEEDS_NO_CREDENTIAL.has(`${method} ${target.path}`) && request.headers.authorization === undefined;
  const caller = isOpen
    ? { identity: undefined, byToken: false }
    : authenticate(world.access, world.tickets, method, request.headers, world.clock.now());
  if ('refused' in caller) {
    await world.clock.hold(authenticationDelaySeconds);
    return { status: 401, reason: caller.refused, body: '', contentType: undefined };
  }
  Object.assign(logged.body, await readBody(request));
  const answer = await dispatch(
    world,
    find,
    { method, path: target.path, query: target.query, body: logged.body, caller },
    { noWorker: has('noWorker'), lockTimeout: has('lockTimeout') },
  );
  if (answer.failure?.status === 401) await world.clock.hold(authenticationDelaySeconds);
  if (has('596')) return { status: 596, reason: 'Connection timed out', body: '', contentType: undefined };
  if (answer.failure !== undefined && answer.isForwarded && isWide(answer.failure.message)) {
    await world.clock.hold(5);
    return { status: 596, reason: 'Broken pipe', body: '', contentType: undefined };
  }
  return { ...format(answer, target.formatter === 'extjs' ? 'extjs' : 'json'), isForwarded: answer.isForwarded };
}
