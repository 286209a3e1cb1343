import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, test } from 'vitest';
import { startProduct } from '../product.ts';
import { stdioCommand } from './serve-stdio.ts';

const MODERN = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const;

describe.each([
  ['HTTP', '2026-07-28'],
  ['stdio', '2026-07-28'],
  ['stdio', '2025-11-25'],
] as const)('a call that waits, over %s at %s', (where, revision) => {
  test('tells its progress, and ends at once when it is cancelled, while the job goes on', { timeout: 60_000 }, async () => {
    await using product = await startProduct({ speed: 10 });
    using command = stdioCommand(product.sim);
    const client = new Client({ name: 'test', version: '1' }, revision === '2026-07-28' ? MODERN : {});
    await client.connect(
      where === 'HTTP'
        ? new StreamableHTTPClientTransport(new URL(product.url))
        : new StdioClientTransport({ command: command.command, args: [...command.args], env: { ...command.env }, stderr: 'ignore' }),
    );
    const controller = new AbortController();
    const seen: number[] = [];
    const calling = client.callTool(
      { name: 'create_backup', arguments: { vmid: 102, storage: 'nfs-backup', wait_seconds: 50 } },
      {
        signal: controller.signal,
        timeout: 60_000,
        onprogress({ progress }) {
          seen.push(progress);
          controller.abort();
        },
      },
    );
    await expect(calling).rejects.toThrow(/abort/i);
    expect(seen.length).toBeGreaterThan(0);

    const { structuredContent } = await client.callTool({ name: 'list_jobs', arguments: { tool_name: 'create_backup' } });
    const { jobs } = structuredContent as { jobs: { status: string; job_id: string }[] };
    expect(jobs).toHaveLength(1);
    expect(jobs[0]?.status).toBe('running');
    await client.callTool({ name: 'cancel_job', arguments: { job_id: jobs[0]?.job_id } });
    await client.close();
  });
});
