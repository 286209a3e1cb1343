import { toOperationError } from '../domain/operation-error.ts';
import { isRecord } from '../domain/record.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { takesWait, type RegisteredOperation } from '../dispatch/registered-operation.ts';
import { isOpen } from '../jobs/job-status.ts';
import { idempotencyKey, preferredWait } from './call-options.ts';
import { readBody } from './read-body.ts';
import type { HttpContext } from './request-context.ts';
import type { RouteTable } from './route-table.ts';

export interface OperationRoutesOptions {
  readonly dispatcher: Dispatcher;
  /** Where this service is seen from outside, before the path of a route. */
  readonly publicPath: string;
  /** Aborted when the server stops: calls that wait answer with the job as it is. */
  readonly closing: AbortSignal;
}

const ASK_AGAIN_SECONDS = '2';

/** `POST /<operation>`: the operation's input as the body, its output as the answer. */
export function addOperationRoutes(routes: RouteTable, options: OperationRoutesOptions): void {
  for (const registered of options.dispatcher.operations) {
    routes.post(`/${registered.operation.name}`, (context) => answer(context, registered, options));
  }
}

async function answer(context: HttpContext, registered: RegisteredOperation, options: OperationRoutesOptions): Promise<Response> {
  const { dispatcher, publicPath, closing } = options;
  const { operation } = registered;
  const key = idempotencyKey(context);
  const body = await readBody(context.req.raw);
  const wait = preferredWait(context);
  const given = body ?? {};
  const waits = wait !== undefined && takesWait(registered) && isRecord(given) && given['wait_seconds'] === undefined;
  try {
    const { output } = await dispatcher.call({
      operation: operation.name,
      arguments: waits ? { ...given, wait_seconds: wait } : body,
      principal: context.get('principal'),
      requestId: context.get('requestId'),
      // Ends waiting, and a query waits for nothing but its answer.
      ...(operation.kind === 'query' ? {} : { signal: AbortSignal.any([context.req.raw.signal, closing]) }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    });
    const isJobOpen = operation.risk !== 'read' && isOpen(output['status']);
    const isAnyOpen = isJobOpen || (output['status'] === 'several' && output['next'] === 'wait');
    return Response.json(output, {
      status: isAnyOpen ? 202 : 200,
      headers: {
        ...(isJobOpen ? { location: `${publicPath}/jobs/${String(output['job_id'])}` } : {}),
        ...(isAnyOpen ? { 'retry-after': ASK_AGAIN_SECONDS } : {}),
        ...(output['replayed'] === true ? { 'idempotency-replayed': 'true' } : {}),
        ...(waits ? { 'preference-applied': `wait=${wait}` } : {}),
      },
    });
  } catch (thrown) {
    throw toOperationError(thrown);
  }
}
