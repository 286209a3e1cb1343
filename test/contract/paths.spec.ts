import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configSchema } from '../../src/app/config-schema.ts';
import { loadPolicy } from '../../src/app/load-policy.ts';
import { createAdmission } from '../../src/dispatch/admit.ts';
import { createAuthorize } from '../../src/dispatch/authorize.ts';
import { createDispatcher, type Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { createGuestTextReaders } from '../../src/dispatch/guest-text-readers.ts';
import type { JsonSchema } from '../../src/dispatch/registered-operation.ts';
import { createUsageWindow } from '../../src/dispatch/usage-window.ts';
import { systemClock } from '../../src/domain/clock.ts';
import { OperationError } from '../../src/domain/operation-error.ts';
import { localPrincipal } from '../../src/domain/principal.ts';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import type { Jobs } from '../../src/jobs/jobs.ts';
import { openSqliteStore } from '../../src/jobs/sqlite-store.ts';
import { CATALOG } from '../../src/operations/catalog.ts';
import { createRunner } from '../../src/operations/runner.ts';
import { createDescribeTargets } from '../../src/operations/target-facts.ts';
import { createWork } from '../../src/operations/work.ts';
import { createProxmoxApi } from '../../src/proxmox/api.ts';
import { encodeParams } from '../../src/proxmox/encode-params.ts';
import { createPlanner } from '../../src/proxmox/planner.ts';
import { createReader } from '../../src/proxmox/reader.ts';
import { createTasks } from '../../src/proxmox/tasks.ts';
import { createTransport, type ApiRequest, type RawResponse, type Transport } from '../../src/proxmox/transport.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { createRandom, hostileValue, pick } from './hostile-strings.ts';
import { ONE_CALL_EACH, type OneCall, type Row } from './one-call-each.ts';

/** 20,000 in the ordinary run, a million in `npm run test:fuzz`. */
const COUNT = Number(process.env['HOSTILE_STRINGS'] ?? 20_000);
/** Calls side by side, as a server has them. */
const AT_ONCE = 256;
const SEED = Number(process.env['HOSTILE_SEED'] ?? 1);

/** Proper values of what a path may hold, written down apart from the product. */
const PROPER: Readonly<Record<string, string>> = {
  node: '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?',
  vmid: '[1-9][0-9]{2,8}',
  snapname: '[A-Za-z][A-Za-z0-9_-]{1,39}',
  storage: '[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]',
  poolid: '[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+){0,2}',
  upid: 'UPID:[A-Za-z0-9-]+:[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:[^:\\s/]+:[^:\\s/]*:[^:\\s/]+:',
  // No part of a volid is empty, `.` or `..`.
  volume:
    '[A-Za-z][A-Za-z0-9_.-]*:(?!\\.{1,2}(?:/|$))[^/?#%\\\\\\u0000-\\u001f\\u007f]+(?:/(?!\\.{1,2}(?:/|$))[^/?#%\\\\\\u0000-\\u001f\\u007f]+)*',
};

/** A template that the client writes for several words at once. */
function expand(template: string, hole: RegExp, words: readonly string[]): readonly string[] {
  return hole.test(template) ? words.map((word) => template.replace(hole, word)) : [template];
}

/** Every path template that stands in the client of Proxmox VE. */
const TEMPLATES: readonly string[] = [
  ...new Set(
    globSync('src/proxmox/*.ts')
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/['`](\/(?:nodes|cluster|access|version|pools|storage)\b[^'`\s]*)['`]/g)])
      .flatMap(([, template = '']) => expand(template, /(?<=^\/nodes\/\{node\}\/)\$\{[^}]+\}/, ['qemu', 'lxc']))
      .flatMap((template) =>
        expand(template, /(?<=\/status\/)\$\{[^}]+\}/, ['start', 'stop', 'shutdown', 'reboot', 'reset', 'suspend', 'resume']),
      ),
  ),
];
const PATTERNS = TEMPLATES.map(
  (template) => new RegExp(`^${template.replace(/\{(\w+)\}/g, (_match, name: string) => PROPER[name] ?? '(?!)')}$`),
);

/** What Proxmox VE makes of a path: it is unescaped as a whole before it is split. */
function problemOf(path: string): string | undefined {
  if (/[^\x21-\x7e]|[?#\\]/.test(path)) return 'characters that no path has';
  const decoded = decodeURIComponent(path);
  return PATTERNS.some((pattern) => pattern.test(decoded)) ? undefined : 'no template';
}

/** Answers from what a real exchange with the simulator told; whatever else is asked for does not exist. */
function createCountingTransport(real: Transport) {
  const known = new Map<string, RawResponse>();
  const strays = new Set<string>();
  const seen = { requests: 0, isLearning: true };
  const missing: RawResponse = {
    status: 500,
    reason: "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist",
    contentType: 'application/json',
    text: '{"data":null}',
    serverDate: null,
  };
  const transport: Transport = {
    timeoutMs: real.timeoutMs,
    origin: real.origin,
    async request(request: ApiRequest) {
      const problem = problemOf(request.path);
      if (problem !== undefined) strays.add(`${request.method} ${request.path}: ${problem}`);
      if (request.method !== 'GET') strays.add(`${request.method} ${request.path}: a write in a dry run`);
      seen.requests += 1;
      const key = `${request.path}?${encodeParams(request.params ?? {})}`;
      const answer = known.get(key);
      if (answer !== undefined || !seen.isLearning) return answer ?? missing;
      const learned = await real.request(request);
      known.set(key, learned);
      return learned;
    },
    close: () => real.close(),
  };
  return { transport, strays, seen };
}

describe('hostile strings', () => {
  let sim: Simulator;
  let counting: ReturnType<typeof createCountingTransport>;
  let jobs: Jobs;
  let dispatcher: Dispatcher;
  const folder = mkdtempSync(join(tmpdir(), 'proxmox-paths-'));
  const faults = new Set<string>();
  const typical: { readonly one: OneCall; readonly args: Row }[] = [];

  beforeAll(async () => {
    sim = await startSimulator({ speed: 200, authenticationDelaySeconds: 0 });
    const { user, tokenName, tokenValue } = sim.token;
    const trust = { mode: 'pinned', fingerprints: [sim.fingerprint] } as const;
    const apiToken = `${user}!${tokenName}=${tokenValue}`;
    counting = createCountingTransport(
      createTransport({ host: sim.host, port: sim.port, apiToken, trust, timeoutMs: 10_000, maxConnections: 4, userAgent: 'test' }),
    );
    const api = createProxmoxApi(counting.transport, `${user}!${tokenName}`);
    const runner = createRunner(createPlanner(api));
    const clock = systemClock;
    const nothingIsSent = (): Promise<never> => Promise.reject(new Error('nothing is sent in a dry run'));
    jobs = createJobs({
      store: await openSqliteStore(join(folder, 'jobs.sqlite3')),
      clock,
      tasks: createTasks(api),
      work: createWork({
        api,
        runner,
        openShell: undefined,
        scrub: (text) => text,
        outputs: { keep: nothingIsSent },
        clock,
        stopping: new AbortController().signal,
        taskNamed: () => undefined,
        beforeSend: nothingIsSent,
        ended: async () => undefined,
      }),
    });
    const { active } = await loadPolicy(
      configSchema.parse({ proxmox: { host: sim.host }, auth: { user, token_name: tokenName, token_value: tokenValue } }),
      CATALOG,
    );
    const readers = createGuestTextReaders(clock);
    const usage = createUsageWindow(jobs, () => undefined, clock);
    const authorize = createAuthorize({ active, describeTargets: createDescribeTargets(createReader(api)), usage, readers });
    const audit = { record: async () => undefined };
    dispatcher = createDispatcher({
      catalog: CATALOG,
      runner,
      jobs,
      outputs: { read: nothingIsSent },
      active,
      admission: createAdmission({ authorize, approvals: { request: nothingIsSent }, audit, usage }),
      readers,
    });
    for (const [index, one] of ONE_CALL_EACH.entries()) {
      const id = 30_000 + index;
      one.arrange?.(sim, id);
      typical.push({ one, args: one.args(id, sim) });
    }
    typical.push({
      one: { name: 'get_task_log', args: () => ({}) },
      args: { upid: sim.cluster.task({ type: 'qmstart', id: '100', user: `${user}!${tokenName}` }).upid },
    });
  }, 60_000);
  afterAll(async () => {
    await jobs.close();
    await counting.transport.close();
    await sim.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const isTask = (name: string): boolean =>
    dispatcher.operations.some(({ operation }) => operation.name === name && operation.kind === 'task');

  /** What the call would send, if it got that far. */
  async function tryOut(name: string, args: Row): Promise<string | undefined> {
    try {
      const { output } = await dispatcher.call({
        operation: name,
        arguments: isTask(name) ? { ...args, dry_run: true } : args,
        principal: localPrincipal('mcp-stdio'),
        requestId: 'hostile',
      });
      const result = output['result'] as { would_send?: { path?: string } } | undefined;
      return result?.would_send?.path ?? '';
    } catch (error) {
      // Whatever is hostile is refused in our own words; anything else is a fault of the server.
      if (!(error instanceof OperationError) || error.code === 'internal')
        faults.add(`${name} ${JSON.stringify(args).slice(0, 300)}: ${String(error)}`);
      return undefined;
    }
  }

  test('templates are found, and the check refuses what leaves them', () => {
    expect(TEMPLATES.length).toBeGreaterThan(30);
    expect(problemOf('/nodes/pve1/qemu/100/status/current')).toBeUndefined();
    expect(problemOf(`/nodes/pve1/storage/local/content/${encodeURIComponent('local:iso/a b.iso')}`)).toBeUndefined();
    for (const path of [
      '/nodes/pve1/qemu/100/snapshot/..%2F..',
      '/nodes/pve1/qemu/100/snapshot/x%2Frollback%2Fy',
      '/nodes/pve1/../access/users',
      '/nodes/pve1/qemu/100/status/stop/x',
      '/nodes/pve1/storage/local/content/local%3Aiso%2F..%2Fx',
      '/nodes/pve1/qemu/100/config?delete=net0',
    ])
      expect(problemOf(path), path).toBeDefined();
  });

  test('typical calls get through to what they would send', async () => {
    for (const { one, args } of typical) expect(await tryOut(one.name, args), one.name).toBeDefined();
    counting.seen.isLearning = false;
    expect(counting.strays).toEqual(new Set());
  }, 60_000);

  test(
    `${COUNT} of them through every parameter of every operation reach no path but those of the templates`,
    async () => {
      const random = createRandom(SEED);
      const parameters = typical.flatMap(({ one, args }) => {
        const schema = dispatcher.operations.find(({ operation }) => operation.name === one.name)?.inputSchema['properties'] as Readonly<
          Record<string, JsonSchema>
        >;
        return Object.entries(schema)
          .filter(([parameter]) => parameter !== 'dry_run')
          .map(([parameter, { type, enum: words }]) => ({
            name: one.name,
            args,
            parameter,
            proper: args[parameter] ?? properFor(parameter, type, words),
          }));
      });
      const strays: string[] = [];
      let through = 0;
      const callOnce = async (turn: number): Promise<void> => {
        // Each parameter in turn, so that none is left out; at times another one is hostile as well.
        const target = parameters[turn % parameters.length] as (typeof parameters)[number];
        const also =
          random() < 0.1
            ? pick(
                random,
                parameters.filter(({ name }) => name === target.name),
              )
            : undefined;
        const args = {
          ...target.args,
          ...(also === undefined ? {} : { [also.parameter]: hostileValue(random, also.proper) }),
          [target.parameter]: hostileValue(random, target.proper),
        };
        const path = await tryOut(target.name, args);
        if (path === undefined) return;
        through += 1;
        if (path !== '' && problemOf(path) !== undefined) strays.push(`${target.name} ${JSON.stringify(args)} would send ${path}`);
      };
      for (let done = 0; done < COUNT; done += AT_ONCE)
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, COUNT - done) }, (_item, index) => callOnce(done + index)));
      expect(strays).toEqual([]);
      expect([...counting.strays]).toEqual([]);
      expect([...faults].slice(0, 10)).toEqual([]);
      // Most is refused at the door, yet the rest shows that the door is not simply shut.
      expect(through).toBeGreaterThan(COUNT / 100);
      expect(counting.seen.requests).toBeGreaterThan(COUNT / 100);
    },
    60_000 + COUNT * 5,
  );
});

/** A proper value for a parameter that the typical call leaves out. */
function properFor(parameter: string, type: unknown, words: unknown): unknown {
  if (Array.isArray(words)) return words[0];
  const known: Row = {
    node: 'pve1',
    target_node: 'pve2',
    storage: 'local',
    vmid: 100,
    pool: 'production',
    snapname: 'clean',
    selector: 'pve1:200',
    volid: 'local:iso/x.iso',
    filename: 'x.iso',
    disks: [{ size: 1, storage: 'local-lvm', import_from: 'local:import/x.qcow2' }],
    networks: [{ bridge: 'vmbr0', tag: 5, macaddr: 'BC:24:11:00:00:08' }],
    mount_points: [{ path: '/srv', size: 1, storage: 'local-lvm' }],
    tags: ['web'],
    argv: ['ls', '/'],
    payload: { node: 'pve1' },
    after: 'local:iso/x.iso',
    template: 'alpine-3.22-default_20250617_amd64.tar.xz',
    iso: 'local:iso/x.iso',
    import_from: 'local:import/x.qcow2',
  };
  return known[parameter] ?? (type === 'integer' ? 1 : type === 'boolean' ? true : 'x');
}
