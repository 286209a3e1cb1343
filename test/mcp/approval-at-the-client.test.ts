import { Client, StreamableHTTPClientTransport, type ElicitResult } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';
import { stdioCommand } from './serve-stdio.ts';

type Person = (message: string) => ElicitResult;
interface Asked {
  readonly client: Client;
  /** Messages that the person was shown. */
  readonly questions: string[];
}

const MODERN = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const;
const approve: Person = () => ({ action: 'accept', content: { approval: 'staging' } });
const VMID = 105;

/** The matrix: both transports, both eras. Only over stdio can an old client be asked. */
const PLACES = [
  { where: 'HTTP', era: '2026-07-28', asks: true },
  { where: 'HTTP', era: '2025-11-25', asks: false },
  { where: 'stdio', era: '2026-07-28', asks: true },
  { where: 'stdio', era: '2025-11-25', asks: true },
] as const;

describe.each(PLACES)('approvals over $where at $era', ({ where, era, asks }) => {
  let product: Product;
  const clients: Client[] = [];
  const commands: Disposable[] = [];
  beforeAll(async () => {
    product = await startProduct();
  });
  beforeEach(() => {
    product.sim.cluster.vm(VMID, { status: 'stopped', name: 'staging' });
    product.sim.requests.clear();
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    await product.close();
    for (const command of commands) command[Symbol.dispose]();
  });

  async function connect(person: Person | null): Promise<Asked> {
    const client = new Client(
      { name: 'test', version: '1' },
      { ...(era === '2026-07-28' ? MODERN : {}), capabilities: person ? { elicitation: { form: {} } } : {} },
    );
    const questions: string[] = [];
    if (person) {
      client.setRequestHandler('elicitation/create', ({ params }) => {
        questions.push(params.message);
        return person(params.message);
      });
    }
    if (where === 'HTTP') await client.connect(new StreamableHTTPClientTransport(new URL(product.url)));
    else {
      const command = stdioCommand(product.sim);
      commands.push(command);
      await client.connect(
        new StdioClientTransport({ command: command.command, args: [...command.args], env: { ...command.env }, stderr: 'ignore' }),
      );
    }
    clients.push(client);
    return { client, questions };
  }

  const rollBack = async ({ client }: Asked) => {
    const { isError, structuredContent, content } = await client.callTool({
      name: 'rollback_snapshot',
      arguments: { vmid: VMID, snapname: 'clean', wait_seconds: 20 },
    });
    const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
    return { isError: isError === true, output: (structuredContent ?? {}) as Readonly<Record<string, unknown>>, text };
  };
  const posts = (): number => product.sim.requests.list().filter(({ method }) => method === 'POST').length;

  if (asks) {
    test('a person who types the name of the guest lets the job run', async () => {
      const asked = await connect(approve);
      const { output } = await rollBack(asked);
      expect(output).toMatchObject({ status: 'completed', effect: 'applied' });
      expect(asked.questions).toHaveLength(1);
      expect(asked.questions[0]).toContain('staging');
    });

    test('a person who declines ends the job, and nothing is sent', async () => {
      const { output } = await rollBack(await connect(() => ({ action: 'decline' })));
      expect(output).toMatchObject({ status: 'rejected', effect: 'none' });
      expect(posts()).toBe(0);
    });

    test('a form that is accepted empty or with something else is asked again, and decides nothing', async () => {
      const asked = await connect(() => ({ action: 'accept', content: { approval: 'yes' } }));
      const { output } = await rollBack(asked);
      expect(asked.questions.length).toBe(3);
      expect(output).toMatchObject({ status: 'awaiting_approval', effect: 'none', next: 'approve' });
      expect(posts()).toBe(0);
      await asked.client.callTool({ name: 'cancel_job', arguments: { job_id: output['job_id'] } });
    });

    test('a question that is dismissed leaves the job waiting for another decision', async () => {
      const asked = await connect(() => ({ action: 'cancel' }));
      const { output } = await rollBack(asked);
      expect(output).toMatchObject({ status: 'awaiting_approval', next: 'approve' });
      expect(posts()).toBe(0);
      await asked.client.callTool({ name: 'cancel_job', arguments: { job_id: output['job_id'] } });
    });
  }

  if (asks && era === '2025-11-25') {
    test('a client that says it can ask and then fails to is answered the job that waits', async () => {
      const asked = await connect(() => {
        throw new Error('there is no window');
      });
      const { output, isError } = await rollBack(asked);
      expect(isError).toBe(false);
      expect(output).toMatchObject({ status: 'awaiting_approval', effect: 'none', next: 'approve' });
      expect(posts()).toBe(0);
      await asked.client.callTool({ name: 'cancel_job', arguments: { job_id: output['job_id'] } });
    });
  }

  test('a client that cannot ask its person is not asked, and gets the answer that policy has for such clients', async () => {
    const asked = await connect(asks ? null : approve);
    const { output, isError } = await rollBack(asked);
    expect(asked.questions).toEqual([]);
    expect(isError).toBe(false);
    expect(output['status']).toBe('completed');
  });
});

test('an answer counts once: the same state sent again answers the job and decides nothing', async () => {
  await using product = await startProduct();
  product.sim.cluster.vm(VMID, { status: 'stopped', name: 'staging' });
  const client = new Client(
    { name: 'test', version: '1' },
    { ...MODERN, capabilities: { elicitation: { form: {} } }, inputRequired: { autoFulfill: false } },
  );
  await client.connect(new StreamableHTTPClientTransport(new URL(product.url)));
  const params = { name: 'rollback_snapshot', arguments: { vmid: VMID, snapname: 'clean', wait_seconds: 20 } };
  const asked = (await client.callTool(params, { allowInputRequired: true })) as unknown as { requestState: string };
  expect(asked).toMatchObject({ resultType: 'input_required', inputRequests: { approval: { method: 'elicitation/create' } } });
  const answered = {
    ...params,
    requestState: asked.requestState,
    inputResponses: { approval: { action: 'accept', content: { approval: 'staging' } } },
  };

  const first = await client.callTool(answered);
  expect(first.structuredContent).toMatchObject({ status: 'completed' });
  product.sim.requests.clear();
  const second = await client.callTool(answered);
  expect(second.structuredContent).toMatchObject({ status: 'completed', job_id: (first.structuredContent as { job_id: string }).job_id });
  expect(product.sim.requests.list().filter(({ method }) => method === 'POST')).toEqual([]);

  const forged = { ...answered, requestState: `${asked.requestState}x` };
  await expect(client.callTool(forged as never)).rejects.toMatchObject({ code: -32602 });
  const elsewhere = { ...answered, name: 'delete_vm', arguments: { vmid: VMID } };
  await expect(client.callTool(elsewhere as never)).rejects.toMatchObject({ code: -32602 });
  await client.close();
});
