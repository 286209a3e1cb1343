import { afterEach, expect, test } from 'vitest';
import { hashKey } from '../../src/http/keyring.ts';
import { readEvents, type ReceivedEvent } from './read-events.ts';
import { KEY, startService, type Service } from './service.ts';

const AGENT = 'key-of-an-agent';
const PERSON = 'key-of-a-person';
const KEYS = [
  { name: 'agent', hash: hashKey(AGENT), scopes: ['admin'] },
  { name: 'person', hash: hashKey(PERSON), scopes: ['read', 'approve'] },
];

let service: Service;
afterEach(() => service.close());

async function ask(path: string, body?: unknown, key = AGENT): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await service.ask(path, { key, ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
async function documentedPaths(): Promise<readonly string[]> {
  return Object.keys((await ask('/openapi.json')).body['paths'] as object);
}

test('a key that asked over HTTP cannot approve there, though it may do everything; it can refuse', async () => {
  service = await startService({ config: { policy: { high_risk: { mode: 'enforce' } }, keys: KEYS } });
  service.sim.cluster.vm(7002, { status: 'stopped' });
  const { job_id: jobId } = (await ask('/delete_vm', { vmid: 7002 })).body;
  const own = await ask(`/jobs/${String(jobId)}/decision`, { approve: true });
  expect(own).toMatchObject({ status: 403, body: { code: 'denied' } });
  expect(service.sim.cluster.guest(7002)).toBeDefined();
  expect((await ask(`/jobs/${String(jobId)}/decision`, { approve: false })).body).toMatchObject({ status: 'rejected' });

  const { job_id: other } = (await ask('/delete_vm', { vmid: 7002, purge: true })).body;
  expect((await ask(`/jobs/${String(other)}/decision`, { approve: true }, PERSON)).status).toBe(202);
  expect((await ask('/poll_job', { job_id: other, wait_seconds: 30 })).body).toMatchObject({ status: 'completed' });
});

test('a toolset that is off, and an operation that a rule denies, are off on every route that shows the same', async () => {
  service = await startService({ config: { policy: { toolsets_off: ['jobs'] }, keys: KEYS } });
  expect((await documentedPaths()).filter((path) => /job|events/.test(path))).toEqual(['/jobs/{job_id}/decision']);
  for (const path of ['/jobs', '/jobs/x', '/jobs/x/events', '/events']) expect((await ask(path)).status, path).toBe(403);
  for (const path of ['/list_jobs', '/get_job', '/jobs/x/poll', '/jobs/x/cancel', '/jobs/x/retry'])
    expect((await ask(path, path === '/get_job' ? { job_id: 'x' } : {})).status, path).toBe(403);
});

test('a read-only server shows no route that writes, and refuses each', async () => {
  service = await startService({ config: { policy: { read_only: true }, keys: KEYS } });
  const shown = await documentedPaths();
  expect(shown).toEqual(expect.arrayContaining(['/get_vms', '/jobs', '/jobs/{job_id}', '/events']));
  expect(shown.filter((path) => /^\/(?:create|delete|start|stop|write|execute|cancel|retry|resolve)_|cancel$|retry$/.test(path))).toEqual(
    [],
  );
  for (const path of ['/start_vm', '/delete_vm', '/jobs/x/cancel', '/jobs/x/retry'])
    expect((await ask(path, path.startsWith('/jobs') ? {} : { vmid: 105 })).body, path).toMatchObject({
      details: { policy: 'OP_POLICY_READ_ONLY' },
    });
});

test.each([
  ['the job', async (jobId: string) => (await service.ask(`/jobs/${jobId}`, { key: AGENT })).text()],
  ['the list of jobs', async () => (await service.ask('/jobs', { key: AGENT })).text()],
  ['the stream of the job', async (jobId: string) => (await service.ask(`/jobs/${jobId}/events`, { key: AGENT })).text()],
  ['the stream of all jobs', (_jobId: string, all: Promise<readonly ReceivedEvent[]>) => all],
])('who reads what a command printed in %s needs an approval for what destroys', async (what, read) => {
  service = await startService({
    config: { policy: { rules: [{ effect: 'allow', risks: ['destroy'] }], commands: { mode: 'audit_only' } }, keys: KEYS },
  });
  service.sim.cluster.vm(7003, { status: 'running', agent: true });
  service.sim.cluster.vm(7004, { status: 'stopped' });
  const isAll = what === 'the stream of all jobs';
  const all = isAll
    ? readEvents(await service.ask('/events', { key: AGENT }), (events) => events.some(({ data }) => data['status'] === 'completed'))
    : Promise.resolve([]);
  const decision = async (): Promise<unknown> =>
    ((await ask('/delete_vm', { vmid: 7004, dry_run: true })).body['result'] as Record<string, unknown>)['decision'];
  expect(await decision()).toMatchObject({ effect: 'allow' });
  const made = await ask('/execute_vm_command', { vmid: 7003, command: 'uptime', wait_seconds: 30 }, KEY);
  expect(made.status).toBe(200);
  if (!isAll) expect(await decision()).toMatchObject({ effect: 'allow' });
  await read(String(made.body['job_id']), all);
  expect(await decision()).toMatchObject({ effect: 'ask' });
});

test('a file of credentials is not read from a guest', async () => {
  service = await startService({ config: { keys: KEYS } });
  service.sim.cluster.vm(7006, { status: 'running', agent: true });
  const read = async (path: string): Promise<unknown> => (await ask('/read_guest_file', { vmid: 7006, path })).body;
  expect(await read('/etc/shadow')).toMatchObject({ code: 'denied', details: { cause: 'built-in-denial' } });
  expect(await read('/etc/hosts')).not.toMatchObject({ code: 'denied' });
});
