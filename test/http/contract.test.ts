import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startService, type Service } from './service.ts';

interface Exchange {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly authorization?: string;
    readonly headers?: Record<string, string>;
    readonly body?: unknown;
  };
  readonly note?: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const recorded = JSON.parse(readFileSync(new URL('fixtures/http.json', import.meta.url), 'utf8')) as readonly Exchange[];
const titleOf = ({ request, note, status }: Exchange): string =>
  `${request.method} ${request.path} ${request.authorization ?? 'without credential'}${note === undefined ? '' : ` (${note})`} ${status}`;

/** What is answered otherwise on purpose, and how. docs/migrating.md tells why. */
const CHANGED: Readonly<Record<string, number>> = {
  'GET /redoc Bearer testkey (bearer) 200': 308,
  'OPTIONS /get_nodes without credential (CORS preflight) 200': 403,
  'HEAD /livez without credential 405': 200,
  'POST /get_node_status Bearer testkey (unknown node) 500': 404,
  'POST /get_containers Bearer testkey 500': 422,
};
/** Asked of a server that was in a state of its own; the tests below look at these. */
const ELSEWHERE =
  /^(?:GET|POST) \/jobs\/\w|^GET \/jobs(?:\?limit=[01].*)? Bearer testkey 200|PVE down|policy deny_all|approval missing|create_backup|limit clamped|\/docs Bearer/;

let service: Service;
beforeAll(async () => {
  service = await startService({ key: false, config: { http: { api_key: 'testkey' } } });
});
afterAll(() => service.close());

function replay({ request }: Exchange): Promise<Response> {
  const { method, path, authorization, headers = {}, body } = request;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return service.ask(path, {
    key: null,
    method,
    headers: {
      ...headers,
      ...(authorization === undefined ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: text }),
  });
}

const unique = [...new Map(recorded.map((exchange) => [titleOf(exchange), exchange])).values()];

describe('what the predecessor answered', () => {
  test.each(unique.filter((exchange) => !ELSEWHERE.test(titleOf(exchange))).map((exchange) => [titleOf(exchange), exchange] as const))(
    '%s',
    async (title, exchange) => {
      const response = await replay(exchange);
      const text = await response.text();
      expect(response.status).toBe(CHANGED[title] ?? exchange.status);
      if (CHANGED[title] !== undefined || exchange.request.method === 'HEAD') return;
      if (exchange.status >= 400) {
        const { detail, ...rest } = JSON.parse(text) as { detail: unknown };
        const before = JSON.parse(exchange.body) as { detail: unknown };
        expect(response.headers.get('content-type')).toBe('application/json');
        if (!Array.isArray(before.detail)) expect({ detail, ...rest }).toEqual(before);
        else expect(withoutContext(detail)).toEqual(withoutContext(before.detail));
      }
      // Basic is still accepted, and no longer offered: a browser would ask for a password.
      if (exchange.headers['www-authenticate'] !== undefined) expect(response.headers.get('www-authenticate')).toBe('Bearer');
      else expect(response.headers.has('www-authenticate')).toBe(false);
    },
  );
});

/** The parser's own words are not part of the contract. */
function withoutContext(detail: unknown): unknown {
  return (detail as readonly Record<string, unknown>[]).map(({ ctx: _context, ...rest }) => rest);
}

describe('jobs keep their routes, statuses and fields', () => {
  const before = recorded.find(({ request, body }) => request.path.startsWith('/jobs/') && body.includes('"retry_spec"'));
  const fields = Object.keys(JSON.parse(before?.body ?? '{}') as object);

  async function backup(): Promise<string> {
    const response = await service.ask('/create_backup', {
      key: 'testkey',
      method: 'POST',
      body: JSON.stringify({ vmid: 100, storage: 'nfs-backup' }),
    });
    const { job_id } = (await response.json()) as { job_id: string };
    expect(job_id).toBeTypeOf('string');
    return job_id;
  }
  const asOperator = async (
    path: string,
    method = 'GET',
  ): Promise<{ status: number; body: Record<string, unknown> & { length?: number }; headers: Headers }> => {
    const response = await service.ask(path, { key: 'testkey', method });
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers };
  };

  test('a job shows every field that it had before', async () => {
    const jobId = await backup();
    const { status, body } = await asOperator(`/jobs/${jobId}`);
    expect(status).toBe(200);
    expect(fields).toHaveLength(18);
    expect(Object.keys(body)).toEqual(expect.arrayContaining(fields));
    expect(body).toMatchObject({ job_id: jobId, tool_name: 'create_backup' });

    const list = await asOperator('/jobs?tool_name=create_backup&limit=0');
    expect(list.body).toBeInstanceOf(Array);
    expect(list.body).toHaveLength(1);

    const polled = await service.ask(`/jobs/${jobId}/poll`, { key: 'testkey', method: 'POST', headers: { prefer: 'wait=20' } });
    expect(polled.status).toBe(200);
    expect(await polled.json()).toMatchObject({ status: 'completed', progress: 100 });
  });

  test.each(['cancel', 'retry'])('a finished job answers %s with the same conflict', async (action) => {
    const { body } = await asOperator('/jobs?status=completed&limit=1');
    const [job] = body as unknown as readonly { job_id: string }[];
    const { status, body: problem } = await asOperator(`/jobs/${job?.job_id}/${action}`, 'POST');
    expect(status).toBe(409);
    expect(problem).toMatchObject({ status: 'conflict', message: 'Job cannot perform that operation right now' });
  });

  test.each([
    ['GET', ''],
    ['POST', '/poll'],
    ['POST', '/cancel'],
    ['POST', '/retry'],
  ])('%s of an unknown job%s answers the same', async (method, action) => {
    const { status, body } = await asOperator(`/jobs/00000000-0000-0000-0000-000000000000${action}`, method);
    expect(status).toBe(404);
    expect(body).toMatchObject({ status: 'not_found', message: 'Job was not found' });
  });

  test('an approval token in the query is refused, because queries are logged', async () => {
    const response = await service.ask('/jobs/x/retry?approval_token=secret-of-a-person', { key: 'testkey', method: 'POST' });
    expect(response.status).toBe(422);
    expect(await response.text()).not.toContain('secret-of-a-person');
  });

  test('older jobs than fit on a page are found through the Link header', async () => {
    await backup();
    const first = await service.ask('/jobs?limit=1', { key: 'testkey' });
    const link = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1];
    const second = await service.ask(link ?? '', { key: 'testkey' });
    const ids = [...((await first.json()) as { job_id: string }[]), ...((await second.json()) as { job_id: string }[])].map(
      (job) => job.job_id,
    );
    expect(new Set(ids).size).toBe(2);
  });
});

test('with Proxmox away calls answer 503, readiness says so, and known jobs are still shown', async () => {
  await using own = await startService({ config: { proxmox: { timeout: 2 } } });
  const started = await own.post('/create_backup', { vmid: 100, storage: 'nfs-backup' });
  const { job_id } = (await started.json()) as { job_id: string };
  own.sim.faults.dropBeforeDispatch('* /**');
  const call = await own.post('/get_vms', {});
  expect(call.status).toBe(503);
  expect(call.headers.get('content-type')).toBe('application/problem+json');
  expect(await call.json()).toMatchObject({ code: 'proxmox_unreachable', effect: 'none' });
  const ready = await own.ask('/readyz');
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ status: 'degraded', wrong: ['proxmox'] });
  expect((await own.ask('/livez')).status).toBe(200);
  expect((await own.ask(`/jobs/${job_id}`)).status).toBe(200);
});
