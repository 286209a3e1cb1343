import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Bench } from './bench.ts';
import { bundled } from './bundled.ts';
import { usageOf } from './process-usage.ts';
import { show } from './report.ts';
import { startCluster } from './simulated-cluster.ts';
import { startStdio } from './stdio-client.ts';
import { timingOf } from './statistics.ts';

const STARTS = 15;
const run = promisify(execFile);

/** The package as `npm install` would put it there: what `npm pack` makes, unpacked. Answers its folder. */
export async function packed(into: string): Promise<string> {
  const root = join(import.meta.dirname, '..');
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', into], { cwd: root });
  const archive = (await readdir(into)).find((name) => name.endsWith('.tgz')) ?? '';
  await run('tar', ['-xzf', join(into, archive), '-C', into]);
  return join(into, 'package');
}

/** From nothing to the first answer of `tools/list`, and what the process then weighs. */
export async function measureStart(bench: Bench): Promise<void> {
  const bare = await bundled('bare-server');
  const cluster = await startCluster({ kind: 'cluster', nodes: 3, guests: 0, latencyMs: 0 });
  const environment = { ...cluster.environment, ...bench.state(2) };
  const samples: Record<'node' | 'sdk' | 'ours', number[]> = { node: [], sdk: [], ours: [] };
  for (let n = -1; n < (bench.isQuick ? 5 : STARTS); n++) {
    const startedAt = performance.now();
    await run(process.execPath, ['-e', '0']);
    const node = performance.now() - startedAt;
    const sdk = await coldStart([process.execPath, bare.file], {});
    const ours = await coldStart(bench.command, environment);
    if (n >= 0) for (const [kind, time] of Object.entries({ node, sdk, ours })) samples[kind as keyof typeof samples].push(time);
  }
  const [node, sdk, ours] = [timingOf(samples.node).medianMs, timingOf(samples.sdk).medianMs, timingOf(samples.ours).medianMs];
  const server = await startStdio(bench.command, environment);
  // What is put off until after the first answer belongs to an idle server too.
  await pause(3000);
  const { residentMegabytes: idle } = await usageOf(server.pid);
  await server.call('get_vms').catch(() => undefined);
  await pause(500);
  const { residentMegabytes: used } = await usageOf(server.pid);
  await server.close();
  await Promise.all([cluster.close(), bare.close()]);
  bench.add(
    { work: 'bare Node start', target: '', measured: `${show(node)} ms`, met: null, figures: { ms: node } },
    {
      work: 'SDK alone, bundled, to tools/list',
      target: '',
      measured: `${show(sdk)} ms = ${show(sdk / node)} x`,
      met: null,
      figures: { ms: sdk, ratio: sdk / node },
    },
    {
      work: 'cold start to tools/list (packed package)',
      target: 'at most 3 x bare Node',
      measured: `${show(ours)} ms = ${show(ours / node)} x`,
      met: ours / node <= 3,
      figures: { ms: ours, ratio: ours / node },
    },
    {
      work: 'idle memory (packed package)',
      target: 'at most 80 MB resident',
      measured: idle === null ? 'not told by this system' : `${show(idle)} MB; ${show(used ?? 0)} MB after a first call`,
      met: idle === null ? null : idle <= 80,
      figures: { megabytes: idle, used_megabytes: used },
    },
  );
}

async function coldStart(command: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> {
  const server = await startStdio(command, environment);
  await server.close();
  return server.coldStartMs;
}

/** Makes a folder for `packed`, and removes it after the work. */
export async function withPackage<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-package-'));
  try {
    return await work(await packed(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
