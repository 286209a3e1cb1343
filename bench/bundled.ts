import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';

/** Bundles one of the baselines as the product is bundled, so that the start of the one is compared with that of the other. */
export async function bundled(name: 'bare-server' | 'bare-http'): Promise<{ readonly file: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const file = join(folder, `${name}.mjs`);
  await build({
    input: join(import.meta.dirname, `${name}.ts`),
    platform: 'node',
    output: { file, format: 'esm', minify: true },
    logLevel: 'silent',
  });
  return { file, close: () => rm(folder, { recursive: true, force: true }) };
}
