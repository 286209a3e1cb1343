import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashKey } from '../../src/http/keyring.ts';
import { startService, type Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

async function answer(response: Response): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

test('a read answers 200 with the structured result', async () => {
  const { status, body } = await answer(await service.post('/get_nodes'));
  expect(status).toBe(200);
  expect(body['nodes']).toContainEqual(expect.objectContaining({ node: 'pve1', status: 'online' }));
});

test('a write answers 202 and says where its job is', async () => {
  const { status, headers, body } = await answer(await service.post('/create_backup', { vmid: 101, storage: 'nfs-backup' }));
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/jobs/${String(body['job_id'])}`);
  expect(headers.get('retry-after')).toBe('2');
  const job = await answer(await service.ask(headers.get('location') ?? ''));
  expect(job.body).toMatchObject({ job_id: body['job_id'], tool_name: 'create_backup' });
});

test('a write that has nothing to do answers 200 and makes no job', async () => {
  service.sim.cluster.vm(101, { status: 'running' });
  const { status, body } = await answer(await service.post('/start_vm', { vmid: 101 }));
  expect(status).toBe(200);
  expect(body).toMatchObject({ status: 'unchanged', job_id: null, effect: 'none' });
});

test.each([
  ['Prefer: wait', {}, { prefer: 'respond-async, wait=30' }, 'wait=30'],
  ['wait_seconds', { wait_seconds: 30 }, { prefer: 'wait=1' }, null],
])('%s waits for the end of the job', async (_name, more, headers, applied) => {
  service.sim.cluster.vm(103, { status: 'stopped' });
  const response = await answer(await service.post('/start_vm', { vmid: 103, ...more }, headers));
  expect(response.status).toBe(200);
  expect(response.body).toMatchObject({ status: 'completed', effect: 'applied' });
  expect(response.headers.get('preference-applied')).toBe(applied);
});

test('a job that fails is no failed call', async () => {
  service.sim.cluster.vm(103, { status: 'stopped' });
  const restore = service.sim.faults.failTask('qmstart', 'start failed: out of luck', { times: 1 });
  const { status, body } = await answer(await service.post('/start_vm', { vmid: 103 }, { prefer: 'wait=30' }));
  restore();
  expect(status).toBe(200);
  expect(body).toMatchObject({ status: 'failed' });
});

test('the same key with the same body is the same job, and with another body an error', async () => {
  const key = { 'idempotency-key': 'nightly-2026-11-20' };
  const first = await answer(await service.post('/create_backup', { vmid: 102, storage: 'nfs-backup' }, key));
  const again = await answer(await service.post('/create_backup', { vmid: 102, storage: 'nfs-backup' }, { ...key, prefer: 'wait=30' }));
  expect(first.headers.has('idempotency-replayed')).toBe(false);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.body['job_id']).toBe(first.body['job_id']);
  const other = await answer(await service.post('/create_backup', { vmid: 103, storage: 'nfs-backup' }, key));
  expect(other.status).toBe(422);
  expect(other.body).toMatchObject({ code: 'invalid_input', details: { code: 'idempotency_key_reused', job_id: first.body['job_id'] } });
});

test.each([['a\u00e4'], ['x'.repeat(201)]])('an idempotency key that is not plain and short is refused', async (key) => {
  const { status, body } = await answer(
    await service.post('/create_backup', { vmid: 102, storage: 'nfs-backup' }, { 'idempotency-key': key }),
  );
  expect(status).toBe(422);
  expect(body['detail']).toMatchObject([{ loc: ['header', 'Idempotency-Key'] }]);
});

test('a second write on a guest is told which job holds it', async () => {
  service.sim.cluster.vm(104, { status: 'stopped' });
  // As long as nobody can see how the first one ends, it holds the guest.
  const restore = service.sim.faults.respond('GET /nodes/*/tasks/*/status', { status: 595, reason: 'No route to host' });
  const first = await answer(await service.post('/start_vm', { vmid: 104 }));
  const second = await answer(await service.post('/create_snapshot', { vmid: 104, snapname: 'between' }));
  restore();
  expect(second.status).toBe(409);
  expect(second.headers.get('content-type')).toBe('application/problem+json');
  expect(second.body).toMatchObject({ code: 'conflict', effect: 'none', status: 409, details: { job_id: first.body['job_id'] } });
});

test('an error tells its code, hint, effect and the id of the request', async () => {
  const { status, headers, body } = await answer(await service.post('/start_vm', { vmid: 999 }, { 'x-request-id': 'my-request-1' }));
  expect(status).toBe(404);
  expect(headers.get('x-request-id')).toBe('my-request-1');
  expect(body).toMatchObject({ code: 'not_found', effect: 'none', request_id: 'my-request-1' });
  expect(body['hint']).toBeTypeOf('string');
});

test('a request id that could forge log lines is replaced', async () => {
  const { headers } = await answer(await service.post('/get_nodes', {}, { 'x-request-id': 'a b" c' }));
  expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test.each([
  ['a body that is no JSON', '{"vmid": ', 'json_invalid'],
  ['a body that is nested too deeply', `${'['.repeat(40)}${']'.repeat(40)}`, 'json_too_deep'],
  ['a body that is a list', '[1]', 'value_error'],
])('%s is refused as invalid', async (_name, body, type) => {
  const { status, body: problem } = await answer(await service.ask('/start_vm', { method: 'POST', body }));
  expect(status).toBe(422);
  expect(problem['detail']).toMatchObject([{ type }]);
});

test('a body that claims to be a form is read as the JSON it is', async () => {
  const response = await service.ask('/get_node_status', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: '{"node":"pve1"}',
  });
  expect(response.status).toBe(200);
});

test('misspelt arguments of the tools of old are named in the answer', async () => {
  const { body } = await answer(await service.post('/get_nodes', { forse: true }));
  expect(body['ignored_arguments']).toEqual(['forse']);
});

test('a job can be cancelled, retried and shown by its routes', async () => {
  const started = await answer(await service.post('/create_backup', { vmid: 100, storage: 'nfs-backup' }));
  const path = `/jobs/${String(started.body['job_id'])}`;
  const cancelled = await answer(await service.post(`${path}/cancel`));
  expect(cancelled.status).toBe(202);
  expect(cancelled.headers.get('location')).toBe(path);
  const ended = await answer(await service.post(`${path}/poll`, undefined, { prefer: 'wait=30' }));
  expect(ended.body['status']).toBe('cancelled');
  expect(service.sim.requests.count('DELETE /nodes/*/tasks/*')).toBe(1);
  expect(service.sim.requests.count('POST /nodes/*/tasks/**')).toBe(0);
  const retried = await answer(await service.post(`${path}/retry`, {}));
  expect(retried.status).toBe(202);
  expect(retried.body).toMatchObject({ job_id: started.body['job_id'], retry_count: 1 });
  const over = await answer(await service.post(`${path}/poll`, undefined, { prefer: 'wait=30' }));
  expect(over.body).toMatchObject({ status: 'completed', retry_count: 1 });
});

test('where nothing can be audited, writes answer 503 and say that nothing was sent', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'proxmox-http-audit-'));
  writeFileSync(join(folder, 'audit'), 'a file where a folder is wanted');
  await using own = await startService({ config: { audit: { folder: join(folder, 'audit') } } });
  own.sim.cluster.vm(101, { status: 'stopped' });
  const { status, body } = await answer(await own.post('/start_vm', { vmid: 101 }));
  rmSync(folder, { recursive: true, force: true });
  expect(status).toBe(503);
  expect(body).toMatchObject({ effect: 'none', details: { reason: 'audit_unavailable' } });
  expect(own.sim.requests.count('POST /nodes/**')).toBe(0);
  expect((await own.post('/get_nodes')).status).toBe(200);
});

describe('jobs over HTTP', () => {
  test('are read through the same door as everywhere: by the policy, and with an account of what is refused', async () => {
    await using strict = await startService({
      config: {
        policy: { rules: [{ effect: 'deny', toolsets: ['jobs'], principals: ['key:agent'] }] },
        keys: [
          { name: 'agent', hash: hashKey('agent-key-agent-key'), scopes: ['read'] },
          { name: 'other', hash: hashKey('other-key-other-key'), scopes: ['read'] },
        ],
      },
    });
    for (const path of ['/jobs', '/jobs/x', '/events', '/jobs/x/events']) {
      expect((await strict.ask(path, { key: 'agent-key-agent-key' })).status, path).toBe(403);
    }
    expect((await strict.ask('/jobs', { key: 'other-key-other-key' })).status).toBe(200);
    expect((await strict.ask('/delete_vm', { key: 'other-key-other-key', method: 'POST', body: '{"vmid":101}' })).status).toBe(403);
    const refused = (await strict.audit()).filter(({ facts }) => facts?.['effect'] === 'deny');
    expect(refused.map(({ principal, operation, facts }) => [principal, operation, facts?.['code']])).toEqual([
      ...['list_jobs', 'get_job', 'list_jobs', 'get_job'].map((operation) => ['key:agent', operation, 'OP_POLICY_DENIED']),
      ['key:other', 'delete_vm', 'OP_POLICY_SCOPE'],
    ]);
  });
});
