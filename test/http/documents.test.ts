import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { signWebhook } from '../../src/http/webhook-sender.ts';
import { startCommandLine, type CommandLine } from '../cli/run.ts';

const run = promisify(execFile);
const KEY = 'key-of-the-documents';
const PLACES = /\b(?:localhost|proxmox-mcp):8811/g;

/** The text of each block of a page in a language. */
function blocks(page: string, language: string): readonly string[] {
  return [...readFileSync(`docs/${page}.md`, 'utf8').matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  );
}

/** What a YAML block says; a secret reads as the key. */
function yaml<T>(text: string): T {
  const secret = { tag: '!secret', resolve: () => `Bearer ${KEY}` };
  const document = parseDocument(text, { customTags: [secret], strict: true });
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return document.toJS() as T;
}

/** What a JavaScript block exports. */
const load = async <T>(text: string | undefined): Promise<T> =>
  (await import(`data:text/javascript,${encodeURIComponent(text ?? '')}`)) as T;

let line: CommandLine;
let server: ChildProcess;
let host: string;

beforeAll(async () => {
  line = await startCommandLine();
  // The first block starts the server, with a key of its own making.
  const start = blocks('http-api', 'sh')[0]?.replace('proxmox-mcp-plus', `exec ${process.execPath} src/main.ts`) ?? '';
  server = spawn('bash', ['-euc', start.replace(/\$\(.*\)/, (making) => `$(test -n "${making}" && echo ${KEY})`)], {
    env: { ...process.env, ...line.environment, API_PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  host = await new Promise<string>((resolve, reject) => {
    let text = '';
    server.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const port = /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(text)?.[1];
      if (port !== undefined) resolve(`127.0.0.1:${port}`);
    });
    server.once('exit', () => reject(new Error(text)));
  });
}, 60_000);

afterAll(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  await line[Symbol.asyncDispose]();
}, 30_000);

/** Runs shell lines against the server; a call that fails, fails all. */
async function shell(text: string, environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const script = `curl() { command curl -sS --fail-with-body --max-time 20 "$@"; }\n${text.replace(PLACES, host)}`;
  const env = { ...process.env, PROXMOX_API_KEY: KEY, ...environment };
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { env, cwd: line.folder, timeout: 50_000 });
  return stdout;
}

const post = async (url: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Response> =>
  fetch(url.replace(PLACES, host), { method: 'POST', headers, ...(body === undefined ? {} : { body }) });

test('the calls that the page of the API shows work as they are written', { timeout: 60_000 }, async () => {
  const out = await shell(blocks('http-api', 'sh')[1] ?? '');
  expect(out).toContain('"nodes":[{');
  expect(out).toContain('"status":"unchanged"');
  expect(out).toMatch(/^event: history$/m);
  expect(out).toMatch(/^event: end\ndata: \{"status":"completed"\}$/m);
  expect(out).toMatch(/\[\]$/);
});

test('every JSON block of both pages is JSON', () => {
  for (const text of [...blocks('http-api', 'json'), ...blocks('integrations', 'json')]) {
    const whole = text.trimStart().startsWith('{') ? text : `{${text}}`;
    expect(() => JSON.parse(whole) as unknown, text).not.toThrow();
  }
});

describe('integrations', () => {
  interface Node {
    readonly parameters: {
      readonly method: string;
      readonly url: string;
      readonly jsonBody: string;
      readonly headerParameters: { readonly parameters: readonly { readonly name: string; readonly value: string }[] };
    };
  }
  test('the node for n8n makes a backup', async () => {
    const { nodes } = JSON.parse(blocks('integrations', 'json')[0] ?? '') as { nodes: readonly Node[] };
    for (const { parameters } of nodes) {
      const headers = Object.fromEntries(parameters.headerParameters.parameters.map(({ name, value }) => [name, value]));
      const response = await post(parameters.url, { authorization: `Bearer ${KEY}`, ...headers }, parameters.jsonBody);
      expect(await response.json()).toMatchObject({ status: 'completed' });
    }
  });

  test('Home Assistant starts a guest, and counts those that run', async () => {
    interface Configuration {
      readonly rest_command: {
        readonly start_vm: { readonly url: string; readonly headers: Record<string, string>; readonly payload: string };
      };
      readonly rest: readonly { readonly resource: string; readonly headers: Record<string, string> }[];
    }
    const { rest_command: commands, rest } = yaml<Configuration>(blocks('integrations', 'yaml')[0] ?? '');
    const { url, headers, payload } = commands.start_vm;
    const started = await post(url, headers, payload.replace('{{ vmid }}', '101'));
    expect(started.status).toBe(200);
    const read = await post(rest[0]?.resource ?? '', rest[0]?.headers ?? {});
    const { guests } = (await read.json()) as { guests: readonly { status: string }[] };
    expect(guests.filter(({ status }) => status === 'running').length).toBeGreaterThan(0);
  });

  test('a step of GitHub Actions and a job of GitLab CI take a snapshot, and fail when it fails', async () => {
    const github = yaml<{ jobs: { deploy: { steps: readonly [{ run: string }] } } }>(blocks('integrations', 'yaml')[1] ?? '');
    const gitlab = yaml<{ snapshot: { script: readonly string[] } }>(blocks('integrations', 'yaml')[2] ?? '');
    const step = github.jobs.deploy.steps[0].run;
    const job = gitlab.snapshot.script.join('\n');
    await shell(step, { AUTH: `Authorization: Bearer ${KEY}`, RUN: '7-1' });
    await shell(job, { PROXMOX_MCP_KEY: KEY, RUN: '8-1' });
    expect(line.sim.cluster.vm(100).snapshots.map(({ name }) => name)).toEqual(expect.arrayContaining(['run-7-1', 'run-8-1']));
    line.sim.faults.failTask('qmsnapshot', 'no space');
    await expect(shell(job, { PROXMOX_MCP_KEY: KEY, RUN: '9-1' })).rejects.toThrow();
    line.sim.faults.clear();
  });

  test('Prometheus and Grafana ask for metrics that there are', async () => {
    const [scrape = '', rules = ''] = blocks('integrations', 'yaml').slice(3);
    yaml(scrape);
    yaml(rules);
    const metrics = await shell(`curl -H "Authorization: Bearer ${KEY}" localhost:8811/metrics`);
    const asked = `${rules}\n${blocks('integrations', 'promql').join('\n')}`.match(/proxmox_mcp_\w+/g) ?? [];
    expect(asked.length).toBeGreaterThan(5);
    for (const name of asked) expect(metrics).toContain(name.replace(/_bucket$/, ''));
  });

  test('the dashboard is told of a job without polling', async () => {
    type FollowJobs = (options: {
      url: string;
      key: string;
      onJob: (job: { status: string }) => void;
      onReset: () => void;
      signal: AbortSignal;
    }) => Promise<void>;
    const { followJobs } = await load<{ followJobs: FollowJobs }>(blocks('integrations', 'js')[0]);
    const stop = new AbortController();
    const followed = followJobs({
      url: `http://${host}`,
      key: KEY,
      onJob: ({ status }) => status === 'completed' && stop.abort(),
      onReset: () => undefined,
      signal: stop.signal,
    });
    await post('http://localhost:8811/create_snapshot', { authorization: `Bearer ${KEY}` }, '{"vmid": 103, "snapname": "told"}');
    await followed;
  });

  test('a receiver tells messages of the server from forged, changed and old ones', async () => {
    type IsGenuine = (message: { secret: string; headers: Record<string, string>; body: string; now?: number }) => boolean;
    const { isGenuine } = await load<{ isGenuine: IsGenuine }>(blocks('integrations', 'js')[1]);
    const message = (secret: string, at: number) => ({
      secret: 'the secret of both sides',
      headers: { 'webhook-id': 'm1', 'webhook-timestamp': String(at), 'webhook-signature': signWebhook(secret, 'm1', at, '{}') },
      body: '{}',
      now: 1_000_000_000,
    });
    expect(isGenuine(message('the secret of both sides', 1_000_000))).toBe(true);
    expect(isGenuine({ ...message('the secret of both sides', 1_000_000), body: '{ }' })).toBe(false);
    expect(isGenuine(message('a guessed secret', 1_000_000))).toBe(false);
    expect(isGenuine(message('the secret of both sides', 999_000))).toBe(false);
    expect(isGenuine({ ...message('the secret of both sides', 1_000_000), headers: {} })).toBe(false);
  });
});
