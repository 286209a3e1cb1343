import { spawnSync } from 'node:child_process';
import { realTarget } from '../test/simulator/parity/real-target.ts';

/** Asks a real Proxmox VE what is said of the simulator: npm run test:parity. What the tests touch there is named by variables. */
try {
  const { pve, node, vm, container } = realTarget(process.env);
  process.stdout.write(`Against ${pve.url}, node ${node}, with VM ${vm} and container ${container}\n`);
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--no-file-parallelism', '--reporter=verbose', 'test/simulator/parity'];
  process.exitCode = spawnSync(process.execPath, vitest, { stdio: 'inherit' }).status ?? 1;
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
