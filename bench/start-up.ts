import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { build } from 'rolldown';
import { show, type Row } from './report.ts';
import { startStdio } from './stdio-client.ts';
import { timed, timingOf } from './statistics.ts';

const STARTS = 11;

/** From nothing to the first answer of `tools/list`, and what the process then weighs. */
export async function measureStart(command: readonly string[], environment: Readonly<Record<string, string>>): Promise<readonly Row[]> {
  const bareNode = await timed(STARTS, () => promisify(execFile)(process.execPath, ['-e', '0']), 1);
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const file = join(folder, 'bare-server.mjs');
  await build({
    input: join(import.meta.dirname, 'bare-server.ts'),
    platform: 'node',
    output: { file, format: 'esm', minify: true },
    logLevel: 'silent',
  });
  const bareSdk = timingOf(await starts([process.execPath, file], {}));
  await rm(folder, { recursive: true });
  const product = timingOf(await starts(command, environment));
  const server = await startStdio(command, environment);
  // What is put off until after the first answer belongs to an idle server too.
  await pause(2000);
  const megabytes = await server.residentMegabytes();
  await server.close();
  const ratio = product.medianMs / bareNode.medianMs;
  return [
    { work: 'bare Node start', target: '', measured: `${show(bareNode.medianMs)} ms`, met: null, figures: { ms: bareNode.medianMs } },
    {
      work: 'SDK alone, bundled, to tools/list',
      target: '',
      measured: `${show(bareSdk.medianMs)} ms = ${show(bareSdk.medianMs / bareNode.medianMs)} x`,
      met: null,
      figures: { ms: bareSdk.medianMs, ratio: bareSdk.medianMs / bareNode.medianMs },
    },
    {
      work: 'cold start to tools/list',
      target: 'at most 3 x bare Node',
      measured: `${show(product.medianMs)} ms = ${show(ratio)} x`,
      met: ratio <= 3,
      figures: { ms: product.medianMs, ratio },
    },
    {
      work: 'idle memory',
      target: 'at most 80 MB resident',
      measured: megabytes === null ? 'not told by this system' : `${show(megabytes)} MB`,
      met: megabytes === null ? null : megabytes <= 80,
      figures: { megabytes },
    },
  ];
}

async function starts(command: readonly string[], environment: Readonly<Record<string, string>>): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let n = -1; n < STARTS; n++) {
    const server = await startStdio(command, environment);
    if (n >= 0) samples.push(server.coldStartMs);
    await server.close();
  }
  return samples;
}
