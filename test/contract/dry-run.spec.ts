import { afterAll, beforeAll, expect, test } from 'vitest';
import { CATALOG } from '../../src/operations/catalog.ts';
import type { Operation } from '../../src/operations/define.ts';
import { startProduct, type Answer, type Product } from '../product.ts';
import { ONE_CALL_EACH, type OneCall, type Row } from './one-call-each.ts';

const tasks = new Set(
  (Object.values(CATALOG) as (readonly Operation[])[]).flat().flatMap(({ kind, name }) => (kind === 'task' ? [name] : [])),
);
const JOB_ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

interface Shown {
  readonly method: string;
  readonly path: string;
  readonly params: Row;
}

let product: Product;
let lastId = 40_000;
beforeAll(async () => {
  product = await startProduct({ config: { policy: { risks: { execute: 'allow' }, commands: { mode: 'audit_only' } } } });
});
afterAll(() => product.close());

/** Writes that reached the simulator, in their order. */
const writes = (): readonly Shown[] =>
  product.sim.requests
    .list()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path, query, body }) => ({ method, path, params: { ...query, ...body } }));

/** As it travels: everything is text, booleans are 0 and 1, and each job signs with its own id. */
const onTheWire = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(onTheWire);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return String(value).replaceAll(JOB_ID, '<job>');
};
const comparable = ({ method, path, params }: Shown): Shown => ({
  method,
  path: decodeURIComponent(path),
  params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, onTheWire(value)])),
});
/** What is secret is sent and not shown. */
const withoutSecrets = (sent: Shown, shown: Shown): Shown => ({
  ...sent,
  params: Object.fromEntries(
    Object.entries(sent.params).map(([name, value]) => [name, shown.params[name] === '<secret>' && value !== '' ? '<secret>' : value]),
  ),
});
const shownIn = ({ output }: Answer): Row => ((output['result'] as Row)['would_send'] ?? {}) as Row;

test.each(ONE_CALL_EACH.filter(({ name, needsSsh }) => tasks.has(name) && needsSsh !== true).map((one) => [one.name, one] as const))(
  '%s tried dry sends nothing and shows exactly what is sent then',
  async (name: string, one: OneCall) => {
    const id = (lastId += 1);
    one.arrange?.(product.sim, id);
    const args = one.args(id, product.sim);
    const before = structuredClone(product.sim.cluster.guest(id)?.config);
    product.sim.requests.clear();
    const dry = await product.call(name, { ...args, dry_run: true });
    expect(dry.output, dry.text).toMatchObject({ status: 'dry_run', effect: 'none', job_id: null, task_id: null });
    expect(dry.text).toContain('Nothing was sent.');
    expect(writes()).toEqual([]);
    expect(product.sim.cluster.guest(id)?.config).toEqual(before);
    expect((dry.output['result'] as Row)['decision']).toMatchObject({ effect: 'allow' });

    const done = await product.call(name, { ...args, wait_seconds: 50 });
    expect(done.output['status'], done.text).toBe('completed');
    const [first] = writes();
    const shown = shownIn(dry);
    if (shown['channel'] === 'guest-agent') {
      expect(first?.path).toBe(`/nodes/pve1/qemu/${id}/agent/exec`);
      expect([first?.params['command']].flat()).toEqual(shown['argv']);
      return;
    }
    expect(first && comparable(withoutSecrets(first, shown as unknown as Shown))).toEqual(comparable(shown as unknown as Shown));
  },
);
