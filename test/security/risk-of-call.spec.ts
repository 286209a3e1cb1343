import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ENFORCED, key, known, startSecured, type Secured } from './secured.ts';

let server: Secured;
let archive = '';
let vmid = 9000;
beforeAll(async () => {
  server = await startSecured({ config: ENFORCED });
  archive = server.sim.cluster.backup(105, { storage: 'nfs-backup' }).volid;
});
beforeEach(() => {
  vmid += 1;
  server.sim.requests.clear();
});
afterAll(() => server[Symbol.asyncDispose]());

const OPERATOR = key('operator', ['read', 'operate']);

describe('restore_backup', () => {
  test('to a free id makes a guest and loses nothing: nobody is asked, and who may operate may do it', async () => {
    const { output, error } = await server.call('restore_backup', { archive, vmid, wait_seconds: 20 }, { principal: OPERATOR });
    expect(error).toBeUndefined();
    expect(output).toMatchObject({ status: 'completed', result: { vmid } });
  });

  test('over a guest destroys it: a person is asked, who reads what is lost', async () => {
    server.sim.cluster.vm(vmid, { name: 'old', node: 'pve1', status: 'stopped' });
    const jobId = await server.ask('restore_backup', { archive, vmid, overwrite: true });
    const question = (known(known(await server.product.jobs.get(jobId)).approval)['question'] as string[]).join('\n');
    expect(question).toContain('restore_backup (risk: destroy)');
    expect(question).toContain('Lost for ever: The guest that has the id now');
    expect(server.writes()).toEqual([]);
  });

  test('over a guest is refused to who may only operate, before anything is read', async () => {
    const { error } = await server.call('restore_backup', { archive, vmid: 105, overwrite: true, dry_run: true }, { principal: OPERATOR });
    expect(error).toMatchObject({ code: 'denied', details: { policy: 'OP_POLICY_SCOPE', needed_scope: 'destroy' } });
    expect(error?.message).toBe('restore_backup with these arguments needs the scope destroy, which the caller does not have.');
    expect(server.sim.requests.list()).toEqual([]);
  });
});

describe('create_backup', () => {
  const backup = { vmid: 105, storage: 'nfs-backup' };

  test('of a running guest, in mode snapshot, asks nobody', async () => {
    const { output } = await server.call('create_backup', { ...backup, wait_seconds: 20 }, { principal: OPERATOR });
    expect(output['status']).toBe('completed');
  });

  test.each(['stop', 'suspend'])('in mode %s interrupts the guest, and a person is asked before', async (mode) => {
    const jobId = await server.ask('create_backup', { ...backup, mode }, { principal: OPERATOR });
    expect(JSON.stringify(known(await server.product.jobs.get(jobId)).approval)).toContain('create_backup (risk: disrupt)');
  });

  test('that prunes removes older backups for ever: that is for who may destroy, and a person is asked', async () => {
    const refused = await server.call('create_backup', { ...backup, prune: true }, { principal: OPERATOR });
    expect(refused.error?.details).toMatchObject({ needed_scope: 'destroy' });
    const jobId = await server.ask('create_backup', { ...backup, prune: true });
    expect(JSON.stringify(known(await server.product.jobs.get(jobId)).approval)).toContain('Lost for ever: Older backups');
  });
});

test('an operation is offered to whoever may do the least of what it can', () => {
  const offered = server.product.dispatcher.offeredTo(OPERATOR).map(({ operation }) => operation.name);
  expect(offered).toEqual(expect.arrayContaining(['restore_backup', 'create_backup']));
  expect(offered).not.toContain('delete_backup');
});

test('what a guest loses by a restore counts among the destroyed, a new guest does not', async () => {
  await using counted = await startSecured({ config: { policy: { limits: { destroyed_per_hour: 1 } } } });
  const { volid } = counted.sim.cluster.backup(105, { storage: 'nfs-backup' });
  counted.sim.cluster.vm(9500, { status: 'stopped', node: 'pve1' });
  for (const id of [9501, 9502]) {
    expect((await counted.call('restore_backup', { archive: volid, vmid: id, wait_seconds: 20 })).output['status']).toBe('completed');
  }
  const over = { archive: volid, overwrite: true, wait_seconds: 20 };
  expect((await counted.call('restore_backup', { ...over, vmid: 9500 })).output['status']).toBe('completed');
  expect((await counted.call('restore_backup', { ...over, vmid: 9501 })).error?.details).toMatchObject({ policy: 'OP_POLICY_LIMIT' });
});
