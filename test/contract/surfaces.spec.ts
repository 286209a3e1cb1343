import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareHttp, type PreparedHttp } from '../../src/app/prepare-http.ts';
import { configSchema } from '../../src/app/config-schema.ts';
import { createLogger } from '../../src/app/logging.ts';
import { mcpFactory } from '../../src/app/run-servers.ts';
import { CATALOG } from '../../src/operations/catalog.ts';
import type { Operation } from '../../src/operations/define.ts';
import { connectNew, type AnyClient } from '../mcp/clients.ts';
import { stdioCommand, type StdioCommand } from '../mcp/serve-stdio.ts';
import { startProduct, type Product } from '../product.ts';
import { ONE_CALL_EACH, type Row } from './one-call-each.ts';

const KEY = 'key-of-the-surface-test';
const PEER = { incoming: { socket: { remoteAddress: '127.0.0.1' } } } as object;
const AGE = / \(\d+ s ago\)/g;
/** Does not exist over MCP before policy allows to write files. */
const NOT_OFFERED = 'write_guest_file';
const JOB_ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

const tasks = new Set(
  (Object.values(CATALOG) as (readonly Operation[])[]).flat().flatMap(({ kind, name }) => (kind === 'task' ? [name] : [])),
);

/** What an answer says, without what differs from call to call: ids of jobs, and how old a reading is. */
const steady = (answer: unknown): Row =>
  JSON.parse(
    JSON.stringify(answer, (name, value: unknown) => (name === 'age_seconds' ? 0 : value))
      .replaceAll(JOB_ID, '<job>')
      .replaceAll(AGE, ''),
  ) as Row;

describe('the same call gives the same answer', () => {
  let product: Product;
  let stdio: StdioCommand;
  let overStdio: AnyClient;
  let overHttp: AnyClient;
  let rest: PreparedHttp;
  beforeAll(async () => {
    // Time stands still, so that figures that move with it are equal.
    product = await startProduct({ clock: 'manual' });
    const { sim, composed } = product;
    stdio = stdioCommand(sim);
    const connect = connectNew('2025-11-25');
    [overStdio, overHttp] = await Promise.all([connect({ command: stdio }), connect({ url: product.url })]);
    const { user, tokenName, tokenValue } = sim.token;
    const config = configSchema.parse({
      proxmox: { host: sim.host, port: sim.port, fingerprint: sim.fingerprint },
      auth: { user, token_name: tokenName, token_value: tokenValue },
      logging: { level: 'CRITICAL' },
      http: { port: 0, api_key: KEY },
    });
    rest = await prepareHttp({
      product: composed,
      logger: createLogger(config.logging, composed.secrets),
      config,
      environment: {},
      doors: { rest: true, mcp: 'off' },
      makeMcp: mcpFactory,
    });
  }, 60_000);
  afterAll(async () => {
    await overStdio.close();
    await overHttp.close();
    await rest.stop();
    await rest.close();
    stdio[Symbol.dispose]();
    await product.close();
  });

  async function overRest(name: string, args: Row): Promise<{ readonly ok: boolean; readonly body: Row }> {
    const headers = { authorization: `Bearer ${KEY}`, host: 'localhost', 'content-type': 'application/json' };
    const request = new Request(`http://localhost/${name}`, { method: 'POST', headers, body: JSON.stringify(args) });
    const response = await rest.rest?.fetch(request, PEER);
    if (!response) throw new Error('there is no REST door');
    return { ok: response.ok, body: (await response.json()) as Row };
  }

  const calls = ONE_CALL_EACH.filter(({ name, needsSsh }) => needsSsh !== true && name !== NOT_OFFERED).map(
    ({ name, arrange, args }, index) => {
      const id = 60_000 + index;
      return [
        name,
        () => (arrange?.(product.sim, id), { ...args(id, product.sim), ...(tasks.has(name) ? { dry_run: true } : {}) }),
      ] as const;
    },
  );

  test.each(calls)('%s, over MCP on stdio and HTTP and over REST', async (name, prepare) => {
    const args = prepare();
    const first = await overStdio.call(name, args);
    const second = await overHttp.call(name, args);
    const third = await overRest(name, args);
    expect(first.isError ?? false, JSON.stringify(first.content)).toBe(false);
    expect(third.ok, JSON.stringify(third.body)).toBe(true);
    expect(steady(second)).toEqual(steady(first));
    expect(steady(third.body)).toEqual(steady(first.structuredContent));
  });

  test.each([
    ['start_vm', { vmid: 99_999 }],
    ['start_vm', { vmid: 'x/y' }],
    ['start_vm', {}],
    ['delete_vm', { vmid: 102 }],
    ['list_isos', { node: 'nowhere' }],
    ['get_node_status', { node: '../access' }],
    ['get_job', { job_id: '00000000-0000-4000-8000-000000000000' }],
    ['restore_backup', { archive: 'local:iso/x.iso' }],
  ] as const)('and the same error: %s %j', async (name, args) => {
    const first = await overStdio.call(name, args);
    const second = await overHttp.call(name, args);
    const third = await overRest(name, args);
    expect(first.isError).toBe(true);
    expect(steady(second)).toEqual(steady(first));
    expect(third.ok).toBe(false);
    const { code, message, hint, effect, details } = (first._meta?.['proxmox-mcp-plus/error'] ?? {}) as Row;
    expect(third.body).toMatchObject({ code, hint, effect, details });
    expect([third.body['message'], third.body['detail']]).toContain(message);
  });
});
