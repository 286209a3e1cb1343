import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';
import { callAndWait } from './call-and-wait.ts';
import { liveConfigPath, readLiveSettings, type LiveSettings } from './live-settings.ts';
import { walk, type Step } from './walk.ts';

/** The live test against the simulator: what it does to a real cluster is known before it does it. */
const FIRST = 990_000;
let product: Product;
let settings: LiveSettings;
beforeEach(async () => {
  product = await startProduct();
  const template = product.sim.cluster.containerTemplate('debian-13-standard_13.1-2_amd64.tar.zst');
  product.sim.cluster.remoteFile('https://images.example.org/small.iso', { size: 1024 * 1024 });
  settings = {
    node: 'pve1',
    storage: 'local-lvm',
    backup_storage: 'local',
    image_storage: 'local',
    container_template: template.volid,
    iso_url: 'https://images.example.org/small.iso',
    first_vmid: FIRST,
  };
});
afterEach(() => product.close());

const reserved = (): readonly number[] =>
  product.sim.cluster
    .guests()
    .map(({ vmid }) => vmid)
    .filter((vmid) => vmid >= FIRST);
const run = (signal = new AbortController().signal, onStep: (step: Step) => void = () => undefined) =>
  walk({ call: callAndWait(product.composed.dispatcher), settings, signal, onStep });

test('walks the catalogue, passes, and leaves nothing behind', async () => {
  const before = product.sim.cluster.guests().map(({ vmid }) => vmid);
  const steps = await run();
  expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  expect(product.sim.cluster.guests().map(({ vmid }) => vmid)).toEqual(before);
  const walked = new Set(steps.map(({ operation }) => operation));
  expect(product.composed.dispatcher.operations.map(({ operation }) => operation.name).filter((name) => !walked.has(name))).toEqual([]);
});

test('cleans up when Ctrl-C ends it in the middle, and says so', { timeout: 60_000 }, async () => {
  const { host, port, fingerprint, token } = product.sim;
  const folder = mkdtempSync(join(tmpdir(), 'proxmox-live-test-'));
  const file = join(folder, 'live.json');
  const auth = { user: token.user, token_name: token.tokenName, token_value: token.tokenValue };
  writeFileSync(file, JSON.stringify({ proxmox: { host, port, fingerprint }, auth, live: settings }), { mode: 0o600 });
  const env = { ...process.env, PROXMOX_MCP_E2E_CONFIG: file, PROXMOX_MCP_CONFIG: '/nowhere.json' };
  const script = spawn(process.execPath, ['scripts/test-live.ts'], { env });
  let said = '';
  script.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes('create_vm ')) script.kill('SIGINT');
  });
  const [exitCode] = (await once(script, 'exit')) as [number];
  rmSync(folder, { recursive: true });
  expect(said).toMatch(/^ok {4}create_vm /m);
  expect(said).toMatch(/ passed, 0 failed, \d+ skipped, interrupted\n$/);
  expect(exitCode).toBe(1);
  expect(reserved()).toEqual([]);
});

test('takes away the guest, backup and image that an earlier run has left, and no backup of who had the id before', async () => {
  product.sim.cluster.vm(FIRST, { name: 'mcp-live-vm', status: 'stopped' });
  const ours = product.sim.cluster.backup(FIRST, { storage: 'local', notes: 'mcp-live-vm', secondsAgo: 100 });
  const others = product.sim.cluster.backup(FIRST, { storage: 'local', notes: 'payroll', secondsAgo: 200 });
  product.sim.cluster.iso(`mcp-live-${FIRST}.iso`);
  expect((await run()).filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  expect(product.sim.cluster.volume(ours.volid)).toBeUndefined();
  expect(product.sim.cluster.volume(others.volid)).toBeDefined();
  expect(product.sim.cluster.volume(`local:iso/mcp-live-${FIRST}.iso`)).toBeUndefined();
});

test('goes on cleaning up when something cannot be removed, and names it', async () => {
  const interrupt = new AbortController();
  product.sim.faults.failTask('qmdestroy', 'disk is busy', { times: 1 });
  const walked = run(interrupt.signal, ({ operation }) => {
    if (operation === 'create_backup') interrupt.abort();
  });
  await expect(walked).rejects.toThrow(`These could not be removed: guest ${FIRST}.`);
  expect(reserved()).toEqual([FIRST]);
});

test('touches no guest of others on its ids', async () => {
  product.sim.cluster.vm(FIRST + 1, { name: 'payroll', status: 'stopped' });
  await expect(run()).rejects.toThrow(`Id ${FIRST + 1} is taken by another guest`);
  expect(reserved()).toEqual([FIRST + 1]);
});

describe('its configuration', () => {
  test('is never the default one', () => {
    expect(liveConfigPath({ PROXMOX_MCP_CONFIG: '/etc/other.json' })).toBe('proxmox-config/config.live.json');
    expect(liveConfigPath({ PROXMOX_MCP_E2E_CONFIG: '/etc/live.json' })).toBe('/etc/live.json');
  });

  test('has an example that is complete', () => {
    expect(readLiveSettings('proxmox-config/config.live.example.json')).toMatchObject({ first_vmid: FIRST });
    expect(readFileSync('.gitignore', 'utf8')).toContain('proxmox-config/config.live.json');
  });
});
