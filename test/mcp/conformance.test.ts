import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveFixture } from './conformance/serve-fixture.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** The official suite, pinned: its `latest` tag knows only revisions up to 2025-11-25. MCP_CONFORMANCE names another copy. */
const SUITE = process.env['MCP_CONFORMANCE'] ?? at('../../node_modules/@modelcontextprotocol/conformance/dist/index.js');
const TASKS = [
  'tasks-lifecycle',
  'tasks-capability-negotiation',
  'tasks-wire-fields',
  'tasks-request-state-removal',
  'tasks-mrtr-input',
  'tasks-request-headers',
  'tasks-dispatch-and-envelope',
  'tasks-status-notifications',
  'tasks-required-task-error',
  'tasks-mrtr-composition',
];

describe('the official conformance suite against the production stack', () => {
  let fixture: Awaited<ReturnType<typeof serveFixture>>;
  let results: string;
  beforeAll(async () => {
    fixture = await serveFixture();
    results = mkdtempSync(join(tmpdir(), 'proxmox-mcp-conformance-results-'));
  });
  afterAll(async () => {
    await fixture.close();
    rmSync(results, { recursive: true, force: true });
  });

  /** Runs the suite; what it says at the end, and whether nothing unexpected happened. */
  function run(...args: readonly string[]): Promise<{ readonly code: number; readonly summary: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [SUITE, 'server', '--url', fixture.url, '-o', results, ...args],
        { cwd: results, timeout: 170_000, maxBuffer: 32 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const summary = stdout.slice(Math.max(0, stdout.lastIndexOf('SUMMARY')));
          resolve({ code: error ? Number(error.code ?? 1) : 0, summary: `${summary}${stderr}` });
        },
      );
    });
  }

  test('everything that revision 2026-07-28 requires is met', { timeout: 180_000 }, async () => {
    const { code, summary } = await run('--requirements', '2026-07-28');
    expect(code, summary).toBe(0);
  });

  test('everything that revision 2025-11-25 requires is met, but for what stateless serving cannot do', { timeout: 180_000 }, async () => {
    const { code, summary } = await run(
      '--requirements',
      '2025-11-25',
      '--expected-failures',
      at('./conformance/expected-failures-2025-11-25.yml'),
    );
    expect(code, summary).toBe(0);
  });

  test.each(TASKS)('the tasks extension passes %s', { timeout: 60_000 }, async (scenario) => {
    const { code, summary } = await run('--scenario', scenario);
    expect(code, summary).toBe(0);
  });
});
