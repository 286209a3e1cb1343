import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compose, type Product } from '../../src/app/compose.ts';
import { configSchema } from '../../src/app/config-schema.ts';
import { createLogger } from '../../src/app/logging.ts';
import { prepareHttp, type PreparedHttp } from '../../src/app/prepare-http.ts';
import { mcpFactory } from '../../src/app/run-servers.ts';
import { createSecrets } from '../../src/domain/secrets.ts';
import type { JsonSchema, RegisteredOperation } from '../../src/dispatch/registered-operation.ts';
import { known } from './secured.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';

/** One value per place where a secret can be put; any of them anywhere else is a leak. */
const CANARY = {
  apiKey: 'canary-api-key-5f1c',
  commandToken: 'canary-command-token-5f1c',
  highRiskToken: 'canary-high-risk-token-5f1c',
  webhook: 'canary-webhook-secret-5f1c',
  ssh: 'canary-ssh-password-5f1c',
  argument: 'canary-argument-5f1c"\\',
  query: 'canary-query-5f1c',
} as const;

let nextId = 8100;
let folder: string;
let sim: Simulator;
let product: Product;
let http: PreparedHttp;
const seen: string[] = [];
const statuses = new Map<string, number[]>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'proxmox-canary-test-'));
  sim = await startSimulator({ speed: 500, authenticationDelaySeconds: 0 });
  const config = configSchema.parse({
    proxmox: { host: sim.host, port: sim.port, fingerprint: sim.fingerprint },
    auth: { user: sim.token.user, token_name: sim.token.tokenName, token_value: sim.token.tokenValue },
    jobs: { sqlite_path: join(folder, 'jobs.sqlite3') },
    logging: { level: 'DEBUG', file: join(folder, 'server.log') },
    http: { api_key: CANARY.apiKey },
    webhooks: [{ url: 'http://127.0.0.1:9/hook', secret: CANARY.webhook }],
    ssh: { password: CANARY.ssh, host_overrides: { pve1: '127.0.0.1', pve2: '127.0.0.1', pve3: '127.0.0.1' }, port: 9 },
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
  http = await prepareHttp(product, logger, config, environment, { rest: true, mcp: 'off' }, mcpFactory);
  sim.cluster.vm(8001, { status: 'running', agent: true });
  sim.cluster.container(8002, { status: 'running' });
});
afterAll(async () => {
  await http.close();
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

/** Arguments that reach as far into an operation as can be without knowing it. */
function argumentsFor({ operation, inputSchema }: RegisteredOperation, secret: unknown): Readonly<Record<string, unknown>> {
  const properties = (inputSchema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (inputSchema['required'] ?? []) as readonly string[];
  const secrets: readonly string[] = operation.kind === 'task' ? (operation.secrets ?? []) : [];
  const filled = Object.entries(properties).flatMap(([name, schema]): [string, unknown][] => {
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

test('secrets planted in every input and every setting come out nowhere', async () => {
  // What destroys the guests that the others need comes last.
  const last = (name: string): number => (name.startsWith('delete_') ? 1 : 0);
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
  for (const path of ['/jobs?limit=500', '/metrics', '/openapi.json', '/readyz', '/docs', '/', '/events'])
    if (path !== '/events') await ask(path);
  await product.jobs.list({ limit: 500 });

  // The walk is worth something only if the secrets got as far as Proxmox VE.
  expect(acceptedWrites()).toEqual(
    expect.arrayContaining(['/create_container', '/create_vm', '/execute_vm_command', '/write_guest_file', '/delete_vm']),
  );
  const places = new Map<string, string>([['answers', seen.join('\n')]]);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (statSync(path).isFile()) places.set(name, readFileSync(path, 'latin1'));
  }
  expect([...places.keys()].some((name) => name.endsWith('-wal'))).toBe(true);
  expect([...places.keys()].some((name) => name.startsWith('audit'))).toBe(true);
  expect([...places.keys()]).toContain('server.log');
  const leaks = [...places].flatMap(([place, content]) =>
    Object.entries({ ...CANARY, token: sim.token.tokenValue }).flatMap(([name, value]) =>
      [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), Buffer.from(value).toString('base64').slice(0, -4)]
        .filter((spelling) => content.includes(spelling))
        .map(
          (spelling) =>
            `${name} in ${place}: …${content.slice(Math.max(0, content.indexOf(spelling) - 120), content.indexOf(spelling) + 40)}`,
        ),
    ),
  );
  expect(leaks).toEqual([]);
}, 120_000);
