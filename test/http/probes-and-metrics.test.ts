import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReadiness } from '../../src/app/readiness.ts';
import { systemClock } from '../../src/domain/clock.ts';
import { JOB_STATES } from '../../src/jobs/job.ts';
import { startService, type Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

/** A simulated clock that does not run away from the one here. */
const UNHURRIED = { speed: 1 };
const ANSWERS = {
  version: async () => ({ version: '9.2', release: '9' }),
  clusterStatus: async () => ({ name: null, quorate: null, nodes: [] }),
};
const hangs = (): Promise<never> => new Promise(() => undefined);
const scrape = async (from: Service): Promise<string> => (await from.ask('/metrics')).text();

test('readiness keeps the fields that dashboards read', async () => {
  await using own = await startService(UNHURRIED);
  const body = (await (await own.ask('/readyz')).json()) as Record<string, unknown>;
  expect(body).toMatchObject({
    status: 'ok',
    connected_to_mcp: true,
    auth: { api_key_configured: true, strict_auth: true },
    rate_limit: { enabled: false, requests_per_minute: 0 },
    jobs: { enabled: true },
    security_warnings: [],
    wrong: [],
  });
  expect(body['uptime_seconds']).toBeTypeOf('number');
});

test('a cluster without quorum is not ready, and that is named', async () => {
  await using own = await startService(UNHURRIED);
  own.sim.faults.loseQuorum();
  const response = await own.ask('/health');
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ status: 'degraded', wrong: ['quorum'] });
});

test('a token that Proxmox does not accept is told apart from Proxmox being away', async () => {
  await using own = await startService();
  own.sim.faults.respond('GET /**', { status: 401, reason: 'No ticket', body: '' });
  const response = await own.ask('/readyz');
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ wrong: ['token'] });
});

test('a token that may not see the cluster is no reason not to be ready', async () => {
  await using own = await startService(UNHURRIED);
  own.sim.faults.respond('GET /cluster/status', { status: 403, reason: 'Permission check failed (/, Sys.Audit)', body: '{"data":null}' });
  const response = await own.ask('/readyz');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    wrong: [],
    checks: expect.arrayContaining([expect.objectContaining({ name: 'quorum', detail: 'The API token may not see it (Sys.Audit on /).' })]),
  });
});

test.each([
  ['proxmox', { version: hangs }],
  ['quorum', { clusterStatus: hangs }],
])('where Proxmox does not answer, readiness says so within its time: %s', async (wrong, hanging) => {
  const check = createReadiness({
    reader: { ...ANSWERS, ...hanging },
    jobs: service.product.jobs,
    clock: { ...systemClock, sleep: async () => undefined },
    serverDate: () => null,
  });
  expect((await check()).filter(({ ok }) => !ok)).toMatchObject([{ name: wrong, detail: 'Proxmox VE does not answer within 8 s.' }]);
});

test('a clock that is off is worth a warning and keeps nothing from working', async () => {
  await using own = await startService();
  const check = createReadiness({
    reader: ANSWERS,
    jobs: own.product.jobs,
    clock: systemClock,
    serverDate: () => ({ date: new Date('2026-11-20T08:05:00Z'), receivedAt: new Date('2026-11-20T08:00:00Z') }),
  });
  expect((await check()).filter(({ ok }) => !ok)).toEqual([
    { name: 'clock', ok: false, required: false, detail: 'The clock of Proxmox VE differs by 300 s from the one here.' },
  ]);
});

test('many probes at once are one look at Proxmox', async () => {
  await using own = await startService();
  await Promise.all(Array.from({ length: 50 }, () => own.ask('/readyz')));
  expect(own.sim.requests.count('GET /version')).toBe(1);
});

test('requests, calls and requests to Proxmox are counted under the names of old and in histograms', async () => {
  await service.post('/get_nodes');
  await service.post('/get_node_status', { node: 'nosuch' });
  await service.ask('/nosuch/with/a/path');
  const text = await scrape(service);
  for (const family of [
    'proxmox_mcp_http_requests_total',
    'proxmox_mcp_http_latency_ms_sum',
    'proxmox_mcp_http_latency_ms_max',
    'proxmox_mcp_http_latency_ms_avg',
  ]) {
    expect(text).toMatch(new RegExp(`^${family}\\{route="/get_nodes",method="POST",status="200"\\} [\\d.e-]+$`, 'm'));
  }
  expect(text).toMatch(/^proxmox_mcp_tool_calls_total\{tool="get_nodes",status="ok"\} 1$/m);
  expect(text).toMatch(/^proxmox_mcp_tool_calls_total\{tool="get_node_status",status="not_found"\} 1$/m);
  expect(text).toMatch(/^proxmox_mcp_tool_latency_ms_max\{tool="get_nodes",status="ok"\} /m);
  expect(text).toMatch(/^proxmox_mcp_http_request_duration_seconds_bucket\{le="0\.005",route="\/get_nodes",method="POST"\} /m);
  expect(text).toMatch(
    /^proxmox_mcp_proxmox_request_duration_seconds_count\{route="\/nodes\/\{node\}\/status",method="GET",outcome="5xx"\} 1$/m,
  );
  expect(text).toMatch(/^proxmox_mcp_follower_lag_seconds /m);
  expect(text).toMatch(/^proxmox_mcp_event_loop_delay_seconds\{quantile="0\.99"\} /m);
  expect(text).toContain('route="unmatched",method="GET",status="404"');
  expect(text).not.toContain('/nosuch/with/a/path');
});

test('labels stay few, whatever strangers ask for', async () => {
  await using own = await startService();
  const before = (await scrape(own)).split('\n').length;
  for (let turn = 0; turn < 200; turn += 1) {
    await own.ask(`/path-${turn}`, { method: turn % 2 === 0 ? 'GET' : 'REPORT' });
    await own.ask(`/jobs/job-${turn}`);
  }
  const after = (await scrape(own)).split('\n').length;
  expect(after - before).toBeLessThan(120);
});

test('jobs are told by state, all states of the protocol and no others, and ended ones are counted', async () => {
  await service.post('/create_backup', { vmid: 100, storage: 'nfs-backup' }, { prefer: 'wait=30' });
  await expect.poll(() => scrape(service), { timeout: 10_000 }).toMatch(/^proxmox_mcp_jobs\{state="succeeded"\} 1$/m);
  const text = await scrape(service);
  expect(text).toMatch(/^proxmox_mcp_jobs_ended_total\{state="succeeded"\} 1$/m);
  const told = [...text.matchAll(/^proxmox_mcp_jobs\{state="(\w+)"\} (\d+)$/gm)].map(([, state, jobs]) => [state, Number(jobs)]);
  expect(told).toEqual(JOB_STATES.map((state) => [state, state === 'succeeded' ? 1 : 0]));
});
