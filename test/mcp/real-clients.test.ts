import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ERROR_META_KEY } from '../../src/mcp/tool-error.ts';
import { showUntrusted } from '../../src/domain/untrusted-text.ts';
import { startSimulator } from '../../src/simulator/start-simulator.ts';
import { startProduct } from '../product.ts';
import { CALLS, prepareCluster } from './calls-of-every-tool.ts';
import { connectNew, connectOld, type AnyClient, type CallAnswer, type Connect } from './clients.ts';
import { stdioCommand } from './serve-stdio.ts';

const CLIENTS: readonly (readonly [name: string, connect: Connect])[] = [
  ['SDK 2 at 2026-07-28', connectNew('2026-07-28')],
  ['SDK 2 at 2025-11-25', connectNew('2025-11-25')],
  ['SDK 2 at 2024-11-05', connectNew('2024-11-05')],
  ['SDK 1', connectOld],
];
/** A server of its own for one client: over HTTP in this process, or as a child that the client starts. */
async function place(transport: 'HTTP' | 'stdio', connect: Connect, open: AsyncDisposableStack): Promise<AnyClient> {
  const simulator = await startSimulator({ speed: 400, authenticationDelaySeconds: 0 });
  open.defer(() => simulator.close());
  prepareCluster(simulator.cluster);
  if (transport === 'HTTP') {
    const product = await startProduct({ simulator });
    open.defer(() => product.close());
    const client = await connect({ url: product.url });
    open.defer(() => client.close());
    return client;
  }
  const command = stdioCommand(simulator);
  open.defer(() => command[Symbol.dispose]());
  const client = await connect({ command });
  open.defer(() => client.close());
  return client;
}

const textOf = ({ content }: CallAnswer): string => content.map((part) => part.text ?? '').join('\n');

/** Facts that every job answer tells in its text, in the order in which people read them. */
function untoldOfJob(text: string, answer: Readonly<Record<string, unknown>>): readonly string[] {
  const said = (value: unknown): boolean =>
    value === null ||
    text.includes(String(value)) ||
    text.includes(showUntrusted(String(value), 1000)) ||
    text.includes(JSON.stringify(value));
  const { job_id: jobId, status, summary, message, task_id: taskId, effect, result, warnings } = answer;
  const facts = { job_id: jobId, status, summary, message, task_id: taskId, ...(jobId === null ? {} : { effect }), ...(result as object) };
  return [...Object.entries(facts), ...(warnings as string[]).map((warning) => ['warning', warning] as const)]
    .filter(([, value]) => !said(value))
    .map(([name]) => name);
}

describe.concurrent.each(CLIENTS)('%s', (_name, connect) => {
  test.each(['HTTP', 'stdio'] as const)(
    'calls every tool once over %s, and each answer is what its schema says',
    { timeout: 120_000 },
    async (transport) => {
      await using open = new AsyncDisposableStack();
      const client = await place(transport, connect, open);
      const tools = await client.listTools();
      expect(tools.map(({ name }) => name).filter((name) => !CALLS.some(([tool]) => tool === name))).toEqual([]);

      const last: Record<string, Readonly<Record<string, unknown>>> = {};
      for (const [name, args] of CALLS) {
        const tool = tools.find((listed) => listed.name === name);
        if (!tool) continue;
        const answer = await client.call(name, typeof args === 'function' ? args(last) : args);
        const structured = answer.structuredContent ?? {};
        if (answer.isError === true) {
          const error = answer._meta?.[ERROR_META_KEY] as { message: string; effect: string };
          expect(textOf(answer), name).toContain(error.message);
          expect(textOf(answer), name).toContain(`Effect: ${error.effect}`);
          expect(answer.structuredContent).toBeUndefined();
          continue;
        }
        last[name] = structured;
        const checked = z.fromJSONSchema(tool.outputSchema as never).safeParse(structured);
        expect(checked.success, `${name}: ${checked.error?.message ?? ''}`).toBe(true);
        if ('targets' in structured && structured['status'] !== 'several')
          expect(untoldOfJob(textOf(answer), structured), name).toEqual([]);
      }
      // Only what policy denies by default, the example cluster does not have, or was over already, may have failed.
      const failed = tools.map(({ name }) => name).filter((name) => last[name] === undefined);
      expect(
        failed.filter(
          (name) => !['execute_vm_command', 'get_job_output', 'read_guest_file', 'write_guest_file', 'cancel_job'].includes(name),
        ),
      ).toEqual([]);
      expect(await client.readUri('proxmox://nodes/pve1')).toContain('"node":"pve1"');
      expect(await client.promptNames()).toContain('first_look');
    },
  );
});

test.each(['2025-06-18', '2025-03-26'])('a client of the revision in between, %s, is served as well', async (revision) => {
  await using open = new AsyncDisposableStack();
  const client = await place('HTTP', connectNew(revision), open);
  expect((await client.listTools()).length).toBeGreaterThan(30);
  expect(textOf(await client.call('get_cluster_status'))).toContain('quorate');
  expect((await client.call('start_vm', { vmid: 4711 })).isError).toBe(true);
});
