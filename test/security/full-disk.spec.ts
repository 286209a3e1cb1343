import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, test } from 'vitest';
import { verifyAudit } from '../../src/dispatch/verify-audit.ts';
import { ERROR_META_KEY } from '../../src/mcp/tool-error.ts';
import { startSimulator } from '../../src/simulator/start-simulator.ts';
import { stdioCommand } from '../mcp/serve-stdio.ts';

interface Told {
  readonly code?: string;
  readonly effect?: string;
}

/** The kernel refuses every file of the process beyond so many blocks of 512 bytes, as a disk does that is full. */
const withRoomFor = (blocks: number): string => `ulimit -f ${blocks}; exec "$0" "$@"`;

test('a server whose disk is full refuses every write within a second, sends none of them, and goes on reading', async () => {
  const sim = await startSimulator({ speed: 500, authenticationDelaySeconds: 0 });
  using server = stdioCommand(sim);
  const client = new Client({ name: 'test', version: '1' });
  try {
    const args = ['-c', withRoomFor(1000), server.command, ...server.args];
    await client.connect(new StdioClientTransport({ command: 'sh', args, env: { ...server.env }, stderr: 'ignore' }));
    const call = async (name: string, input = {}): Promise<{ error: Told | undefined; tookMs: number }> => {
      const startedAt = performance.now();
      const result = await client.callTool({ name, arguments: input });
      return { error: result._meta?.[ERROR_META_KEY] as Told | undefined, tookMs: performance.now() - startedAt };
    };
    const sent = (vmid: number): number => sim.requests.count(`POST /nodes/*/qemu/${vmid}/status/start`);

    let vmid = 8000;
    for (; vmid < 8040; vmid += 1) {
      sim.cluster.vm(vmid, { status: 'stopped' });
      if ((await call('start_vm', { vmid, wait_seconds: 20 })).error) break;
    }
    expect(vmid).toBeGreaterThan(8000);
    for (const _again of [1, 2, 3]) {
      vmid += 1;
      sim.cluster.vm(vmid, { status: 'stopped' });
      const { error, tookMs } = await call('start_vm', { vmid });
      expect(error).toMatchObject({ code: 'internal', effect: 'none' });
      expect(tookMs).toBeLessThan(1000);
      expect(sent(vmid)).toBe(0);
      for (const read of ['get_vms', 'list_jobs', 'get_nodes']) expect((await call(read)).error, read).toBeUndefined();
    }
  } finally {
    await client.close();
    await sim.close();
  }
}, 90_000);

test('an account that no longer fits on the disk refuses the record within a second, and what is in it verifies', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'full-disk-'));
  const source = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
  const script = `
    import { createAuditLog } from ${source('dispatch/audit-log.ts')};
    import { createSecrets } from ${source('domain/secrets.ts')};
    import { systemClock } from ${source('domain/clock.ts')};
    const log = createAuditLog({ folder: ${JSON.stringify(folder)}, clock: systemClock, secrets: createSecrets(), withinMs: 900 });
    const told = [];
    for (let n = 0; n < 200 && told.length < 3; n += 1) {
      const startedAt = performance.now();
      await log.record({ event: 'intent', operation: 'start_vm', facts: { n } }).catch(({ code, effect, details }) => {
        told.push({ n, code, effect, reason: details.reason, isInTime: performance.now() - startedAt < 1000 });
      });
    }
    await log.close();
    console.log(JSON.stringify(told));`;
  try {
    const node = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
    const told = JSON.parse(execFileSync('sh', ['-c', withRoomFor(8), process.execPath, ...node], { encoding: 'utf8' })) as readonly {
      n: number;
    }[];
    const refused = { code: 'internal', effect: 'none', reason: 'audit_unavailable', isInTime: true };
    expect(told).toEqual([0, 1, 2].map((more) => ({ n: Number(told[0]?.n) + more, ...refused })));
    const { records, findings } = await verifyAudit(folder);
    expect(records).toBeGreaterThan(5);
    expect(findings.filter(({ problem }) => problem !== 'the last line is cut off')).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
