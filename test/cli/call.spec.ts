import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCommandLine, type CommandLine } from './run.ts';

let line: CommandLine;
beforeAll(async () => {
  line = await startCommandLine();
});
afterAll(() => line[Symbol.asyncDispose]());
beforeEach(() => line.sim.faults.clear());

describe('reads', () => {
  test('a list is a table with what people read', async () => {
    const { out, exitCode } = await line.run(['call', 'get_nodes']);
    expect(exitCode).toBe(0);
    const [head, ...rows] = out.trimEnd().split('\n');
    expect(head).toMatch(/^NODE\s+STATUS\s+CPUS/);
    expect(rows[0]).toMatch(/^pve1\s+online\s+\d+\s+\d+%.*GiB/);
  });

  test('a terminal never gets a line that wraps', async () => {
    const { out } = await line.run(['call', 'get_vms'], { columns: 60 });
    for (const text of out.trimEnd().split('\n').slice(0, -1)) expect(text.length).toBeLessThanOrEqual(60);
  });

  test('JSON is the whole answer', async () => {
    const { out } = await line.run(['call', 'get_vms', '--status', 'running', '--json']);
    const { guests, running } = JSON.parse(out) as { guests: readonly { status: string }[]; running: number };
    expect(guests.length).toBe(running);
    expect(guests.every(({ status }) => status === 'running')).toBe(true);
  });

  test('arguments may come from a file, and flags win over it', async () => {
    const file = join(line.folder, 'arguments.json');
    writeFileSync(file, JSON.stringify({ status: 'stopped', limit: 1 }));
    const { guests } = (await line.run(['call', 'get_vms', '--input', file, '--status', 'running', '--json'])).json<{
      guests: readonly { status: string }[];
    }>();
    expect(guests).toMatchObject([{ status: 'running' }]);
  });

  test('what does not exist exits with the code of its error', async () => {
    const ran = await line.run(['call', 'get_node_status', '--node', 'nowhere']);
    expect(ran.exitCode).not.toBe(0);
    expect(ran.err).not.toBe('');
    expect(ran.out).toBe('');
  });
});

describe('writes', () => {
  test('wait for the end of their job, and say in a pipe what changes', async () => {
    line.sim.cluster.vm(105, { status: 'stopped' });
    const { exitCode, out, err } = await line.run(['call', 'start_vm', '--vmid', '105']);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^Start VM 105: completed.*\nTask ID: UPID:.*\nJob ID: /);
    expect(err).not.toContain('\r');
    expect(line.sim.cluster.guest(105)?.status).toBe('running');
  });

  test('draw a bar in place on a terminal and take it away at the end', async () => {
    const { err } = await line.run(['call', 'create_backup', '--vmid', '105', '--storage', 'local'], { isInteractive: true, columns: 50 });
    expect(err).toMatch(/\[#*-*\]\s+\d+%/);
    for (const drawn of err.split('\r\u001B[K')) expect(drawn.length).toBeLessThan(50);
    expect(err.endsWith('\r\u001B[K')).toBe(true);
  });

  test('do not wait when told so', async () => {
    const { exitCode, out } = await line.run(['call', 'stop_vm', '--vmid', '105', '--wait-seconds', '0', '--json']);
    expect(exitCode).toBe(0);
    const { job_id: jobId } = JSON.parse(out) as { job_id: string };
    const waited = await line.run(['jobs', 'wait', jobId, '--json']);
    expect(waited.json()).toMatchObject({ job_id: jobId, status: 'completed' });
  });

  test('exit as a failure of Proxmox when the job fails, with its reason', async () => {
    line.sim.cluster.vm(105, { status: 'stopped' });
    line.sim.faults.failTask('qmstart', 'no space left on device');
    const { exitCode, out } = await line.run(['call', 'start_vm', '--vmid', '105']);
    expect(exitCode).toBe(8);
    expect(out).toContain('no space left on device');
  });

  test('show what would be sent, and send nothing', async () => {
    line.sim.cluster.vm(105, { status: 'stopped' });
    const { out, exitCode } = await line.run(['call', 'start_vm', '--vmid', '105', '--dry-run', '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ status: 'dry_run', effect: 'none' });
    expect(line.sim.cluster.guest(105)?.status).toBe('stopped');
  });

  test('Ctrl-C ends the waiting and not the job', async () => {
    await using still = await startCommandLine({ clock: 'manual' });
    still.sim.cluster.vm(105, { status: 'stopped' });
    const interrupt = new AbortController();
    const running = still.run(['call', 'start_vm', '--vmid', '105'], { signal: interrupt.signal });
    while (still.sim.cluster.tasks().every(({ type }) => type !== 'qmstart')) await new Promise((resolve) => setImmediate(resolve));
    interrupt.abort();
    const { exitCode, err, out } = await running;
    expect(exitCode).toBe(130);
    const [, jobId] = /^Job ID: (.*)$/m.exec(out) ?? [];
    expect(err).toContain(`The job goes on in Proxmox VE. Wait for it again with: proxmox-mcp-plus jobs wait ${jobId}`);
    await still.sim.clock.advance(60);
    expect((await still.run(['jobs', 'wait', jobId ?? '', '--json'])).json()).toMatchObject({ status: 'completed' });
  });

  test('several targets are waited for together', async () => {
    const containers = line.sim.cluster.guests().filter(({ kind, config }) => kind === 'lxc' && config['template'] !== 1);
    const [a, b] = containers.map(({ vmid }) => vmid);
    for (const vmid of [a, b]) if (vmid !== undefined) line.sim.cluster.container(vmid, { status: 'stopped' });
    const { exitCode, out } = await line.run(['call', 'start_container', '--selector', `${a},${b}`, '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ status: 'several', next: 'none', targets: [{ status: 'completed' }, { status: 'completed' }] });
  });
});

describe('jobs', () => {
  test('are listed, shown and filtered', async () => {
    line.sim.cluster.vm(105, { status: 'stopped' });
    const made = await line.run(['call', 'start_vm', '--vmid', '105', '--json']);
    const { job_id: jobId } = JSON.parse(made.out) as { job_id: string };
    const { jobs } = (await line.run(['jobs', 'list', '--operation', 'start_vm', '--limit', '1', '--json'])).json<{
      jobs: readonly { job_id: string }[];
    }>();
    expect(jobs).toMatchObject([{ job_id: jobId }]);
    const shown = await line.run(['jobs', 'show', jobId]);
    expect(shown.out).toContain('operation start_vm');
    expect((await line.run(['jobs', 'list', '--status', 'rejected'])).out).toBe('No jobs.\n');
  });

  test('a failed one is run again under its id', async () => {
    line.sim.cluster.vm(105, { status: 'stopped' });
    line.sim.faults.failTask('qmstart', 'not today', { times: 1 });
    const failed = (await line.run(['call', 'start_vm', '--vmid', '105', '--json'])).json<{ job_id: string }>();
    const retried = await line.run(['jobs', 'retry', failed.job_id, '--json']);
    expect(retried).toMatchObject({ exitCode: 0 });
    expect(retried.json()).toMatchObject({ job_id: failed.job_id, status: 'completed' });
  });

  test('one that is not there exits as not found', async () => {
    expect(await line.run(['jobs', 'show', '7c9e6679-0000-4000-8000-000000000000'])).toMatchObject({ exitCode: 5, out: '' });
  });
});

test('tools lists every operation with its risk, and its schemas as JSON', async () => {
  const { out } = await line.run(['tools', '--toolset', 'vms']);
  expect(out).toMatch(/^OPERATION\s+TOOLSET\s+RISK\s+TITLE/);
  expect(out).toMatch(/delete_vm\s+vms\s+destroy/);
  const tools = (await line.run(['tools', '--json'])).json<readonly { name: string; input_schema: object }[]>();
  expect(tools.find(({ name }) => name === 'start_vm')?.input_schema).toHaveProperty('properties.vmid');
});

describe('the static approval token of the predecessor', () => {
  const token = 'a-long-token-that-nobody-guesses';
  const TOKENS = { high_risk_mode: 'enforce', high_risk_require_approval_token: true, high_risk_approval_token: token };

  test('is a flag of the operations that take it, and opens them', async () => {
    line.configure({ command_policy: TOKENS });
    line.sim.cluster.vm(8001, { status: 'stopped' });
    const call = ['call', 'delete_vm', '--vmid', '8001'];
    const without = await line.run(call);
    expect(without.exitCode).not.toBe(0);
    expect(without.err).toContain('approval_token');
    expect((await line.run([...call, '--approval-token', `${token}x`])).exitCode).toBe(without.exitCode);
    expect(line.sim.cluster.guest(8001)).toBeDefined();
    const ran = await line.run([...call, '--approval-token', token]);
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.out + ran.err).not.toContain(token);
    expect(line.sim.cluster.guest(8001)).toBeUndefined();
  });

  test('opens the retry of a job too', async () => {
    line.configure({ command_policy: TOKENS });
    line.sim.cluster.vm(8002, { status: 'stopped' });
    const remove = line.sim.faults.failTask('qmdestroy', 'no luck');
    const failed = await line.run(['call', 'delete_vm', '--vmid', '8002', '--approval-token', token, '--json']);
    remove();
    const { job_id: jobId } = failed.json<{ job_id: string }>();
    expect((await line.run(['jobs', 'retry', jobId])).exitCode).not.toBe(0);
    expect((await line.run(['jobs', 'retry', jobId, '--approval-token', token])).exitCode).toBe(0);
    expect(line.sim.cluster.guest(8002)).toBeUndefined();
  });

  test('is named as ignored where none is configured', async () => {
    line.configure({});
    line.sim.cluster.vm(8003, { status: 'stopped' });
    const ran = await line.run(['call', 'delete_vm', '--vmid', '8003', '--dry-run', '--approval-token', token, '--json']);
    expect(ran.json()['ignored_arguments']).toEqual(['approval_token']);
  });
});
