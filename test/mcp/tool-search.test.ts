import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerCatalog } from '../../src/dispatch/registered-operation.ts';
import { chooseOperations } from '../../src/mcp/choose-operations.ts';
import { CATALOG } from '../../src/operations/catalog.ts';
import { startProduct, type Product } from '../product.ts';

describe('PROXMOX_MCP_TOOLS=search: a few tools that find and call all others', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct({ config: { mcp: { tools: 'search' } } });
  });
  afterAll(() => product.close());

  test('lists nine tools, each with all four annotations and an output schema', async () => {
    const { tools } = await product.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'overview',
      'search_operations',
      'describe_operation',
      'call_operation',
      'list_jobs',
      'get_job',
      'poll_job',
      'cancel_job',
      'retry_job',
    ]);
    for (const { annotations = {}, outputSchema } of tools) {
      expect(Object.keys(annotations)).toEqual(
        expect.arrayContaining(['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint']) as unknown,
      );
      expect(outputSchema).toMatchObject({ type: 'object' });
    }
  });

  test('begins with an overview of cluster and operations', async () => {
    const { output, text } = await product.call('overview');
    expect(output).toMatchObject({ cluster: { quorate: true } });
    expect(text).toMatch(/^vms: .*\bstart_vm\b/m);
  });

  test('finds operations by what is to be done', async () => {
    const { output } = await product.call('search_operations', { wish: 'go back to an earlier state of VM 105' });
    expect(output['operations']).toEqual(expect.arrayContaining([expect.objectContaining({ operation: 'rollback_snapshot' })]) as unknown);
    expect((await product.call('search_operations', { wish: ' ' })).error).toMatchObject({ code: 'invalid_input' });
    expect((await product.call('search_operations', { wish: 'vm', limit: 2 })).output['operations']).toHaveLength(2);
  });

  test('describes an operation with every argument and bound', async () => {
    const { output, text } = await product.call('describe_operation', { operation: 'create_vm' });
    expect(output).toMatchObject({ operation: 'create_vm', risk: 'change', input_schema: { properties: { memory: { minimum: 16 } } } });
    expect(JSON.parse(text)).toEqual(output);
  });

  test('calls an operation, and its jobs are followed with the job tools', async () => {
    product.sim.cluster.vm(105, { status: 'stopped' });
    const { output, text } = await product.call('call_operation', { operation: 'start_vm', arguments: { vmid: 105 } });
    const job = (output['output'] as { job_id: string }).job_id;
    expect(text).toContain(`Job ID: ${job}`);
    expect((await product.call('poll_job', { job_id: job, wait_seconds: 30 })).output).toMatchObject({ status: 'completed' });
  });

  test('a name that does not exist is answered with those near it, and an operation is no tool of its own', async () => {
    const { error } = await product.call('call_operation', { operation: 'boot_vm', arguments: { vmid: 105 } });
    expect(error).toMatchObject({ code: 'not_found', hint: expect.stringContaining('start_vm') as unknown });
    await expect(product.call('start_vm', { vmid: 105 })).rejects.toMatchObject({ code: -32602 });
  });

  test.each([
    ['no operation', {}, 'operation is missing.', 'search_operations'],
    [
      'none of the arguments',
      { operation: 'start_vm' },
      'vmid is missing',
      'Its arguments are vmid, node, wait_seconds, dry_run; describe_operation start_vm',
    ],
    ['another name', { operation: 'start_vm', arguments: { vm: 105 } }, 'vmid is missing', 'Perhaps vmid for "vm" is meant.'],
    ['a slip', { operation: 'get_task_log', arguments: { upids: 'x' } }, 'Unknown argument "upids"', 'Perhaps upid for "upids" is meant.'],
    [
      'another spelling',
      { operation: 'get_job_output', arguments: { jobId: 'x' } },
      'Unknown argument',
      'Perhaps job_id for "jobId" is meant.',
    ],
    ['a wrong value', { operation: 'start_vm', arguments: { vmid: 5 } }, 'vmid (5) must be at least 100', 'describe_operation start_vm'],
    ['arguments beside the name', { operation: 'start_vm', vmid: 105 }, 'call_operation has no argument "vmid"', 'belongs into arguments'],
    ['a list', { operation: 'start_vm', arguments: [105] }, 'must be a JSON object', 'Its arguments are vmid'],
    ['broken text', { operation: 'start_vm', arguments: '{vmid' }, 'must be a JSON object', 'describe_operation start_vm'],
  ])('a call with %s is told what is wrong and which arguments there are', async (_what, args, message, hint) => {
    const { error, isError } = await product.call('call_operation', args);
    expect(isError).toBe(true);
    expect(error).toMatchObject({ code: 'invalid_input', effect: 'none' });
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
  });

  test('arguments that are written as text are taken for what they say', async () => {
    const { output } = await product.call('call_operation', { operation: 'list_snapshots', arguments: '{"vmid": 105}' });
    expect(output).toMatchObject({ operation: 'list_snapshots', output: { vmid: 105 } });
  });

  test('asks the person at the client just as the tools would', async () => {
    product.sim.cluster.vm(105, { status: 'stopped', name: 'staging' });
    const client = new Client(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } }, capabilities: { elicitation: { form: {} } } },
    );
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { approval: 'staging' } }));
    await client.connect(new StreamableHTTPClientTransport(new URL(product.url)));
    const { structuredContent } = await client.callTool({
      name: 'call_operation',
      arguments: { operation: 'rollback_snapshot', arguments: { vmid: 105, snapname: 'clean', wait_seconds: 30 } },
    });
    expect(structuredContent).toMatchObject({ operation: 'rollback_snapshot', output: { status: 'completed' } });
    await client.close();
  });

  test('tells of a cluster that cannot be read instead of failing', async () => {
    const release = product.sim.faults.respond('GET /cluster/status', { status: 403, reason: 'Permission check failed (/, Sys.Audit)' });
    const { output, text, isError } = await product.call('overview');
    release();
    expect(isError).toBe(false);
    expect(output['cluster']).toBeNull();
    expect(text).toContain('The cluster could not be asked: ');
    expect(text).toContain('start_vm');
  });
});

describe('PROXMOX_MCP_TOOLS: which operations are shown', () => {
  const operations = registerCatalog(CATALOG);
  const shown = (wish: string): readonly string[] => chooseOperations(operations, wish).operations.map(({ operation }) => operation.name);

  test('all of them without a wish', () => {
    expect(shown('all')).toHaveLength(operations.length);
    expect(shown('')).toHaveLength(operations.length);
  });

  test('toolsets and single operations, in the order of the catalogue', () => {
    expect(shown('get_nodes, start_vm')).toEqual(['get_nodes', 'start_vm']);
    expect(shown('snapshots')).toEqual(['list_snapshots', 'create_snapshot', 'delete_snapshot', 'rollback_snapshot']);
    expect(shown('snapshots,-delete_snapshot')).not.toContain('delete_snapshot');
    expect(shown('-vms')).not.toContain('start_vm');
  });

  test('tool search keeps the job operations, whatever it leads to', () => {
    expect(chooseOperations(operations, 'search,vms').mode).toBe('search');
    expect(shown('search,vms')).toEqual(expect.arrayContaining(['poll_job', 'start_vm']) as unknown);
  });

  test('a name that does not exist is refused with those that do', () => {
    expect(() => chooseOperations(operations, 'vm')).toThrow(/no toolset or operation vm\. Toolsets are cluster, jobs, vms/);
  });

  test('a tool that is not shown cannot be called', async () => {
    await using product = await startProduct({ config: { mcp: { tools: 'cluster' } } });
    expect((await product.client.listTools()).tools).toHaveLength(4);
    await expect(product.call('start_vm', { vmid: 105 })).rejects.toMatchObject({ code: -32602 });
    const { prompts } = await product.client.listPrompts();
    expect(prompts).toEqual([]);
  });
});
