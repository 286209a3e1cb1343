import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import config from '../rolldown.config.ts';
import { bundledPackages, noticesOf } from './build-notices.ts';
import { sbomOf } from './build-sbom.ts';

/** Builds the published program: the bundle, what it reads from beside itself, and the account of what is in it. */
const DIST = 'dist';
const SWAGGER_UI = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE'] as const;

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

/** The page at /docs; without the package the page says that it is missing. Answers the copied files' origins. */
function copySwaggerUi(): readonly string[] {
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  } catch {
    process.stdout.write('swagger-ui-dist is not installed: the page at /docs is left out\n');
    return [];
  }
  mkdirSync(join(DIST, 'swagger-ui'), { recursive: true });
  const files = SWAGGER_UI.filter((name) => existsSync(join(folder, name)));
  for (const name of files) copyFileSync(join(folder, name), join(DIST, 'swagger-ui', name));
  return files.map((name) => join(folder, name));
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
}
