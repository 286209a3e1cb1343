import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashKey } from '../../src/http/keyring.ts';
import { startService, type Service } from './service.ts';

const AGENT = 'key-of-an-agent';
const PERSON = 'key-of-a-person';
const OPERATOR = 'key-of-an-operator';

let service: Service;
beforeAll(async () => {
  service = await startService({
    config: {
      policy: { high_risk: { mode: 'enforce' } },
      keys: [
        { name: 'agent', hash: hashKey(AGENT), scopes: ['read', 'operate', 'destroy'] },
        { name: 'operator', hash: hashKey(OPERATOR), scopes: ['read', 'operate'] },
        { name: 'person', hash: hashKey(PERSON), scopes: ['read', 'approve'] },
      ],
    },
  });
});
afterAll(() => service.close());

async function send(
  key: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await service.ask(path, { key, method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}
async function askToDestroy(vmid: number): Promise<string> {
  service.sim.cluster.vm(vmid, { status: 'stopped' });
  const { status, headers, body } = await send(AGENT, '/delete_vm', { vmid });
  expect(status).toBe(202);
  expect(body).toMatchObject({ status: 'awaiting_approval', effect: 'none', next: 'approve' });
  expect(headers.get('location')).toBe(`/jobs/${String(body['job_id'])}`);
  return String(headers.get('location'));
}

test('what policy asks about waits, is found by whoever decides, and runs after the approval', async () => {
  const path = await askToDestroy(7002);
  const waiting = (await (await service.ask('/jobs?status=awaiting_approval', { key: PERSON })).json()) as readonly {
    job_id: string;
    approval: { hash: string };
  }[];
  expect(waiting).toHaveLength(1);
  expect(service.sim.requests.count('DELETE /nodes/*/qemu/7002')).toBe(0);
  const decided = await send(PERSON, `${path}/decision`, { approve: true, reason: 'agreed', hash: waiting[0]?.approval.hash });
  expect(decided.status).toBe(202);
  const ended = await send(AGENT, `${path}/poll`, {}, { prefer: 'wait=30' });
  expect(ended.body).toMatchObject({ status: 'completed', approval: { decided_by: 'key:person' } });
  expect(service.sim.requests.count('DELETE /nodes/*/qemu/7002')).toBe(1);
});

test('whoever asked cannot decide, nor can a key without the scope', async () => {
  const path = await askToDestroy(7003);
  const own = await send(AGENT, `${path}/decision`, { approve: true });
  expect(own.status).toBe(403);
  expect(own.body).toMatchObject({ code: 'denied', details: { needed_scope: 'approve' } });
  const refused = await send(PERSON, `${path}/decision`, { approve: false, reason: 'not today' });
  expect(refused.status).toBe(202);
  expect(refused.body).toMatchObject({ status: 'rejected', last_error: 'not today' });
  const late = await send(PERSON, `${path}/decision`, { approve: true });
  expect(late.status).toBe(409);
  expect(late.body).toMatchObject({ status: 'conflict', message: 'Job cannot perform that operation right now' });
});

test('an approval of something else than what was looked at is refused', async () => {
  const path = await askToDestroy(7004);
  const decided = await send(PERSON, `${path}/decision`, { approve: true, hash: 'of-another-request' });
  expect(decided.status).toBe(409);
  expect(service.sim.requests.count('DELETE /nodes/*/qemu/7004')).toBe(0);
});

test.each([[{}], [{ approve: 'yes' }], [{ approve: true, reason: 7 }], [{ approve: true, hash: 7 }]])(
  'a decision that is none is refused: %j',
  async (body) => {
    expect((await send(PERSON, '/jobs/any/decision', body)).status).toBe(404);
    const path = await askToDestroy(7000);
    expect((await send(PERSON, `${path}/decision`, body)).status).toBe(422);
    await send(AGENT, `${path}/cancel`, {});
  },
);

test('retrying a job needs what its operation needs', async () => {
  const path = await askToDestroy(7001);
  await send(AGENT, `${path}/cancel`, {});
  const retried = await send(OPERATOR, `${path}/retry`, {});
  expect(retried.body).toMatchObject({ status: 'forbidden', code: 'denied' });
  expect(retried.status).toBe(403);
});
