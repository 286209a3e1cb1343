import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import apiOf92 from '../../data/pve-api/9.2.json' with { type: 'json' };
import { startService } from '../http/service.ts';
import { startProduct } from '../product.ts';
import { startSecured } from '../security/secured.ts';
import { ONE_CALL_EACH } from './one-call-each.ts';

const ROOT = join(import.meta.dirname, '../..');

interface Wrong {
  readonly number: number;
  readonly shownBy: readonly { readonly file: string; readonly title: string }[];
}

/** The table of docs/migrating.md. */
function wrongs(): readonly Wrong[] {
  const rows = readFileSync(join(ROOT, 'docs/migrating.md'), 'utf8').matchAll(/^\| (\d+) \|(?:[^|]*\|){2}([^|]*)\|$/gm);
  return [...rows].map(([, number, shown = '']) => ({
    number: Number(number),
    shownBy: [...shown.matchAll(/`([^`]+)`: (.+?)(?:<br>| $)/g)].map(([, file = '', title = '']) => ({ file, title })),
  }));
}

test('the guide names every one of the 19 wrongs of the predecessor', () => {
  expect(wrongs().map(({ number }) => number)).toEqual(Array.from({ length: 19 }, (_, index) => index + 1));
});

describe.each(wrongs().map((wrong) => [wrong.number, wrong] as const))('wrong %i', (_number, { shownBy }) => {
  test('is held by tests that exist', () => {
    expect(shownBy.length).toBeGreaterThan(0);
    for (const { file, title } of shownBy) {
      const path = join(ROOT, 'test', file);
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      expect(
        [`'${title.replaceAll("'", "\\'")}'`, `"${title}"`, `\`${title}\``].some((quoted) => text.includes(quoted)),
        `${file} has no test called ${title}`,
      ).toBe(true);
    }
  });
});

describe('wrong 5', () => {
  test('enforce without the token flag waits for a person', async () => {
    await using server = await startSecured({ config: { command_policy: { high_risk_mode: 'enforce' } } });
    server.sim.cluster.vm(8001, { status: 'stopped' });
    await server.ask('delete_vm', { vmid: 8001 });
    expect(server.writes()).toEqual([]);
    expect(server.sim.cluster.guest(8001)).toBeDefined();
  });
});

describe('wrong 14', () => {
  test('what is read asks for no parameter that Proxmox VE does not have', async () => {
    await using product = await startProduct({ config: { policy: { risks: { execute: 'allow' } } } });
    for (const [index, one] of ONE_CALL_EACH.filter(({ needsSsh }) => needsSsh !== true).entries()) {
      const id = 30_000 + index;
      one.arrange?.(product.sim, id);
      await product.call(one.name, { ...one.args(id, product.sim), dry_run: true });
    }
    const routes = Object.entries(apiOf92.paths as Readonly<Record<string, { GET?: { parameters?: object } }>>).map(
      ([template, methods]) => ({
        pattern: new RegExp(`^${template.replaceAll(/\{volume\}/g, '.+').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        names: new Set(Object.keys(methods.GET?.parameters ?? {})),
      }),
    );
    const reads = product.sim.requests.list().filter(({ method }) => method === 'GET');
    expect(reads.length).toBeGreaterThan(50);
    for (const { path, query } of reads) {
      const fitting = routes.filter(({ pattern }) => pattern.test(path));
      const strange = Object.keys(query).filter((name) => !fitting.some(({ names }) => names.has(name)));
      expect(strange, path).toEqual([]);
    }
  });
});

describe('wrong 19', () => {
  test('3,000 calls without a key leave nothing behind', { timeout: 60_000 }, async () => {
    await using service = await startService({ doors: { rest: true, mcp: 'same-port' } });
    const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} };
    const statuses = new Set<number>();
    for (let call = 0; call < 3000; call += 1) {
      const response = await service.ask('/mcp', {
        key: null,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify(initialize),
      });
      statuses.add(response.status);
      expect(response.headers.get('mcp-session-id')).toBeNull();
      await response.body?.cancel();
    }
    expect([...statuses].every((status) => status === 401 || status === 429)).toBe(true);
  });
});
