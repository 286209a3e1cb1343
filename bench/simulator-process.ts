import { startSimulator, type Cluster } from '../src/simulator/start-simulator.ts';
import type { SimulatorOrder, SimulatorSize } from './simulated-cluster.ts';

/** The simulator in a process of its own, so that its work is not measured with the product's. Steered over IPC. */
const { kind, nodes, guests, latencyMs, speed = 50 } = JSON.parse(process.argv[2] ?? '{}') as SimulatorSize;

/** One storage; VMs and containers in turn, every third one stopped, or all of them. */
function fill(cluster: Cluster): void {
  for (let n = 1; n <= nodes; n++) cluster.node(`pve${n}`);
  cluster.storage('local', {
    type: 'dir',
    content: ['images', 'rootdir', 'iso', 'vztmpl', 'backup'],
    totalBytes: 1e15,
    settings: { path: '/var/lib/vz' },
  });
  for (let n = 0; n < guests; n++) {
    const facts = { name: `guest-${n}`, node: `pve${(n % nodes) + 1}` } as const;
    if (kind === 'stopped') cluster.vm(100 + n, { ...facts, status: 'stopped' });
    else cluster[Math.floor(n / nodes) % 2 === 0 ? 'vm' : 'container'](100 + n, { ...facts, status: n % 3 === 0 ? 'stopped' : 'running' });
  }
}

const scenario = kind === 'cluster' ? kind : kind === 'large' ? { nodes, guests } : fill;
const simulator = await startSimulator({ scenario, latencyMs, speed, authenticationDelaySeconds: 0 });

function carryOut({ order, pattern = '' }: SimulatorOrder): number {
  if (order === 'hang') simulator.faults.hang(pattern);
  else if (order === 'drop') simulator.faults.dropBeforeDispatch(pattern, { times: 5 });
  else if (order === 'mend') simulator.faults.clear();
  const count = simulator.requests.list().length;
  if (order === 'count') simulator.requests.clear();
  return count;
}

process.on('message', (message: SimulatorOrder) => process.send?.({ count: carryOut(message) }));
process.once('disconnect', () => process.exit(0));
const { host, port, fingerprint, token } = simulator;
process.send?.({ ready: { host, port, fingerprint, token } });
