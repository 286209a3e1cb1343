import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERSION } from '../../src/app/version.ts';
import { FAILPOINT_HOOK } from '../../src/jobs/failpoint.ts';
import { REMOVED_SAFEGUARD, SAFEGUARDS } from '../../src/jobs/safeguards.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';

const LIMIT_BYTES = 3_000_000;
const run = promisify(execFile);
/** The Node.js that runs these tests comes first, also for scripts that begin with `env node`. */
const environment = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` };

let folder: string;
let installed: string;
let sim: Simulator;
let installMs: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'proxmox-package-test-'));
  execFileSync(process.execPath, ['scripts/build.ts'], { env: environment });
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    env: environment,
    encoding: 'utf8',
  });
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const startedAt = performance.now();
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--prefix', empty, join(folder, packed.trim())], {
    env: environment,
    stdio: 'pipe',
  });
  installMs = performance.now() - startedAt;
  installed = join(empty, 'node_modules');
  sim = await startSimulator();
}, 120_000);
afterAll(async () => {
  await sim.close();
  rmSync(folder, { recursive: true, force: true });
});

const settings = () => ({
  ...environment,
  HOME: folder,
  PROXMOX_MCP_STATE_DIR: join(folder, 'state'),
  PROXMOX_HOST: sim.host,
  PROXMOX_PORT: String(sim.port),
  PROXMOX_USER: sim.token.user,
  PROXMOX_TOKEN_NAME: sim.token.tokenName,
  PROXMOX_TOKEN_VALUE: sim.token.tokenValue,
  PROXMOX_FINGERPRINT: sim.fingerprint,
});
const program = () => join(installed, '.bin', 'proxmox-mcp-plus');

describe('the packed program', () => {
  test('brings no other packages along and stays small', () => {
    expect(readdirSync(installed).filter((name) => !name.startsWith('.'))).toEqual(['proxmox-mcp-plus']);
    const root = join(installed, 'proxmox-mcp-plus');
    const bytes = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .map((name) => statSync(join(root, name)))
      .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
    expect(bytes).toBeLessThan(LIMIT_BYTES);
  });

  test('holds nothing by which tests stop the server or take one of its safeguards away', () => {
    const code = readdirSync(join(installed, 'proxmox-mcp-plus', 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(installed, 'proxmox-mcp-plus', 'dist', name), 'utf8'))
      .join('\n');
    expect(code).toContain('proven_absent');
    expect(code).not.toContain(FAILPOINT_HOOK);
    expect(code).not.toContain(REMOVED_SAFEGUARD);
    expect(SAFEGUARDS.filter((safeguard) => new RegExp(`\\(["'\`]${safeguard}["'\`]\\)`).test(code))).toEqual([]);
  });

  test('answers the list of tools over standard input and output soon after it was installed', async () => {
    const startedAt = performance.now();
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StdioClientTransport({ command: program(), env: settings(), stderr: 'ignore' }));
    const { tools } = await client.listTools();
    const answerMs = performance.now() - startedAt;
    expect(tools.map(({ name }) => name)).toContain('start_vm');
    const answer = await client.callTool({ name: 'get_nodes', arguments: {} });
    expect(answer.structuredContent).toMatchObject({
      nodes: expect.arrayContaining([expect.objectContaining({ node: 'pve1' })]) as unknown,
    });
    await client.close();
    expect(installMs + answerMs).toBeLessThan(10_000);
  });

  test('opens nothing for a client that asks nothing, until another server has left jobs to follow', async () => {
    const state = join(folder, 'idle-state');
    const database = join(state, 'proxmox-jobs.sqlite3');
    const connect = async (): Promise<Client> => {
      const client = new Client({ name: 'test', version: '1' });
      const env = { ...settings(), PROXMOX_MCP_STATE_DIR: state };
      await client.connect(new StdioClientTransport({ command: program(), env, stderr: 'ignore' }));
      await client.listTools();
      return client;
    };
    sim.requests.clear();
    const idle = await connect();
    expect(existsSync(database)).toBe(false);
    expect(sim.requests.list()).toEqual([]);

    sim.cluster.vm(101, { status: 'stopped' });
    const busy = await connect();
    await busy.callTool({ name: 'start_vm', arguments: { vmid: 101 } });
    await busy.close();
    const stateOfJob = (): unknown => {
      const db = new DatabaseSync(database, { readOnly: true });
      const row = db.prepare('select state from jobs').get();
      db.close();
      return row?.['state'];
    };
    expect(stateOfJob()).toBe('running');
    await expect.poll(stateOfJob, { timeout: 30_000 }).toBe('succeeded');
    await idle.close();
  }, 40_000);

  test('is on the path under both names and knows its version', async () => {
    for (const name of ['proxmox-mcp-plus', 'proxmox-mcp']) {
      expect((await run(join(installed, '.bin', name), ['version'], { env: environment })).stdout).toBe(`${VERSION}\n`);
    }
  });

  test('runs a command against a cluster', async () => {
    const { stdout } = await run(program(), ['call', 'get_vms', '--json'], { env: settings() });
    expect(JSON.parse(stdout)).toHaveProperty('guests');
  });

  test('looks for what is wrong, SSH included', async () => {
    const ssh = { PROXMOX_SSH_USER: 'root', PROXMOX_SSH_PORT: '1' };
    const { stdout } = await run(program(), ['doctor', '--json'], { env: { ...settings(), ...ssh } }).catch(
      (error: { stdout: string }) => error,
    );
    const { findings } = JSON.parse(stdout) as { findings: readonly { check: string; status: string }[] };
    expect(findings).toContainEqual(expect.objectContaining({ check: 'ssh:pve1', status: 'failed' }));
  });

  test('ships the gate for nodes, the notices of others, and a list of what is inside', () => {
    const dist = join(installed, 'proxmox-mcp-plus', 'dist');
    expect(readFileSync(join(dist, 'pct-exec-gate'), 'utf8')).toBe(readFileSync('src/exec/forced-command/pct-exec-gate', 'utf8'));
    expect(statSync(join(dist, 'pct-exec-gate')).mode & 0o111).not.toBe(0);
    expect(readFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), 'utf8')).toContain('undici');
    const sbom = JSON.parse(readFileSync(join(dist, 'sbom.cdx.json'), 'utf8')) as { components: readonly { name: string }[] };
    expect(sbom.components.map(({ name }) => name)).toEqual(expect.arrayContaining(['undici', 'zod', 'ssh2', 'kysely', 'pg']));
  });

  test('is packed as a desktop bundle by the official tool, which accepts its manifest', () => {
    const file = join(folder, 'bundle.mcpb');
    execFileSync(process.execPath, ['scripts/build-bundle.ts', file], { stdio: 'pipe' });
    expect(readFileSync(file).subarray(0, 2).toString()).toBe('PK');
    expect(statSync(file).size).toBeLessThan(LIMIT_BYTES);
  });

  test('names no path of the machine that built it', () => {
    const root = join(installed, 'proxmox-mcp-plus');
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      const path = join(root, name);
      if (statSync(path).isFile()) expect(readFileSync(path, 'utf8'), name).not.toContain(process.cwd());
    }
  });
});
