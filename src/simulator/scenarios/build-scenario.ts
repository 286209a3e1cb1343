import { createCluster } from '../cluster.ts';
import type { World } from '../model/world.ts';
import { buildCluster } from './cluster-scenario.ts';
import { buildHomelab } from './homelab-scenario.ts';
import { buildLarge, largeNodeNames } from './large-scenario.ts';

export type ScenarioName = 'homelab' | 'cluster' | 'large' | 'empty';

/** The nodes of a scenario; the first one serves the API. */
export function nodeNamesOf(scenario: ScenarioName): readonly string[] {
  if (scenario === 'cluster') return ['pve1', 'pve2', 'pve3'];
  return scenario === 'large' ? largeNodeNames() : ['pve'];
}

/** Fills an empty world. `empty` has one node with local storage, and nothing else. */
export function buildScenario(world: World, scenario: ScenarioName): void {
  const cluster = createCluster(world);
  if (scenario === 'homelab') buildHomelab(cluster);
  else if (scenario === 'cluster') buildCluster(world, cluster);
  else if (scenario === 'large') buildLarge(world, cluster);
  else {
    cluster.node('pve');
    cluster.storage('local', {
      type: 'dir',
      content: ['iso', 'vztmpl', 'backup', 'images', 'rootdir', 'snippets', 'import'],
      settings: { path: '/var/lib/vz' },
    });
  }
}
