import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { packExtension, validateManifest } from '@anthropic-ai/mcpb';

/** Packs the desktop bundle from what `scripts/build.ts` has built: node scripts/build-bundle.ts [FILE]. */
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };
const target = resolve(process.argv[2] ?? `${name}-${version}.mcpb`);
const folder = mkdtempSync(join(tmpdir(), 'mcpb-'));
try {
  for (const path of ['manifest.json', 'package.json', 'bin', 'dist', 'LICENSE', 'README.md'])
    cpSync(path, join(folder, path), { recursive: true });
  mkdirSync(dirname(target), { recursive: true });
  if (!validateManifest(join(folder, 'manifest.json'))) throw new Error('manifest.json is not valid.');
  if (!(await packExtension({ extensionPath: folder, outputPath: target, silent: true }))) throw new Error(`${target} was not written.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
