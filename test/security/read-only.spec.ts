import { expect, test } from 'vitest';
import { PERSON, known, startSecured, type Secured } from './secured.ts';

const ASKING = { rules: [{ effect: 'ask' as const, operations: ['start_vm', 'delete_vm'] }] };
const WAIT = { timeout: 30_000 };

/** A server that asked a person, and stopped before anybody answered; what it left is beside the next one. */
async function stopped(vmid: number, name = 'start_vm'): Promise<{ first: Secured; jobId: string }> {
  const first = await startSecured({ config: { policy: ASKING } });
  first.sim.cluster.vm(vmid, { status: 'stopped' });
  const jobId = await first.ask(name, { vmid });
  await first.product.jobs.close();
  return { first, jobId };
}

test('a read-only server sends nothing of what it takes over, says why it waits, and leaves it to a server that may', async () => {
  const { first, jobId } = await stopped(8001);
  await using _world = first;
  await using reader = await startSecured({ config: { policy: { ...ASKING, read_only: true } }, beside: first });
  await reader.product.approvals.decide(jobId, PERSON, { approve: true, reason: null });
  await expect.poll(async () => (await reader.call('get_job', { job_id: jobId })).output['phase'], WAIT).toBe('server_read_only');
  const { output, text } = await reader.call('list_jobs');
  expect(output['jobs']).toMatchObject([{ job_id: jobId, status: 'running', phase: 'server_read_only', effect: 'none' }]);
  expect(text).toContain('(server_read_only)');
  expect(reader.writes()).toEqual([]);

  await using writer = await startSecured({ config: { policy: ASKING }, beside: first });
  await expect.poll(async () => (await writer.product.jobs.get(jobId))?.state, WAIT).toBe('succeeded');
  expect(known(await writer.product.jobs.get(jobId))).toMatchObject({ phase: null, lastError: null, effect: 'applied' });
  expect(writer.writes()).toEqual(['POST /nodes/pve1/qemu/8001/status/start']);
  const left = (await writer.product.jobs.events(jobId)).filter(({ event }) => event === 'left_ready');
  expect(left).toMatchObject([{ details: { reason: 'The server is read-only: another one has to send this.' } }]);
}, 90_000);

test('a read-only server lets what nobody approved expire', async () => {
  const { first, jobId } = await stopped(8001);
  await using _world = first;
  await using reader = await startSecured({ config: { policy: { ...ASKING, read_only: true } }, beside: first });
  reader.forward(11 * 60_000);
  await expect.poll(async () => (await reader.product.jobs.get(jobId))?.state, WAIT).toBe('expired');
  expect(reader.writes()).toEqual([]);
}, 90_000);
