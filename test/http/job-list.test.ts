import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startService, type Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

test('a list of jobs is one question to the store', async () => {
  const list = vi.spyOn(service.product.jobs, 'list');
  expect((await service.ask('/jobs?limit=5')).status).toBe(200);
  expect(list.mock.calls).toEqual([[{ limit: 5 }]]);
  list.mockRestore();
});

test('whoever may not list jobs is told so before the store is asked, and the refusal is counted', async () => {
  await using other = await startService({ config: { policy: { rules: [{ operations: ['list_jobs'], effect: 'deny' }] } } });
  const list = vi.spyOn(other.product.jobs, 'list');
  expect((await other.ask('/jobs')).status).toBe(403);
  expect((await other.ask('/events')).status).toBe(403);
  expect(list).not.toHaveBeenCalled();
  list.mockRestore();
  expect(await (await other.ask('/metrics')).text()).toMatch(/^proxmox_mcp_tool_calls_total\{tool="list_jobs",status="denied"\} 2$/m);
});

test.each([
  ['/jobs?cursor=nonsense', ['query', 'cursor']],
  ['/jobs?limit=many', ['query', 'limit']],
  ['/jobs?status=nosuch', ['query', 'status']],
])('what is wrong in the query of %s is located there', async (path, loc) => {
  const response = await service.ask(path);
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ detail: [{ loc }], code: 'invalid_input', effect: 'none' });
});

test.each([
  ['GET', ''],
  ['GET', '/events'],
  ['POST', '/poll'],
  ['POST', '/cancel'],
  ['POST', '/retry'],
])('an id that none can be is located in the path: %s /jobs/…%s', async (method, action) => {
  const response = await service.ask(`/jobs/${'x'.repeat(2000)}${action}`, { method });
  expect(await response.json()).toMatchObject({ detail: [{ loc: ['path', 'job_id'] }] });
  expect(response.status).toBe(422);
});
