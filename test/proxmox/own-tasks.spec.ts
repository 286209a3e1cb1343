import { expect, test } from 'vitest';
import { createProxmoxApi } from '../../src/proxmox/api.ts';
import { mutate } from '../../src/proxmox/mutate.ts';
import { createTasks } from '../../src/proxmox/tasks.ts';
import { createTransport } from '../../src/proxmox/transport.ts';
import { startSimulator } from '../../src/simulator/start-simulator.ts';
import type { Simulator } from '../../src/simulator/start-simulator.ts';

function connect(sim: Simulator, { user, tokenName, tokenValue }: Simulator['token']) {
  const trust = { mode: 'pinned', fingerprints: [sim.fingerprint] } as const;
  const apiToken = `${user}!${tokenName}=${tokenValue}`;
  const transport = createTransport({ ...sim, apiToken, trust, timeoutMs: 10_000, maxConnections: 4, userAgent: 'test' });
  return { transport, api: createProxmoxApi(transport, `${user}!${tokenName}`) };
}

test('a token that sees the tasks of everybody takes only those of the token that sent for candidates', async () => {
  const sim = await startSimulator({ speed: 1, authenticationDelaySeconds: 0 });
  const administrator = connect(sim, sim.token);
  const ours = connect(sim, sim.cluster.createToken('root@pam', 'ours', { privsep: false }));
  const backup = { types: ['vzdump'], id: '100' };
  const params = { vmid: '100', storage: 'local', mode: 'snapshot' };
  const { data: theirs } = await administrator.api.write(
    mutate('POST', '/nodes/{node}/vzdump', { node: 'pve1' }, { node: 'pve1', targets: [], task: backup, params }),
    { sendBefore: performance.now() + 5000 },
  );
  expect(theirs).toMatch(/^UPID:pve1:.*:root@pam!simulator:$/);
  const seen = async ({ api }: typeof ours, by: string) => {
    const tasks = createTasks(api);
    const listed = await tasks.ofType('pve1', backup, by);
    return [...listed.map((entry) => entry.upid), ...(await tasks.clusterLog(by))];
  };
  expect(await seen(administrator, 'root@pam!simulator')).toContain(theirs);
  expect(await seen(ours, 'root@pam!ours')).toEqual([]);
  // After a change of token, a job that the old one sent is looked for among the tasks of the old one.
  expect(await seen(ours, 'root@pam!simulator')).toContain(theirs);
  await Promise.all([administrator.transport.close(), ours.transport.close()]);
  await sim.close();
});

test('two clusters are told apart', async () => {
  const options = { speed: 1, authenticationDelaySeconds: 0 };
  const first = await startSimulator(options);
  const second = await startSimulator(options);
  const [one, other] = [connect(first, first.token), connect(second, second.token)];
  const [id, again, another] = await Promise.all([one, one, other].map(({ api }) => createTasks(api).clusterId()));
  expect(id).toMatch(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  expect(again).toBe(id);
  expect(another).not.toBe(id);
  await Promise.all([one, other].map(({ transport }) => transport.close()));
  await Promise.all([first, second].map((sim) => sim.close()));
});
