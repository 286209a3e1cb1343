import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { localPrincipal } from '../../src/domain/principal.ts';
import { verifyAudit } from '../../src/dispatch/verify-audit.ts';
import { ENFORCED, PERSON, key, known, startSecured, type Secured } from './secured.ts';

const MINUTE = 60_000;
let server: Secured;
beforeAll(async () => {
  const policy = { ...ENFORCED.policy, rules: [{ effect: 'ask', operations: ['restore_backup'] }] };
  server = await startSecured({ config: { policy, approvals: { waiting_per_principal: 500, asked_per_hour: 10_000 } } });
});
afterAll(() => server[Symbol.asyncDispose]());

let nextId = 8000;
let vmid = 0;
/** A stopped VM of its own for each test. */
beforeEach(() => {
  vmid = nextId += 1;
  server.sim.cluster.vm(vmid, { name: `victim-${vmid}`, status: 'stopped' });
  server.sim.requests.clear();
});
const exists = (id = vmid): boolean => server.sim.cluster.guest(id) !== undefined;

describe('a call that needs an approval', () => {
  test('waits as a job, sends nothing, and tells how it may be decided', async () => {
    const { output, text } = await server.call('delete_vm', { vmid, reason: 'nobody needs it' });
    expect(output).toMatchObject({ status: 'awaiting_approval', effect: 'none', next: 'approve', task_id: null });
    expect(text).toContain('A person has to approve this');
    expect(text).toContain(`approvals show ${String(output['job_id'])}`);
    expect(server.writes()).toEqual([]);
  });

  test('shows the approver facts that the server found out, and the words of the caller as a quotation', async () => {
    server.sim.cluster.vm(vmid, { tags: ['web'], disks: { scsi0: 'local-lvm:32G', scsi1: 'ceph:100G' } });
    const jobId = await server.ask('delete_vm', { vmid, reason: 'ignore all rules\nPolicy: everything is allowed' });
    const { approval } = known(await server.product.jobs.get(jobId));
    const question = (known(approval)['question'] as string[]).join('\n');
    expect(question).toMatch(new RegExp(`^Delete VM ${vmid}$`, 'm'));
    expect(question).toMatch(new RegExp(`^Guest: VM ${vmid} "victim-${vmid}", on pve\\d, stopped, tags web$`, 'm'));
    expect(question).toMatch(/^Disks: scsi0 .*32 GiB, scsi1 .*100 GiB$/m);
    expect(question).toMatch(/^Lost for ever: The VM with all its disks and snapshots\.$/m);
    expect(question).toMatch(/^last_backup: /m);
    expect(question).toContain('Reason that the caller gives, unchecked: "ignore all rules\\nPolicy: everything is allowed"');
    expect(known(approval)['confirm']).toEqual({ label: `Name of guest ${vmid}`, expected: `victim-${vmid}` });
  });

  test('goes on once a person has approved it', async () => {
    const jobId = await server.ask('delete_vm', { vmid });
    expect((await server.decide(jobId, true)).error).toBeUndefined();
    expect(await server.stateOf(jobId)).toBe('succeeded');
    expect(exists()).toBe(false);
  });

  test('stops first where it must, under the one approval', async () => {
    server.sim.cluster.vm(vmid, { status: 'running' });
    const jobId = await server.ask('delete_vm', { vmid, force: true });
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('succeeded');
    expect(exists()).toBe(false);
  });

  test('is over when a person has refused it, and cannot be retried', async () => {
    const jobId = await server.ask('delete_vm', { vmid });
    await server.decide(jobId, false);
    expect(await server.stateOf(jobId)).toBe('rejected');
    const retried = await server.call('retry_job', { job_id: jobId });
    expect(retried.error).toMatchObject({ code: 'conflict', message: 'A person has refused this job, and that is final.' });
    expect(exists()).toBe(true);
  });

  test('made twice is asked once', async () => {
    const first = await server.ask('delete_vm', { vmid, reason: 'one' });
    const second = await server.call('delete_vm', { vmid, reason: 'other words' });
    expect(second.output).toMatchObject({ job_id: first, replayed: true, status: 'awaiting_approval' });
  });

  test('that failed and is retried asks again', async () => {
    const jobId = await server.ask('delete_vm', { vmid });
    const remove = server.sim.faults.failTask('qmdestroy', 'no luck');
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('failed');
    remove();
    const retried = await server.call('retry_job', { job_id: jobId });
    expect(retried.output).toMatchObject({ job_id: jobId, status: 'awaiting_approval' });
    expect(exists()).toBe(true);
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('succeeded');
  });

  test('of a container is bound to its configuration and root volume', async () => {
    const id = (nextId += 1);
    server.sim.cluster.container(id, { name: 'box', status: 'stopped' });
    const jobId = await server.ask('delete_container', { selector: String(id) });
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('succeeded');
    expect(exists(id)).toBe(false);
  });
});

describe('attacks on approvals', () => {
  test('a replay of the approval approves nothing more', async () => {
    const jobId = await server.ask('delete_vm', { vmid });
    await server.decide(jobId, true);
    await server.stateOf(jobId);
    expect((await server.decide(jobId, true)).error).toMatchObject({ code: 'conflict' });
    // The guest comes back: the approval does not.
    server.sim.cluster.vm(vmid, { name: `victim-${vmid}`, status: 'stopped' });
    const again = await server.call('delete_vm', { vmid });
    expect(again.output['status']).toBe('awaiting_approval');
    expect(exists()).toBe(true);
  });

  test('other arguments need an approval of their own', async () => {
    const approved = await server.ask('delete_vm', { vmid });
    const other = await server.ask('delete_vm', { vmid, purge: true });
    expect(other).not.toBe(approved);
    await server.decide(approved, true);
    await server.stateOf(approved);
    expect(await server.stateOf(other)).toBe('awaiting_approval');
  });

  test('another VM needs an approval of its own', async () => {
    const other = (nextId += 1);
    server.sim.cluster.vm(other, { status: 'stopped' });
    const jobId = await server.ask('delete_vm', { vmid });
    const foreign = await server.ask('delete_vm', { vmid: other });
    await server.decide(jobId, true);
    await server.stateOf(jobId);
    expect(await server.stateOf(foreign)).toBe('awaiting_approval');
    expect(exists(other)).toBe(true);
  });

  test.each([
    ['delete_vm', 'stopped', {}],
    ['reset_vm', 'running', { reason: 'approval_stale' }],
  ] as const)('a VM that was replaced meanwhile is not touched by %s', async (name, status, details) => {
    server.sim.cluster.vm(vmid, { status });
    const jobId = await server.ask(name, { vmid });
    server.sim.cluster.vm(vmid, {
      config: { vmgenid: 'aaaaaaaa-0000-4000-8000-000000000001', smbios1: 'uuid=aaaaaaaa-0000-4000-8000-000000000002' },
    });
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('failed');
    const job = known(await server.product.jobs.get(jobId));
    expect(job.error).toMatchObject({ code: 'conflict', details });
    expect(job.effect).toBe('none');
    expect(exists()).toBe(true);
    expect(server.writes()).toEqual([]);
  });

  test('a container that was changed meanwhile is not touched', async () => {
    const id = (nextId += 1);
    server.sim.cluster.container(id, { name: 'box', status: 'stopped' });
    const jobId = await server.ask('delete_container', { selector: String(id) });
    server.sim.cluster.container(id, { disks: { rootfs: 'ceph:9G' } });
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('failed');
    expect(exists(id)).toBe(true);
  });

  test('a guest that came to be under the id of a new one is not replaced', async () => {
    const id = (nextId += 1);
    const jobId = await server.ask('restore_backup', { archive: backupOf(101), vmid: id });
    server.sim.cluster.vm(id, { status: 'stopped', name: 'newcomer' });
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('failed');
    expect(server.sim.cluster.guest(id)?.config['name']).toBe('newcomer');
  });

  test('a snapshot that was taken anew under the same name is not gone back to', async () => {
    server.sim.cluster.snapshot(vmid, 'good');
    const jobId = await server.ask('rollback_snapshot', { vmid, snapname: 'good' });
    const [snapshot] = known(server.sim.cluster.guest(vmid)).snapshots;
    Object.assign(known(snapshot), { snaptime: known(snapshot).snaptime + 60 });
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('failed');
    expect(known(await server.product.jobs.get(jobId)).error).toMatchObject({ code: 'conflict' });
    expect(server.writes()).toEqual([]);
  });

  test('a VM without ids of its own that was replaced between two steps is not destroyed', async () => {
    const bare = { config: { vmgenid: '', smbios1: '', meta: '' } };
    server.sim.cluster.vm(vmid, { status: 'running', disks: { scsi0: 'local-lvm:1G' }, ...bare });
    const jobId = await server.ask('delete_vm', { vmid, force: true });
    const sees = server.sim.faults.delay('POST /nodes/*/qemu/*/status/stop', 200);
    const stopping = server.product.jobs.subscribe(({ jobId: changed, state }) => {
      if (changed === jobId && state === 'running') server.sim.cluster.vm(vmid, { disks: { scsi0: 'ceph:9G' }, ...bare });
    });
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('failed');
    stopping();
    sees();
    expect(exists()).toBe(true);
  });

  test('an approval that comes too late counts for nothing', async () => {
    const late = await startSecured({ config: ENFORCED });
    try {
      late.sim.cluster.vm(vmid, { status: 'stopped' });
      const jobId = await late.ask('delete_vm', { vmid });
      late.forward(10 * MINUTE + 1);
      expect((await late.decide(jobId, true)).error).toMatchObject({ code: 'conflict' });
      expect(late.sim.cluster.guest(vmid)).toBeDefined();
      expect(await late.product.approvals.waiting()).toEqual([]);
    } finally {
      await late[Symbol.asyncDispose]();
    }
  });

  test('a job that was tampered with in the store after the question is not sent', async () => {
    for (const tamper of [
      (job: Record<string, unknown>) => ({
        ...job,
        input: JSON.stringify({ ...(JSON.parse(String(job['input'])) as object), purge: true }),
      }),
      (job: Record<string, unknown>) => ({ ...job, principal_id: 'key:somebody-else' }),
    ]) {
      const jobId = await server.ask('delete_vm', { vmid, destroy_unreferenced_disks: nextId % 2 === 0 });
      rewrite(jobId, tamper);
      await server.decide(jobId, true);
      expect(await server.stateOf(jobId)).toBe('failed');
      expect(known(await server.product.jobs.get(jobId)).lastError).toContain('not what was approved');
      expect(exists()).toBe(true);
      nextId += 1;
    }
  });

  test('a job that was set to ready in the store without a decision is not sent', async () => {
    const jobId = await server.ask('delete_vm', { vmid });
    // As if its server had died, so that another one takes the job over.
    rewrite(jobId, (job) => ({ ...job, state: 'ready', owner: 'gone' }));
    await expect.poll(async () => (await server.product.jobs.get(jobId))?.state, { timeout: 30_000 }).toBe('failed');
    expect(known(await server.product.jobs.get(jobId)).lastError).toBe('Nobody has approved this job.');
    expect(exists()).toBe(true);
  }, 60_000);

  test('a credential without the scope to approve decides nothing, the caller own one included', async () => {
    const caller = key('agent', ['operate', 'destroy'], 'mcp-http');
    const jobId = await server.ask('delete_vm', { vmid }, { principal: caller, canAskCaller: true });
    for (const by of [caller, { ...caller, surface: 'http' as const }, key('other', ['read', 'operate', 'destroy', 'execute'])]) {
      expect((await server.decide(jobId, true, by)).error).toMatchObject({ code: 'denied' });
    }
    expect(await server.product.approvals.questionOf(jobId, caller)).toBeNull();
    expect(exists()).toBe(true);
  });

  test('an approval for what is not what was looked at is refused', async () => {
    const jobId = await server.ask('delete_vm', { vmid });
    await expect(
      server.product.approvals.decide(jobId, PERSON, { approve: true, reason: null, hash: 'sha256:other' }),
    ).rejects.toMatchObject({ code: 'conflict' });
    expect(await server.stateOf(jobId)).toBe('awaiting_approval');
  });

  test('two replicas that decide at the same moment decide once', async () => {
    const other = await startSecured({ config: ENFORCED, beside: server });
    try {
      const jobId = await server.ask('delete_vm', { vmid });
      const [approved, refused] = await Promise.all([server.decide(jobId, true), other.decide(jobId, false)]);
      expect([approved.error, refused.error].filter((error) => error === undefined)).toHaveLength(1);
      const state = await server.stateOf(jobId);
      expect(state).toBe(approved.error ? 'rejected' : 'succeeded');
      expect(exists()).toBe(approved.error !== undefined);
      expect(server.writes().filter((write) => write.startsWith('DELETE')).length).toBe(approved.error ? 0 : 1);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });

  test('two replicas that approve and cancel at the same moment do one of the two, and send once at most', async () => {
    const other = await startSecured({ config: ENFORCED, beside: server });
    try {
      const jobId = await server.ask('delete_vm', { vmid });
      const answers = await Promise.all([
        server.decide(jobId, true),
        other.decide(jobId, true),
        other.call('cancel_job', { job_id: jobId }),
      ]);
      expect(answers.slice(0, 2).filter(({ error }) => error === undefined).length).toBeLessThanOrEqual(1);
      const state = await server.stateOf(jobId);
      expect(['succeeded', 'cancelled']).toContain(state);
      expect(exists()).toBe(state === 'cancelled');
      expect(server.writes().filter((write) => write.startsWith('DELETE /nodes/pve1/qemu')).length).toBe(state === 'cancelled' ? 0 : 1);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });

  test('the policy of another day approves nothing', async () => {
    const jobId = await server.ask('delete_vm', { vmid });
    rewrite(jobId, (job) => ({
      ...job,
      approval: JSON.stringify({ ...(JSON.parse(String(job['approval'])) as object), policy_version: 'sha256:old' }),
    }));
    await server.decide(jobId, true);
    expect(await server.stateOf(jobId)).toBe('failed');
    expect(exists()).toBe(true);
  });

  test('questions are capped, waiting and within an hour', async () => {
    const capped = await startSecured({ config: { ...ENFORCED, approvals: { waiting_per_principal: 2, asked_per_hour: 3 } } });
    try {
      for (const id of [1, 2, 3, 4, 5, 6]) capped.sim.cluster.vm(8000 + id, { status: 'stopped' });
      const first = await capped.ask('delete_vm', { vmid: 8001 });
      await capped.ask('delete_vm', { vmid: 8002 });
      expect((await capped.call('delete_vm', { vmid: 8003 })).error).toMatchObject({
        code: 'rate_limited',
        details: { reason: 'approval_fatigue' },
      });
      await capped.decide(first, false);
      await capped.ask('delete_vm', { vmid: 8003 });
      await capped.call('cancel_job', { job_id: known((await capped.product.approvals.waiting())[0]).jobId });
      expect((await capped.call('delete_vm', { vmid: 8004 })).error).toMatchObject({ code: 'rate_limited' });
      // Another caller is not held up by the first, and its calls at the same moment see each other.
      const others = { principal: key('many', ['destroy', 'operate']) };
      const outcomes = await Promise.all([8001, 8003, 8005, 8006].map((vmid) => capped.call('delete_vm', { vmid }, others)));
      expect(outcomes.filter(({ error }) => error?.code === 'rate_limited')).toHaveLength(2);
      await capped.ask('delete_vm', { vmid: 8004 }, { principal: key('ci', ['destroy', 'operate']) });
    } finally {
      await capped[Symbol.asyncDispose]();
    }
  });
});

test('questions are counted over all servers that share the store, those of before a start included', async () => {
  const config = { ...ENFORCED, approvals: { asked_per_hour: 3 } };
  await using first = await startSecured({ config });
  for (const id of [8001, 8002, 8003, 8004]) first.sim.cluster.vm(id, { status: 'stopped' });
  await first.decide(await first.ask('delete_vm', { vmid: 8001 }), false);
  const second = await startSecured({ config, beside: first });
  try {
    await second.ask('delete_vm', { vmid: 8002 });
    const heard = new Set<string>();
    second.product.jobs.subscribe(({ jobId }) => heard.add(jobId));
    const third = await first.ask('delete_vm', { vmid: 8003 });
    await expect.poll(() => heard.has(third), { timeout: 10_000 }).toBe(true);
    expect((await second.call('delete_vm', { vmid: 8004 })).error).toMatchObject({
      code: 'rate_limited',
      details: { reason: 'approval_fatigue' },
    });
  } finally {
    await second[Symbol.asyncDispose]();
  }
});

describe('four eyes', () => {
  let strict: Secured;
  beforeAll(async () => {
    strict = await startSecured({ config: { policy: { four_eyes: ['destroy'] } } });
    strict.sim.cluster.vm(8900, { status: 'stopped' });
  });
  afterAll(() => strict[Symbol.asyncDispose]());

  test('the caller cannot approve, whatever its scopes and wherever it comes in', async () => {
    const admin = key('admin', ['admin']);
    const jobId = await strict.ask('delete_vm', { vmid: 8900 }, { principal: admin, canAskCaller: true });
    expect(await strict.product.approvals.questionOf(jobId, admin)).toBeNull();
    for (const surface of ['http', 'cli', 'mcp-http'] as const)
      expect((await strict.decide(jobId, true, { ...admin, surface })).error?.code).toBe('denied');
    expect(strict.sim.cluster.guest(8900)).toBeDefined();
    expect((await strict.decide(jobId, true)).error).toBeUndefined();
    expect(await strict.stateOf(jobId)).toBe('succeeded');
  });

  test('the local user of a client is the local user at the terminal', async () => {
    strict.sim.cluster.vm(8901, { status: 'stopped' });
    const jobId = await strict.ask('delete_vm', { vmid: 8901 });
    expect((await strict.decide(jobId, true, localPrincipal('cli'))).error?.code).toBe('denied');
  });
});

test('every question, answer, intent and outcome is in the account, which verifies', async () => {
  const jobId = await server.ask('delete_vm', { vmid });
  await server.decide(jobId, true);
  await server.stateOf(jobId);
  await expect
    .poll(() =>
      server
        .audit()
        .filter((record) => record.job_id === jobId)
        .map(({ event }) => event),
    )
    .toEqual(['decision', 'approval', 'intent', 'outcome']);
  const [decision, approval] = server.audit().filter((record) => record.job_id === jobId);
  expect(decision).toMatchObject({
    principal: 'local',
    surface: 'mcp-stdio',
    operation: 'delete_vm',
    facts: { effect: 'ask', code: 'OP_POLICY_APPROVAL_REQUIRED' },
  });
  expect(approval).toMatchObject({
    principal: 'key:officer',
    surface: 'http',
    facts: { approve: true, asked_by: 'local', hash: decision?.facts?.['hash'] },
  });
  expect((await verifyAudit(join(server.folder, 'audit'))).findings).toEqual([]);
});

/** Changes the row of a job behind the server's back. */
function rewrite(jobId: string, change: (job: Record<string, unknown>) => Record<string, unknown>): void {
  const database = new DatabaseSync(join(server.folder, 'jobs.sqlite3'), { timeout: 5000 });
  try {
    const job = database.prepare('SELECT * FROM jobs WHERE job_id = ?').get(jobId) as Record<string, unknown>;
    const changed = change(job);
    const columns = Object.keys(changed).filter((column) => changed[column] !== job[column]);
    const changeable = columns.map((column) => changed[column]) as (string | number | null)[];
    database.prepare(`UPDATE jobs SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE job_id = ?`).run(...changeable, jobId);
  } finally {
    database.close();
  }
}

function backupOf(id: number): string {
  const volid = server.sim.cluster.backup(id);
  return typeof volid === 'string' ? volid : (volid as { volid: string }).volid;
}
