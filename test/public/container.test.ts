import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { freePort } from '../exec/openssh.ts';
import { readDockerfile, textsOf } from './dockerfile.ts';

/** No container engine is needed: the steps of the Dockerfile are taken, one by one, in a clean folder. */
const UID = 10_001;
const isRoot = userInfo().uid === 0;
const [build, final] = readDockerfile('Dockerfile');
const run = promisify(execFile);
const KEY = 'a-key-for-the-test';

let root: string;
let node: string;
let sim: Simulator;
const inRoot = (path: string): string => join(root, path);
const started: ChildProcess[] = [];

/** What `ENV` sets, with the paths of the image moved into the clean folder, and nothing of this process. */
function imageEnvironment(more: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = textsOf(final, 'ENV').map((text): [string, string] => {
    const [name = '', value = ''] = text.split('=');
    return [name, value.startsWith('/') ? inRoot(value) : value];
  });
  return { ...Object.fromEntries(pairs), PATH: '/usr/bin:/bin', HOME: inRoot('/data'), ...more };
}

const asUser = isRoot ? { uid: UID, gid: UID } : {};
const jsonOf = (name: string): readonly string[] => JSON.parse(textsOf(final, name)[0]?.replace(/^.*?(?=\[)/, '') ?? '[]') as string[];
const words = (more: readonly string[]): readonly string[] =>
  [...jsonOf('ENTRYPOINT'), ...more].slice(1).map((word) => (word.startsWith('/') ? inRoot(word) : word));

async function serve(more: Readonly<Record<string, string>>, url: string, isUp: (status: number) => boolean): Promise<ChildProcess> {
  let said = '';
  const child = spawn(node, words(jsonOf('CMD')), {
    cwd: inRoot('/data'),
    env: imageEnvironment(more),
    stdio: ['ignore', 'ignore', 'pipe'],
    ...asUser,
  });
  started.push(child);
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) throw new Error(said);
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (isUp(status)) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`It does not come up: ${said}`);
}

const healthcheck = (more: Readonly<Record<string, string>>): Promise<number> =>
  run(
    node,
    jsonOf('HEALTHCHECK')
      .slice(1)
      .map((word) => inRoot(word)),
    { env: imageEnvironment(more), ...asUser },
  ).then(
    () => 0,
    (error: { code: number }) => error.code,
  );

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'proxmox-container-test-'));
  const source = join(folder, 'src');
  root = join(folder, 'root');
  mkdirSync(source);
  for (const copy of textsOf(build, 'COPY')) {
    const parts = copy.split(' ');
    const target = parts.pop() ?? './';
    for (const part of parts) cpSync(part, target === './' ? join(source, part) : join(source, target), { recursive: true });
  }
  // In place of `npm ci`: what it would install is what these tests run with.
  symlinkSync(join(process.cwd(), 'node_modules'), join(source, 'node_modules'));
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` };
  for (const command of textsOf(build, 'RUN').filter((text) => !text.startsWith('npm ci')))
    execFileSync('sh', ['-c', command], { cwd: source, env, stdio: 'pipe' });

  for (const path of ['/app/proxmox-config', '/data']) mkdirSync(inRoot(path), { recursive: true });
  for (const copy of textsOf(final, 'COPY')) {
    const [, ...parts] = copy.split(' ');
    const target = parts.pop() ?? '/';
    for (const part of parts)
      cpSync(part.replace(/^\/src/, source), target.endsWith('/') ? inRoot(join(target, basename(part))) : inRoot(target), {
        recursive: true,
      });
  }
  node = join(folder, 'node');
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  sim = await startSimulator();
  const { host, port, fingerprint, token } = sim;
  writeFileSync(
    inRoot('/app/proxmox-config/config.json'),
    JSON.stringify({
      proxmox: { host, port, fingerprint },
      auth: { user: token.user, token_name: token.tokenName, token_value: token.tokenValue },
      logging: { level: 'INFO', file: 'proxmox_mcp.log' },
    }),
    { mode: 0o600 },
  );
  if (isRoot) for (const path of ['/app/proxmox-config/config.json', '/data']) chownSync(inRoot(path), UID, UID);
  chmodSync(inRoot('/data'), 0o700);
  for (const path of [folder, root]) chmodSync(path, 0o755);
  // Read-only root.
  execFileSync('chmod', ['-R', 'a-w', inRoot('/app')]);
}, 120_000);

afterAll(async () => {
  for (const child of started) child.kill('SIGTERM');
  await Promise.all(
    started.filter(({ exitCode }) => exitCode === null).map((child) => new Promise((resolve) => child.once('exit', resolve))),
  );
  await sim.close();
  execFileSync('chmod', ['-R', 'u+w', root]);
  rmSync(dirname(root), { recursive: true, force: true });
});

describe('the image', () => {
  test('serves the OpenAPI side by default, as an unprivileged user who can write to /data only', async () => {
    const port = String(await freePort());
    const more = { API_PORT: port, API_HOST: '127.0.0.1', PROXMOX_API_KEY: KEY };
    await serve(more, `http://127.0.0.1:${port}/livez`, (status) => status === 200);
    const nodes = await fetch(`http://127.0.0.1:${port}/get_nodes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(nodes.status).toBe(200);
    expect(await nodes.json()).toHaveProperty('nodes');
    const read = async (path: string): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${KEY}` } });
      return answer.text();
    };
    expect(await read('/docs/swagger-ui-bundle.js')).toContain('SwaggerUIBundle');
    expect(await read('/docs/swagger-ui.css')).toContain('.swagger-ui');
    expect(await read('/metrics')).toContain('proxmox_mcp_http_requests_total');
    expect(await healthcheck(more)).toBe(0);
    expect(readFileSync(inRoot('/data/proxmox_mcp.log'), 'utf8')).toContain('serving HTTP');
    expect(readFileSync(inRoot('/data/proxmox-jobs.sqlite3')).length).toBeGreaterThan(0);
  });

  test.each(['mcp-http', 'streamable-http', 'streamable', 'mcp'])('serves MCP where PROXMOX_MCP_MODE is %s', async (mode) => {
    const port = String(await freePort());
    const more = { PROXMOX_MCP_MODE: mode, MCP_PORT: port, MCP_HOST: '127.0.0.1', PROXMOX_API_KEY: KEY };
    await serve(more, `http://127.0.0.1:${port}/mcp`, (status) => status === 401);
    expect(await healthcheck(more)).toBe(0);
  });

  test('is unhealthy when nothing listens', async () => {
    expect(await healthcheck({ API_PORT: String(await freePort()) })).toBe(1);
  });

  test('refuses to serve the network without a key, and says so', async () => {
    const failure = await run(node, words(jsonOf('CMD')), {
      cwd: inRoot('/data'),
      env: imageEnvironment({ API_PORT: '0' }),
      ...asUser,
    }).catch((error: { code: number; stderr: string }) => error);
    expect(failure).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Server initialization failed: .*PROXMOX_API_KEY/) as unknown,
    });
  });

  test('runs no step as root after the user is set', () => {
    const names = (final?.instructions ?? []).map(({ name }) => name);
    expect(names.slice(names.indexOf('USER') + 1)).not.toContain('RUN');
    expect(textsOf(final, 'USER')).toEqual([`${UID}:${UID}`]);
  });
});

describe('compose.yaml', () => {
  const { services } = parse(readFileSync('compose.yaml', 'utf8'), { merge: true }) as {
    services: Readonly<
      Record<
        string,
        {
          profiles?: readonly string[];
          ports?: readonly string[];
          volumes?: readonly string[];
          read_only?: boolean;
          environment: Readonly<Record<string, string>>;
        }
      >
    >;
  };

  test('has the services, profiles and ports of the predecessor', () => {
    expect(services['proxmox-mcp-api']).toMatchObject({ ports: ['8811:8811'], read_only: true });
    expect(services['proxmox-mcp-api']).not.toHaveProperty('profiles');
    expect(services['proxmox-mcp-http']).toMatchObject({ profiles: ['mcp-http'], ports: ['8000:8000'] });
    for (const name of ['proxmox-mcp-api', 'proxmox-mcp-http']) {
      expect(services[name]?.volumes).toContain('./proxmox-config:/app/proxmox-config:ro');
      expect(services[name]?.environment).toHaveProperty('PROXMOX_MCP_CONFIG', '/app/proxmox-config/config.json');
    }
  });

  test('shares jobs through PostgreSQL on request', () => {
    expect(services['postgres']).toMatchObject({ profiles: ['postgres'] });
    expect(services['proxmox-mcp-replica']?.environment['PROXMOX_JOBS_DATABASE_URL']).toMatch(/^postgres:/);
  });
});
