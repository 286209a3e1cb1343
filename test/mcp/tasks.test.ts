import { spawn, type ChildProcess } from 'node:child_process';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createTaskSessionFromClient, type TaskEnabledSession } from '@modelcontextprotocol/ext-tasks/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/start-simulator.ts';
import { startProduct, type Product } from '../product.ts';
import { stdioCommand, type StdioCommand } from './serve-stdio.ts';

const REVISION = '2026-07-28';
const CLIENT_INFO = { name: 'tasks-test', version: '1' };
const TASKS = 'io.modelcontextprotocol/tasks';

interface Connected {
  readonly client: Client;
  readonly session: TaskEnabledSession;
  close(): Promise<void>;
}

/** The official tasks client; requests about tasks go out as it writes them. */
async function connect(url: string, capabilities: Readonly<Record<string, object>> = {}): Promise<Connected> {
  const clientCapabilities = { ...capabilities, extensions: { [TASKS]: {} } };
  const client = new Client(CLIENT_INFO, { versionNegotiation: { mode: { pin: REVISION } }, capabilities: clientCapabilities });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  let id = 1000;
  const session = createTaskSessionFromClient(client, {
    endpointId: 'test',
    v2RequestFraming: { protocolVersion: REVISION, clientInfo: CLIENT_INFO, clientCapabilities },
    async rawDispatch(request) {
      const { method, params } = request as unknown as { method: string; params: Readonly<Record<string, unknown>> };
      const name = params['taskId'] ?? params['name'];
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': REVISION,
          'mcp-method': method,
          ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: (id += 1), method, params }),
      });
      const { result, error } = (await answer.json()) as { result: never; error: never };
      return error ? { kind: 'error', error } : { kind: 'result', result };
    },
  });
  return {
    client,
    session,
    async close() {
      await session.close();
      await client.close();
    },
  };
}

describe('jobs as tasks', () => {
  let product: Product;
  let connected: Connected;
  beforeAll(async () => {
    product = await startProduct({ speed: 20 });
    connected = await connect(product.url);
  });
  beforeEach(() => {
    product.sim.cluster.vm(105, { status: 'stopped' });
    product.sim.faults.clear();
  });
  afterAll(async () => {
    await connected.close();
    await product.close();
  });

  test('a write is answered with a task whose id is the job id, and its result is what the tool would have answered', async () => {
    const execution = await connected.session.callTool('create_backup', { vmid: 105, storage: 'nfs-backup' });
    if (execution.kind !== 'task') throw new Error('no task was made');
    const { outcome } = await execution.settle();
    expect(outcome).toMatchObject({
      status: 'completed',
      result: { structuredContent: { job_id: execution.handle.taskId, status: 'completed' } },
    });
    const { output } = await product.call('get_job', { job_id: execution.handle.taskId });
    expect(output).toMatchObject({ tool_name: 'create_backup', status: 'completed' });
  });

  test('a task that Proxmox VE fails is completed with an error result, not failed', async () => {
    const execution = await connected.session.callTool('start_vm', { vmid: 106 });
    const { outcome } = await execution.settle();
    expect(outcome).toMatchObject({ status: 'completed', result: { isError: true, structuredContent: { status: 'failed' } } });
  });

  test('a read, and a write that ends while the call waits, are answered at once', async () => {
    expect((await connected.session.callTool('get_nodes', {})).kind).toBe('immediate');
    expect((await connected.session.callTool('start_vm', { vmid: 105, wait_seconds: 30 })).kind).toBe('immediate');
  });

  test('a task that is cancelled stops the task of Proxmox VE', async () => {
    const execution = await connected.session.callTool('create_backup', { vmid: 100, storage: 'nfs-backup' });
    if (execution.kind !== 'task') throw new Error('no task was made');
    await connected.session.cancelTask(execution.handle.taskId);
    const { outcome } = await execution.settle();
    expect(outcome.status).toBe('cancelled');
    // The end of a task stays as it is, however often it is asked to end.
    await connected.session.cancelTask(execution.handle.taskId);
  });

  test('an unknown task is an error of the request', async () => {
    await expect(connected.session.task('no-such-task' as never).snapshot()).rejects.toMatchObject({ code: -32602 });
  });

  test('a client that does not declare tasks is answered the running job', async () => {
    const { output } = await product.call('create_backup', { vmid: 101, storage: 'nfs-backup' });
    expect(output).toMatchObject({ status: 'running', next: 'wait' });
  });

  test('a task that waits for a person asks the client, and goes on with the answer', async () => {
    const able = await connect(product.url, { elicitation: { form: {} } });
    product.sim.cluster.vm(105, { status: 'stopped', name: 'staging' });
    // The question is put off when the call is made, and stands in the task from then on.
    const answers = [{ action: 'cancel' as const }];
    const pending = await able.client.request(
      { method: 'tools/call', params: { name: 'rollback_snapshot', arguments: { vmid: 105, snapname: 'clean' } } },
      { allowInputRequired: true } as never,
    );
    const { requestState } = pending as unknown as { requestState: string };
    const task = await rawCall(product.url, {
      name: 'rollback_snapshot',
      arguments: { vmid: 105, snapname: 'clean' },
      requestState,
      inputResponses: { approval: answers[0] },
    });
    expect(task).toMatchObject({ resultType: 'task', status: 'input_required' });
    const controller = able.session.task(String(task['taskId']) as never);
    const { raw } = await controller.snapshot();
    const [key = ''] = Object.keys(raw['inputRequests'] as object);
    await controller.update({ [key]: { action: 'accept', content: { approval: 'wrong' } } } as never);
    const [next = ''] = Object.keys((await controller.snapshot()).raw['inputRequests'] as object);
    expect(next).not.toBe(key);
    await controller.update({ [next]: { action: 'accept', content: { approval: 'staging' } } } as never);
    expect(await controller.result()).toMatchObject({ status: 'completed', result: { structuredContent: { status: 'completed' } } });
    await able.close();
  });
});

/** `tools/call` as a client with tasks and forms writes it. */
async function rawCall(url: string, params: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} }, extensions: { [TASKS]: {} } },
  };
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': REVISION,
      'mcp-method': 'tools/call',
      'mcp-name': String(params['name']),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...params, _meta } }),
  });
  return ((await answer.json()) as { result: Record<string, unknown> }).result;
}

test('a server that is killed in the middle of a task is started again, and the client resumes the task', { timeout: 60_000 }, async () => {
  const simulator = await startSimulator({ speed: 60, authenticationDelaySeconds: 0 });
  using command = stdioCommand(simulator, { MCP_PORT: '0', LOG_LEVEL: 'INFO' });
  const first = await startHttp(command);
  const before = await connect(first.url);
  const execution = await before.session.callTool('create_backup', { vmid: 100, storage: 'nfs-backup' });
  if (execution.kind !== 'task') throw new Error('no task was made');
  const reference = execution.serializeReference();
  first.child.kill('SIGKILL');
  await before.close().catch(() => undefined);

  const second = await startHttp(command);
  const after = await connect(second.url);
  const resumed = await after.session.resumeTask(reference);
  const { outcome } = await resumed.settle();
  expect(outcome).toMatchObject({ status: 'completed', result: { structuredContent: { job_id: reference.taskId, status: 'completed' } } });
  expect(simulator.requests.list().filter(({ method, path }) => method === 'POST' && path.endsWith('/vzdump'))).toHaveLength(1);
  await after.close();
  second.child.kill('SIGTERM');
  await simulator.close();
});

/** The server over HTTP in a process of its own, once it listens. */
async function startHttp({ command, args, env }: StdioCommand): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const child = spawn(command, [...args, 'mcp-http'], { env: { ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the server ended: ${said}`)));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      const found = /"url":"(http:[^"]+\/mcp)"/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return { url, child };
}
