import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ENFORCED, key, startSecured } from './secured.ts';

const WITHIN_MS = 2000;

describe('an account that cannot be written', () => {
  test('from the beginning refuses every write before anything is sent, and reads go on', async () => {
    await using server = await startSecured({ config: { audit: { folder: '/dev/null/audit' } } });
    server.sim.cluster.vm(8001, { status: 'stopped' });
    for (const [name, args] of [
      ['start_vm', { vmid: 8001 }],
      ['delete_vm', { vmid: 8001 }],
      ['create_vm', { node: 'pve1', name: 'x', cpus: 1, memory: 512, disk_size: 1 }],
    ] as const) {
      const started = performance.now();
      const { error } = await server.call(name, args);
      expect(error).toMatchObject({ code: 'internal', effect: 'none', details: { reason: 'audit_unavailable' } });
      expect(performance.now() - started).toBeLessThan(WITHIN_MS);
    }
    expect(server.writes()).toEqual([]);
    expect((await server.product.jobs.list({ limit: 10 })).jobs).toEqual([]);
    expect((await server.call('get_vms')).error).toBeUndefined();
    expect((await server.call('list_jobs')).error).toBeUndefined();
    expect((await server.call('start_vm', { vmid: 8001, dry_run: true })).error).toBeUndefined();
  });

  test('any longer lets nothing be approved, cancelled or sent; a refusal stands', async () => {
    await using server = await startSecured({ config: ENFORCED });
    for (const vmid of [8001, 8002]) server.sim.cluster.vm(vmid, { status: 'stopped' });
    const [first, second] = [await server.ask('delete_vm', { vmid: 8001 }), await server.ask('delete_vm', { vmid: 8002 })];
    rmSync(join(server.folder, 'audit'), { recursive: true });
    writeFileSync(join(server.folder, 'audit'), '');
    expect((await server.decide(first, true)).error).toMatchObject({ code: 'internal', details: { reason: 'audit_unavailable' } });
    expect(await server.stateOf(first)).toBe('awaiting_approval');
    expect((await server.call('cancel_job', { job_id: first })).error?.details['reason']).toBe('audit_unavailable');
    expect((await server.decide(second, false)).output).toEqual({ state: 'rejected' });
    expect((await server.call('start_vm', { vmid: 8001 })).error?.details['reason']).toBe('audit_unavailable');
    expect(server.writes()).toEqual([]);
    expect((await server.call('get_vms')).error).toBeUndefined();
  });

  test('does not keep policy from refusing', async () => {
    await using server = await startSecured({ config: { audit: { folder: '/dev/null/audit' }, policy: { read_only: true } } });
    const { error } = await server.call('start_vm', { vmid: 105 }, { principal: key('ci', ['operate']) });
    expect(error).toMatchObject({ code: 'denied', details: { policy: 'OP_POLICY_READ_ONLY' } });
  });
});
