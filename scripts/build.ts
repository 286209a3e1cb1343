import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import config from '../rolldown.config.ts';
import { bundledPackages, noticesOf } from './build-notices.ts';
import { sbomOf } from './build-sbom.ts';

/** Builds the published program: the bundle, what it reads from beside itself, and the account of what is in it. */
const DIST = 'dist';
/** Its own licence stands with those of all others. */
const SWAGGER_UI = ['favicon-32x32.png', 'swagger-ui-bundle.js.LICENSE.txt'] as const;
/** Packed: they are most of the program otherwise. */
const SWAGGER_UI_PACKED = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;

const { output, ...input } = config;
const bundle = await rolldown(input);
const { output: chunks } = await bundle.write({ ...(Array.isArray(output) ? output[0] : output), dir: DIST });
await bundle.close();

copyFileSync('src/exec/forced-command/pct-exec-gate', join(DIST, 'pct-exec-gate'));
chmodSync(join(DIST, 'pct-exec-gate'), 0o755);
const extra = copySwaggerUi();
const packages = bundledPackages([...chunks.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : [])), ...extra]);
writeFileSync(join(DIST, 'THIRD-PARTY-NOTICES.txt'), noticesOf(packages));
writeFileSync(join(DIST, 'sbom.cdx.json'), `${JSON.stringify(sbomOf(packages), null, 1)}\n`);
process.stdout.write(`${DIST}: ${packages.length} packages inside, ${Math.round(sizeOf(DIST) / 1024)} KiB\n`);

/** The page at /docs. Answers the origins of its files. */
function copySwaggerUi(): readonly string[] {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const target = join(DIST, 'swagger-ui');
  mkdirSync(target, { recursive: true });
  for (const name of SWAGGER_UI) copyFileSync(join(folder, name), join(target, name));
  for (const name of SWAGGER_UI_PACKED) writeFileSync(join(target, `${name}.br`), brotliCompressSync(readFileSync(join(folder, name))));
  return [...SWAGGER_UI, ...SWAGGER_UI_PACKED].map((name) => join(folder, name));
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
}
