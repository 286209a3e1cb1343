import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { JsonSchema } from '../../src/dispatch/registered-operation.ts';
import { arbitraryFromSchema } from './arbitrary-from-schema.ts';
import { KEY, startService, type Service } from './service.ts';

/** How many requests in all, 50,000 in the thorough run; a failure names its seed. */
const REQUESTS = Number(process.env['HTTP_FUZZ_REQUESTS'] ?? 5000);
const SEED = Number(process.env['HTTP_FUZZ_SEED'] ?? 20_261_120);
const AT_ONCE = 16;

interface Described {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: JsonSchema }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: JsonSchema } } };
  readonly responses: Readonly<Record<string, JsonSchema>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
}
interface Fuzzed {
  readonly body: unknown;
  readonly raw: string | null;
  readonly jobId: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

let service: Service;
let document: Document;
const jobIds: string[] = [];
beforeAll(async () => {
  service = await startService();
  document = (await (await service.ask('/openapi.json')).json()) as Document;
  const response = await service.post('/create_backup', { vmid: 100, storage: 'nfs-backup' }, { prefer: 'wait=30' });
  jobIds.push(((await response.json()) as { job_id: string }).job_id);
});
afterAll(() => service.close());

const resolve = <T>(node: T | JsonSchema): T => {
  const reference = (node as JsonSchema)['$ref'];
  if (typeof reference !== 'string') return node as T;
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], document) as T;
};

const checks = new Map<string, (body: unknown) => string | null>();
/** Whether a body is what the document says; null when it is. */
function bodyProblem(schema: JsonSchema, body: unknown): string | null {
  const key = JSON.stringify(schema);
  let check = checks.get(key);
  if (!check) {
    const standalone = JSON.parse(
      JSON.stringify({ ...schema, $defs: document.components['schemas'] }).replaceAll('#/components/schemas/', '#/$defs/'),
    ) as JsonSchema;
    const parser = z.fromJSONSchema(standalone);
    check = (value) => {
      const parsed = parser.safeParse(value);
      return parsed.success ? null : JSON.stringify(parsed.error.issues.slice(0, 3));
    };
    checks.set(key, check);
  }
  return check(body);
}

function arbitraryOf(described: Described): fc.Arbitrary<Fuzzed> {
  const schema = described.requestBody?.content['application/json'].schema;
  const headerText = fc.oneof(fc.string({ maxLength: 30 }), fc.constantFrom('wait=0', 'wait=99999999999', 'respond-async', '1', 'abc-1'));
  return fc.record({
    body:
      schema === undefined
        ? fc.constant(undefined)
        : fc.oneof({ weight: 20, arbitrary: arbitraryFromSchema(resolve(schema)) }, { weight: 1, arbitrary: fc.jsonValue() }),
    raw: fc.oneof({ weight: 30, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.string() }),
    jobId: fc.oneof(fc.constantFrom(...jobIds), fc.uuid(), fc.string({ minLength: 1, maxLength: 80 })),
    parameters: fc.record(
      Object.fromEntries(
        (described.parameters ?? []).map(({ name, in: place, schema: shape }) => [
          name,
          place === 'header' ? headerText : arbitraryFromSchema(shape, name),
        ]),
      ),
      { requiredKeys: [] },
    ),
  });
}

function requestOf(
  method: string,
  path: string,
  described: Described,
  { body, raw, jobId, parameters }: Fuzzed,
): readonly [path: string, init: RequestInit] {
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const { name, in: place } of described.parameters ?? []) {
    const value = parameters[name];
    if (value === undefined || place === 'path') continue;
    if (place === 'query') query.set(name, String(value).replaceAll(/[\ud800-\udfff]/g, '?'));
    else headers[name.toLowerCase()] = encodeURI(String(value).replaceAll(/[\ud800-\udfff]/g, '?')).slice(0, 250);
  }
  const segment = encodeURIComponent(jobId.replaceAll(/[\ud800-\udfff]/g, '?')).replace(/^\.+$/, 'x');
  const target = `${path.replace('{job_id}', segment)}${query.size === 0 ? '' : `?${query.toString()}`}`;
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  return [target, { method: method.toUpperCase(), headers, ...(method === 'post' && text !== undefined ? { body: text } : {}) }];
}

test(
  `${REQUESTS} requests made from the document never find a fault of ours, nor an answer that it does not describe`,
  { timeout: 900_000 },
  async () => {
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => ({ path, method, described })),
    );
    const statuses = new Map<number, number>();
    const faults: string[] = [];

    async function send(route: (typeof routes)[number], fuzzed: Fuzzed): Promise<void> {
      const [target, init] = requestOf(route.method, route.path, route.described, fuzzed);
      const response = await service.ask(target, { ...init, key: KEY });
      const type = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
      const text = type === 'text/event-stream' ? (await response.body?.cancel(), '') : await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      const tell = (what: string): void => {
        if (faults.length < 20)
          faults.push(`${init.method} ${target} ${String(init.body).slice(0, 300)} -> ${response.status} ${text.slice(0, 400)}: ${what}`);
      };
      const documented = route.described.responses[String(response.status)];
      // 500 is documented, and still a fault of ours.
      if (response.status === 500 || documented === undefined) return tell(response.status === 500 ? 'a fault' : 'not documented');
      const content = (resolve<JsonSchema>(documented)['content'] ?? {}) as Readonly<Record<string, { schema: JsonSchema }>>;
      const schema = content[type]?.schema;
      if (response.status === 204) return;
      if (!schema) return tell(`content type ${type} is not documented`);
      if (!type.endsWith('json')) return;
      const problem = bodyProblem(schema, JSON.parse(text) as unknown);
      if (problem !== null) tell(problem);
    }

    const each = Math.ceil(REQUESTS / routes.length);
    for (const [index, route] of routes.entries()) {
      const samples = fc.sample(arbitraryOf(route.described), { numRuns: each, seed: SEED + index });
      for (let start = 0; start < samples.length; start += AT_ONCE)
        await Promise.all(samples.slice(start, start + AT_ONCE).map((fuzzed) => send(route, fuzzed)));
    }
    expect(faults, `seed ${SEED}`).toEqual([]);
    expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(REQUESTS);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    if (process.env['HTTP_FUZZ_TELL']) process.stdout.write(`${JSON.stringify(Object.fromEntries(statuses))}\n`);
  },
);
