import { startSimulator, type Cluster } from '../src/simulator/start-simulator.ts';
import type { SimulatorSize } from './simulated-cluster.ts';

/** The simulator in a process of its own, so that its work is not measured with the product's. Steered over IPC. */
const { scenario, nodes, guests, latencyMs } = JSON.parse(process.argv[2] ?? '{}') as SimulatorSize;

function fill(cluster: Cluster): void {
  for (let n = 1; n <= nodes; n++) cluster.node(`pve${n}`);
  cluster.storage('local', {
    type: 'dir',
    content: ['images', 'rootdir', 'iso', 'vztmpl', 'backup'],
    totalBytes: 1e15,
    settings: { path: '/var/lib/vz' },
  });
  for (let n = 0; n < guests; n++)
    cluster.vm(100 + n, { name: `guest-${n}`, node: `pve${(n % nodes) + 1}`, status: n % 3 === 0 ? 'stopped' : 'running' });
}

const simulator = await startSimulator({ scenario: scenario ?? fill, latencyMs, speed: 50, authenticationDelaySeconds: 0 });
process.on('message', (message) => {
  if (message === 'requests') {
    process.send?.({ requests: simulator.requests.list().length });
    simulator.requests.clear();
  }
});
process.once('disconnect', () => process.exit(0));
const { host, port, fingerprint, token } = simulator;
process.send?.({ ready: { host, port, fingerprint, token } });
