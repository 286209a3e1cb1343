import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compose, type Product } from '../../src/app/compose.ts';
import { registerSecrets } from '../../src/app/config-secrets.ts';
import { configSchema } from '../../src/app/config-schema.ts';
import { createLogger } from '../../src/app/logging.ts';
import { prepareHttp, type PreparedHttp } from '../../src/app/prepare-http.ts';
import { mcpFactory } from '../../src/app/run-servers.ts';
import { localPrincipal } from '../../src/domain/principal.ts';
import { createSecrets } from '../../src/domain/secrets.ts';
import type { JsonSchema, RegisteredOperation } from '../../src/dispatch/registered-operation.ts';
import { known, startSecured } from './secured.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';

/** One value per place where a secret can be put; any of them anywhere else is a leak. */
const CANARY = {
  apiKey: 'canary-api-key-5f1c',
  commandToken: 'canary-command-token-5f1c',
  highRiskToken: 'canary-high-risk-token-5f1c',
  webhook: 'canary-webhook-secret-5f1c',
  ssh: 'canary-ssh-password-5f1c',
  passphrase: 'canary-ssh-passphrase-5f1c',
  accessToken: 'canary-access-token-5f1c',
  argument: 'canary-argument-5f1c"\\',
  query: 'canary-query-5f1c',
} as const;

let nextId = 8100;
let folder: string;
let sim: Simulator;
let product: Product;
let http: PreparedHttp;
let receiver: Server;
const seen: string[] = [];
const delivered: string[] = [];
const statuses = new Map<string, number[]>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'proxmox-canary-test-'));
  sim = await startSimulator({ speed: 500, authenticationDelaySeconds: 0 });
  receiver = createServer((request, response) => {
    let text = JSON.stringify(request.headers);
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      delivered.push(text);
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const config = configSchema.parse({
    proxmox: { host: sim.host, port: sim.port, fingerprint: sim.fingerprint },
    auth: { user: sim.token.user, token_name: sim.token.tokenName, token_value: sim.token.tokenValue },
    jobs: { sqlite_path: join(folder, 'jobs.sqlite3') },
    logging: { level: 'DEBUG', file: join(folder, 'server.log') },
    http: { api_key: CANARY.apiKey },
    webhooks: [{ url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`, secret: CANARY.webhook }],
    oauth: { issuer: 'http://127.0.0.1:9', audience: 'proxmox', resource: 'http://localhost' },
    ssh: {
      password: CANARY.ssh,
      passphrase: CANARY.passphrase,
      host_overrides: { pve1: '127.0.0.1', pve2: '127.0.0.1', pve3: '127.0.0.1' },
      port: 9,
    },
    command_policy: {
      mode: 'audit_only',
      approval_token: CANARY.commandToken,
      high_risk_approval_token: CANARY.highRiskToken,
      high_risk_mode: 'enforce',
      high_risk_require_approval_token: true,
    },
    policy: { risks: { execute: 'allow' } },
  });
  const secrets = createSecrets();
  const logger = createLogger(config.logging, secrets);
  const environment = { PROXMOX_MCP_STATE_DIR: folder };
  product = await compose({ config, environment, logger, secrets, jobsSettings: { followEveryMs: 100, answerWithinMs: 2000 } });
  http = await prepareHttp({ product, logger, config, environment, doors: { rest: true, mcp: 'same-port' }, makeMcp: mcpFactory });
  sim.cluster.vm(8001, { status: 'running', agent: true });
  sim.cluster.container(8002, { status: 'running' });
});
afterAll(async () => {
  await http.stop();
  await http.close();
  receiver.close();
  await product.close();
  await sim.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(path: string, init: RequestInit = {}): Promise<string> {
  const headers = new Headers({ authorization: `Bearer ${CANARY.apiKey}`, host: 'localhost', 'content-type': 'application/json' });
  const response = await known(http.rest).fetch(new Request(`http://localhost${path}`, { headers, ...init }));
  const text = `${JSON.stringify([...response.headers])}\n${await response.text()}`;
  seen.push(text);
  statuses.set(path, [...(statuses.get(path) ?? []), response.status]);
  return text;
}
const post = (path: string, body: unknown): Promise<string> => ask(path, { method: 'POST', body: JSON.stringify(body) });
const acceptedWrites = (): readonly string[] =>
  [...statuses].filter(([path, codes]) => !/^\/(?:get|list|poll)/.test(path) && codes.some((code) => code < 300)).map(([path]) => path);

const KNOWN: Readonly<Record<string, unknown>> = {
  node: 'pve1',
  storage: 'local',
  selector: '8002',
  snapname: 'one',
  name: 'canary-guest',
  hostname: 'canary-guest',
  job_id: '00000000-0000-4000-8000-000000000000',
  path: '/tmp/canary',
  command: 'uptime',
  filename: 'x.iso',
  archive: 'nfs-backup:backup/vzdump-qemu-101-2026_01_01-00_00_00.vma.zst',
  volid: 'nfs-backup:backup/vzdump-qemu-101-2026_01_01-00_00_00.vma.zst',
  ostemplate: 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst',
  public_keys: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPxx+yy/zz= me@example.org',
  upid: 'UPID:pve1:00000001:00000001:00000001:qmstart:8001:root@pam:',
};

/** A comment may follow it. */
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';

/** Arguments that reach as far into an operation as can be without knowing it. */
function argumentsFor({ operation, inputSchema }: RegisteredOperation, secret: unknown): Readonly<Record<string, unknown>> {
  const properties = (inputSchema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (inputSchema['required'] ?? []) as readonly string[];
  const secrets: readonly string[] = operation.kind === 'task' ? (operation.secrets ?? []) : [];
  const filled = Object.entries(properties).flatMap(([name, schema]): [string, unknown][] => {
    if (name === 'ssh_public_keys' && typeof secret === 'string') return [[name, `${KEY} ${secret}`]];
    if (secrets.includes(name)) return [[name, schema['type'] === 'array' ? [secret] : secret]];
    if (name === 'approval_token') return [[name, CANARY.highRiskToken]];
    if (name === 'vmid' && operation.name.startsWith('create_')) return [[name, (nextId += 1)]];
    if (name === 'force') return [[name, true]];
    if (name === 'vmid') return [[name, operation.name.includes('container') ? 8002 : 8001]];
    if (name === 'secrets') return [[name, { password: secret }]];
    if (!required.includes(name) && name !== 'command') return [];
    if (name in KNOWN) return [[name, KNOWN[name]]];
    if (schema['type'] === 'integer') return [[name, Math.max(1, Number(schema['minimum'] ?? 1))]];
    return [[name, ((schema['enum'] ?? [schema['default'] ?? 'x']) as unknown[])[0]]];
  });
  return { ...Object.fromEntries(filled), ...(operation.name === 'create_vm' ? { node: 'pve1', disk_size: 1, memory: 512 } : {}) };
}

/** The whole service as a function, which keeps what it answers. */
async function wiretap(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await known(http.rest).fetch(new Request(input, init));
  if (!response.headers.get('content-type')?.startsWith('application/json')) return response;
  seen.push(`${JSON.stringify([...response.headers])}\n${await response.clone().text()}`);
  return response;
}

async function walkMcp(operations: readonly RegisteredOperation[]): Promise<number> {
  const client = new Client({ name: 'test', version: '1' }, { capabilities: {} });
  const requestInit = { headers: { authorization: `Bearer ${CANARY.apiKey}`, host: 'localhost' } };
  await client.connect(new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), { fetch: wiretap, requestInit }));
  const keep = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      (answer) => seen.push(JSON.stringify(answer)),
      (error: unknown) => seen.push(`${String(error)}\n${JSON.stringify(error)}`),
    );
  for (const registered of operations) {
    const { name } = registered.operation;
    await keep(client.callTool({ name, arguments: { ...argumentsFor(registered, CANARY.argument), dry_run: true } }));
    await keep(client.callTool({ name, arguments: { ...argumentsFor(registered, { nested: CANARY.argument }) } }));
    await keep(client.callTool({ name, arguments: { ...argumentsFor(registered, CANARY.argument), pasword: CANARY.argument } }));
  }
  const { resources } = await client.listResources();
  for (const { uri } of resources) await keep(client.readResource({ uri }));
  await client.close();
  return resources.length;
}

/** A secret as itself, in JSON, in a URL, and in base64 wherever it begins within the encoded text. */
function spellingsOf(value: string): readonly string[] {
  const inBase64 = [0, 1, 2].map((shift) =>
    Buffer.from(`${'x'.repeat(shift)}${value}`)
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, -4),
  );
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), ...inBase64];
}

test('secrets planted in every input and every setting come out nowhere', async () => {
  // What destroys the guests that the others need comes last.
  const last = (name: string): number => (name.startsWith('delete_') ? 1 : 0);
  const events = await known(http.rest).fetch(
    new Request('http://localhost/events', { headers: { authorization: `Bearer ${CANARY.apiKey}`, host: 'localhost' } }),
  );
  const stream = known(events.body).pipeThrough(new TextDecoderStream());
  const told = (async () => {
    let text = '';
    for await (const chunk of stream as unknown as AsyncIterable<string>) text += chunk;
    return text;
  })();
  const operations = product.dispatcher.operations.toSorted((a, b) => last(a.operation.name) - last(b.operation.name));
  for (const registered of operations) {
    const { name } = registered.operation;
    await post(`/${name}`, argumentsFor(registered, CANARY.argument));
    await post(`/${name}`, { ...argumentsFor(registered, CANARY.argument), dry_run: true });
    // The wrong type, the wrong place, the wrong token.
    await post(`/${name}`, argumentsFor(registered, { nested: CANARY.argument }));
    await post(`/${name}`, {
      ...argumentsFor(registered, CANARY.argument),
      approval_token: `${CANARY.commandToken}x`,
      pasword: CANARY.argument,
    });
    await post(`/${name}?approval_token=${CANARY.query}`, {});
  }
  for (const mangle of [
    (key: string) => `Bearer ${key}x`,
    (key: string) => `Basic ${Buffer.from(`user:${key}x`).toString('base64')}`,
    () => 'Bearer',
    () => `Bearer ${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${CANARY.accessToken}.sig`,
  ]) {
    await ask('/jobs', { headers: { authorization: mangle(CANARY.apiKey), host: 'localhost' } });
  }
  // Doors of Proxmox VE that break while secrets are on their way.
  const remove = sim.faults.respond('POST /nodes/*/lxc', {
    status: 500,
    body: JSON.stringify({ data: null, message: `bad password ${CANARY.argument}` }),
  });
  for (const registered of product.dispatcher.operations)
    if (registered.operation.name === 'create_container')
      await post('/create_container', { ...argumentsFor(registered, CANARY.argument), hostname: 'broken' });
  remove();
  expect(await walkMcp(operations)).toBeGreaterThan(0);
  for (const path of ['/jobs?limit=500', '/metrics', '/openapi.json', '/readyz', '/docs', '/', '/.well-known/oauth-protected-resource'])
    await ask(path);
  for (const { jobId } of (await product.jobs.list({ limit: 500 })).jobs) await ask(`/jobs/${jobId}`);
  await expect.poll(() => delivered.length).toBeGreaterThan(5);
  await http.stop();

  // The walk is worth something only if the secrets got as far as Proxmox VE.
  expect(acceptedWrites()).toEqual(
    expect.arrayContaining(['/create_container', '/create_vm', '/execute_vm_command', '/write_guest_file', '/delete_vm']),
  );
  const places = new Map<string, string>([
    ['answers', seen.join('\n')],
    ['events', await told],
    ['webhooks', delivered.join('\n')],
  ]);
  expect(places.get('events')).toContain('event: job');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (statSync(path).isFile()) places.set(name, readFileSync(path, 'latin1'));
  }
  expect([...places.keys()].some((name) => name.endsWith('-wal'))).toBe(true);
  expect([...places.keys()].some((name) => name.startsWith('audit'))).toBe(true);
  expect([...places.keys()]).toContain('server.log');
  const leaks = [...places].flatMap(([place, content]) =>
    Object.entries({ ...CANARY, token: sim.token.tokenValue }).flatMap(([name, value]) =>
      spellingsOf(value)
        .filter((spelling) => content.includes(spelling))
        .map(
          (spelling) =>
            `${name} in ${place}: …${content.slice(Math.max(0, content.indexOf(spelling) - 120), content.indexOf(spelling) + 40)}`,
        ),
    ),
  );
  expect(leaks).toEqual([]);
}, 120_000);

test('the password of a database that does not answer is told nowhere, in none of its spellings', async () => {
  const password = 'canary db/pass@word-5f1c';
  const config = configSchema.parse({
    proxmox: { host: sim.host, port: sim.port, fingerprint: sim.fingerprint },
    auth: { user: sim.token.user, token_name: sim.token.tokenName, token_value: sim.token.tokenValue },
    jobs: { database_url: `postgres://jobs:${encodeURIComponent(password)}@127.0.0.1:9/jobs` },
    logging: { level: 'DEBUG', file: join(folder, 'database.log') },
  });
  const secrets = createSecrets();
  const logger = createLogger(config.logging, secrets);
  const failure = await compose({ config, environment: { PROXMOX_MCP_STATE_DIR: folder }, logger, secrets }).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Error);
  logger.error({ err: failure, url: config.jobs.database_url, password }, `${String(failure)} ${config.jobs.database_url} ${password}`);
  const text = `${String(failure)} ${JSON.stringify(failure)} ${readFileSync(join(folder, 'database.log'), 'utf8')}`;
  expect(spellingsOf(password).filter((spelling) => text.includes(spelling))).toEqual([]);
});

test('the credentials of a tunnel that does not open are told nowhere', async () => {
  const config = configSchema.parse({
    proxmox: { host: sim.host, port: sim.port, fingerprint: sim.fingerprint },
    auth: { user: sim.token.user, token_name: sim.token.tokenName, token_value: sim.token.tokenValue },
    api_tunnel: { enabled: true, ssh_host: '127.0.0.1', connect_timeout: 2 },
    ssh: { password: CANARY.ssh, passphrase: CANARY.passphrase, port: 9 },
    jobs: { sqlite_path: join(folder, 'tunnel.sqlite3') },
    logging: { level: 'DEBUG', file: join(folder, 'tunnel.log') },
  });
  const secrets = createSecrets();
  const logger = createLogger(config.logging, secrets);
  const tunnelled = await compose({ config, environment: { PROXMOX_MCP_STATE_DIR: folder }, logger, secrets });
  const call = { operation: 'get_nodes', arguments: {}, principal: localPrincipal('cli'), requestId: 'one' };
  const failure: unknown = await tunnelled.dispatcher.call(call).catch((error: unknown) => error);
  await tunnelled.close();
  expect(failure).toBeInstanceOf(Error);
  const text = `${String(failure)} ${JSON.stringify(failure)} ${readFileSync(join(folder, 'tunnel.log'), 'utf8')}`;
  const planted = [CANARY.ssh, CANARY.passphrase, sim.token.tokenValue].flatMap(spellingsOf);
  expect(planted.filter((spelling) => text.includes(spelling))).toEqual([]);
});

test('secrets of calls that wait for an approval reach Proxmox VE and are told nowhere, to the approver neither', async () => {
  await using server = await startSecured({
    config: { policy: { risks: { change: 'ask', execute: 'ask' }, commands: { rules: [{ program: 'uptime', effect: 'ask' }] } } },
  });
  server.sim.cluster.vm(8001, { status: 'running', agent: true });
  const { ostemplate } = KNOWN;
  const told: unknown[] = [];
  for (const [name, args] of [
    ['create_container', { vmid: 9100, node: 'pve1', hostname: 'x', ostemplate, storage: 'local-lvm', password: CANARY.argument }],
    ['create_vm', { vmid: 9101, node: 'pve1', name: 'x', cpus: 1, memory: 512, disk_size: 1, cipassword: CANARY.argument }],
    ['write_guest_file', { vmid: 8001, path: '/tmp/x', content: CANARY.argument }],
    ['execute_vm_command', { vmid: 8001, command: 'uptime', stdin: CANARY.argument }],
  ] as const) {
    const jobId = await server.ask(name, args);
    told.push(await server.call('get_job', { job_id: jobId }), await server.product.approvals.waiting(), await server.decide(jobId, true));
    expect(await server.stateOf(jobId), name).toBe('succeeded');
    told.push(await server.call('get_job', { job_id: jobId }), await server.call('list_jobs'));
  }
  expect(String(known(server.sim.cluster.guest(8001)).agent.files.get('/tmp/x'))).toBe(CANARY.argument);
  const places = readdirSync(server.folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(server.folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'));
  const leaks = [JSON.stringify(told), ...told.map((answer) => String((answer as { text?: string }).text)), ...places].filter((text) =>
    spellingsOf(CANARY.argument).some((spelling) => text.includes(spelling)),
  );
  expect(leaks).toEqual([]);
});

test('a secret too short to be taken out is reported at the start by its place, and not shown', () => {
  const secrets = createSecrets();
  const warnings = registerSecrets(
    { auth: { token_value: 'x7' }, http: { api_key: 'long enough' }, webhooks: [{ secret: 'q9' }] },
    secrets,
  );
  expect(warnings.map((warning) => warning.split(' ')[0])).toEqual(['auth.token_value', 'webhooks[0].secret']);
  expect(warnings.join()).not.toMatch(/x7|q9/);
  expect(secrets.scrub('long enough, x7')).toBe('<secret>, x7');
});
