import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

describe('jobs', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct();
  });
  beforeEach(() => {
    product.sim.faults.clear();
    product.sim.requests.clear();
  });
  afterAll(() => product.close());

  const posts = (): number => product.sim.requests.list().filter(({ method }) => method === 'POST').length;

  test('a write answers a job, and its text has the lines that scripts look for', async () => {
    product.sim.cluster.vm(105, { status: 'stopped' });
    const { output, text } = await product.call('start_vm', { vmid: '105', wait_seconds: 20 });
    expect(output).toMatchObject({ status: 'completed', summary: 'Start VM 105', effect: 'applied' });
    expect(text).toContain(`Task ID: ${String(output['task_id'])}\nJob ID: ${String(output['job_id'])}`);
    expect(product.sim.cluster.guest(105)?.status).toBe('running');
  });

  test('a job is shown with its history and listed', async () => {
    product.sim.cluster.vm(105, { status: 'stopped' });
    const { output: started } = await product.call('start_vm', { vmid: 105, wait_seconds: 20 });
    const { output: job, text } = await product.call('get_job', { job_id: started['job_id'] });
    expect(job).toMatchObject({ tool_name: 'start_vm', status: 'completed', retry_spec: { operation: 'start_vm', input: { vmid: 105 } } });
    expect((job['audit_log'] as { event: string }[]).length).toBeGreaterThan(2);
    expect(text).toContain('Start VM 105: completed');
    const { output: list } = await product.call('list_jobs', { tool_name: 'start_vm', limit: 1 });
    expect(list['jobs']).toMatchObject([{ job_id: started['job_id'] }]);
    expect(list['next_cursor']).toBeTypeOf('string');
  });

  test('a call repeated while its job runs answers that job and sends nothing', async () => {
    product.sim.cluster.vm(104, { status: 'running' });
    product.sim.cluster.guest(104);
    const hold = product.sim.faults.delay('POST /nodes/*/qemu/104/status/shutdown', 60);
    const [first, second] = await Promise.all([product.call('shutdown_vm', { vmid: 104 }), product.call('shutdown_vm', { vmid: 104 })]);
    hold();
    const ids = [first, second].map(({ output, error }) => output['job_id'] ?? error.details['job_id']);
    expect(ids[0]).toBe(ids[1]);
    expect(posts()).toBe(1);
  });

  test('a task that fails is a failed job, not a failed call', async () => {
    const { isError, output } = await product.call('start_vm', { vmid: 106, wait_seconds: 20 });
    expect(isError).toBe(false);
    expect(output).toMatchObject({ status: 'failed', message: "volume 'local:iso/missing.iso' does not exist" });
  });

  test('a success with warnings is a success that tells them', async () => {
    product.sim.cluster.vm(108, { status: 'stopped' });
    product.sim.faults.warnTask('qmstart', 1);
    const { output } = await product.call('start_vm', { vmid: 108, wait_seconds: 20 });
    expect(output['status']).toBe('completed');
    expect(output['warnings']).not.toEqual([]);
  });

  test('an answer that is lost after the request was carried out is adopted, not repeated', async () => {
    product.sim.cluster.vm(105, { status: 'stopped' });
    product.sim.faults.dropAfterDispatch('POST /nodes/*/qemu/105/status/start', { times: 1 });
    const { output } = await product.call('start_vm', { vmid: 105, wait_seconds: 50 });
    expect(output['status']).toBe('completed');
    expect(posts()).toBe(1);
    expect(product.sim.cluster.guest(105)?.status).toBe('running');
  }, 60_000);

  test('a request that Proxmox refuses for lack of a privilege names privilege, path and the command that grants it', async () => {
    await using limited = await startProduct({
      simulator: product.sim,
      token: (sim) => sim.cluster.createToken('limited@pve', 'test', { privileges: { '/vms/108': ['VM.Audit'] } }),
    });
    product.sim.cluster.vm(108, { status: 'stopped' });
    const { isError, error } = await limited.call('start_vm', { vmid: 108 });
    expect(isError).toBe(true);
    expect(error).toMatchObject({ code: 'missing_privilege', effect: 'none', details: { path: '/vms/108', privileges: ['VM.PowerMgmt'] } });
    expect(error.hint).toContain("pveum role add MCP-vms-108 --privs 'VM.Audit,VM.PowerMgmt' ||");
    expect(error.hint).toContain("pveum acl modify /vms/108 --tokens 'limited@pve!test' --roles MCP-vms-108");
    expect(error.hint).toContain(
      'A token never has more than its user: if that is not enough, repeat pveum acl modify with --users limited@pve.',
    );
  });

  test('jobs are listed by what they did and how they stand, page by page', async () => {
    for (const vmid of [601, 602, 603]) product.sim.cluster.vm(vmid, { node: 'pve1', status: 'stopped' });
    for (const vmid of [601, 602, 603]) await product.call('start_vm', { vmid, wait_seconds: 20 });
    const first = (await product.call('list_jobs', { tool_name: 'start_vm', status: 'completed', limit: 2 })).output;
    expect(first['jobs']).toMatchObject([{ summary: 'Start VM 603' }, { summary: 'Start VM 602' }]);
    const next = { tool_name: 'start_vm', status: 'completed', limit: 1, cursor: first['next_cursor'] };
    expect((await product.call('list_jobs', next)).output['jobs']).toMatchObject([{ summary: 'Start VM 601' }]);
    const { output } = await product.call('list_jobs', { status: 'failed', tool_name: 'reset_vm' });
    expect(output).toEqual({ jobs: [], next_cursor: null });
  });

  test('poll_job asks how a job stands, and with wait_seconds waits for its end', async () => {
    product.sim.cluster.vm(604, { node: 'pve1', status: 'running', shutdownSeconds: 100 });
    const { output } = await product.call('shutdown_vm', { vmid: 604, timeout_seconds: 600 });
    expect((await product.call('poll_job', { job_id: output['job_id'] })).output['job_id']).toBe(output['job_id']);
    const ended = await product.call('poll_job', { job_id: output['job_id'], wait_seconds: 40 });
    expect(ended.output).toMatchObject({ status: 'completed', effect: 'applied', next: 'none' });
  });

  test('cancel_job stops the task in Proxmox VE, and the job ends as the task did', async () => {
    product.sim.cluster.vm(605, { node: 'pve1', status: 'running', disks: { scsi0: 'ceph:4000G' } });
    const { output } = await product.call('create_backup', { vmid: 605, storage: 'nfs-backup' });
    expect(output).toMatchObject({ status: 'running', next: 'wait' });
    const cancelled = await product.call('cancel_job', { job_id: output['job_id'] });
    expect(['cancel_requested', 'cancelled']).toContain(cancelled.output['status']);
    const ended = await product.call('poll_job', { job_id: output['job_id'], wait_seconds: 40 });
    expect(ended.output).toMatchObject({ status: 'cancelled', message: 'interrupted by signal' });
    expect((await product.call('list_backups', { vmid: 605 })).output).toMatchObject({ total: 0 });
    expect((await product.call('cancel_job', { job_id: output['job_id'] })).error).toMatchObject({ code: 'conflict' });
  });

  test('retry_job runs a failed job again under the same id, planned anew', async () => {
    product.sim.cluster.vm(606, { node: 'pve1', status: 'stopped' });
    product.sim.faults.failTask('qmstart', 'start failed: out of memory', { times: 1 });
    const { output } = await product.call('start_vm', { vmid: 606, wait_seconds: 20 });
    expect(output).toMatchObject({ status: 'failed', message: 'start failed: out of memory' });
    const again = await product.call('retry_job', { job_id: output['job_id'] });
    expect(again.output['job_id']).toBe(output['job_id']);
    const ended = await product.call('poll_job', { job_id: output['job_id'], wait_seconds: 40 });
    expect(ended.output).toMatchObject({ status: 'completed', effect: 'applied' });
    expect((await product.call('get_job', { job_id: output['job_id'] })).output).toMatchObject({ retry_count: 1 });
    expect((await product.call('retry_job', { job_id: output['job_id'] })).error).toMatchObject({ code: 'conflict' });
  });

  test('get_task_log shows what the task of a job said, newest lines unless told from where', async () => {
    product.sim.cluster.vm(607, { node: 'pve1', status: 'stopped', disks: { scsi0: 'ceph:1G' } });
    const { output } = await product.call('create_backup', { vmid: 607, storage: 'nfs-backup', wait_seconds: 40 });
    const newest = await product.call('get_task_log', { upid: output['task_id'], limit: 2 });
    expect(newest.output['lines']).toContain('TASK OK');
    const whole = await product.call('get_task_log', { upid: output['task_id'], start: 0, limit: 500 });
    expect(whole.output).toMatchObject({ start: 0, total: (whole.output['lines'] as string[]).length });
    expect(whole.output['lines']).toContain('INFO: Starting Backup of VM 607 (qemu)');
    expect((await product.call('get_task_log', { upid: 'nonsense' })).error).toMatchObject({ code: 'invalid_input' });
  });

  test('an unknown job is an error that says where to look', async () => {
    const { error } = await product.call('poll_job', { job_id: 'nope' });
    expect(error).toMatchObject({ code: 'not_found', effect: 'none' });
    expect(error.hint).toContain('list_jobs');
  });
});

test('a job outlives its server: the next one on the same store follows it to the end', async () => {
  await using first = await startProduct({ speed: 1 });
  first.sim.cluster.vm(105, { status: 'stopped' });
  const { output } = await first.call('start_vm', { vmid: 105 });
  expect(output['status']).toBe('running');
  await first.composed.close();

  await using second = await startProduct({ simulator: first.sim, config: { jobs: { sqlite_path: first.jobsFile } } });
  const { output: job } = await second.call('poll_job', { job_id: output['job_id'], wait_seconds: 40 });
  expect(job).toMatchObject({ job_id: output['job_id'], status: 'completed', task_id: output['task_id'] });
}, 60_000);
