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

test('a token that sees the tasks of everybody takes only its own for candidates', async () => {
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
  const seen = async ({ api }: typeof ours) => {
    const tasks = createTasks(api);
    const lists = await Promise.all([tasks.ofType('pve1', backup), tasks.active('pve1')]);
    return [...lists.flatMap((list) => list.map((entry) => entry.upid)), ...(await tasks.clusterLog())];
  };
  expect(await seen(administrator)).toContain(theirs);
  expect(await seen(ours)).toEqual([]);
  await Promise.all([administrator.transport.close(), ours.transport.close()]);
  await sim.close();
});
