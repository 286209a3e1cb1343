import { createCluster } from '../cluster.ts';
import type { World } from '../model/world.ts';
import { buildCluster } from './cluster-scenario.ts';
import { buildHomelab } from './homelab-scenario.ts';
import { buildDatacenter, datacenterNodeNames, type DatacenterSize } from './large-scenario.ts';

export type ScenarioName = 'homelab' | 'cluster' | 'large' | 'empty';

/** The nodes of a scenario; the first one serves the API. */
export function nodeNamesOf(scenario: ScenarioName | DatacenterSize): readonly string[] {
  if (typeof scenario === 'object') return datacenterNodeNames(scenario);
  if (scenario === 'cluster') return ['pve1', 'pve2', 'pve3'];
  return scenario === 'large' ? datacenterNodeNames() : ['pve'];
}

/** Fills an empty world. `empty` has one node with local storage, and nothing else. */
export function buildScenario(world: World, scenario: ScenarioName | DatacenterSize): void {
  const cluster = createCluster(world);
  if (typeof scenario === 'object') buildDatacenter(world, cluster, scenario);
  else if (scenario === 'homelab') buildHomelab(cluster);
  else if (scenario === 'cluster') buildCluster(world, cluster);
  else if (scenario === 'large') buildDatacenter(world, cluster);
  else {
    cluster.node('pve');
    cluster.storage('local', {
      type: 'dir',
      content: ['iso', 'vztmpl', 'backup', 'images', 'rootdir', 'snippets', 'import'],
      settings: { path: '/var/lib/vz' },
    });
  }
}
