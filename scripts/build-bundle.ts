import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Packs the desktop bundle from what `scripts/build.ts` has built: node scripts/build-bundle.ts [FILE]. Needs @anthropic-ai/mcpb. */
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };
const target = resolve(process.argv[2] ?? `${name}-${version}.mcpb`);
const tool = join(
  dirname(createRequire(join(process.cwd(), 'package.json')).resolve('@anthropic-ai/mcpb/package.json')),
  'dist',
  'cli',
  'cli.js',
);
const folder = mkdtempSync(join(tmpdir(), 'mcpb-'));
try {
  for (const path of ['manifest.json', 'package.json', 'bin', 'dist', 'LICENSE', 'README.md'])
    cpSync(path, join(folder, path), { recursive: true });
  mkdirSync(dirname(target), { recursive: true });
  execFileSync(process.execPath, [tool, 'validate', join(folder, 'manifest.json')], { stdio: 'inherit' });
  execFileSync(process.execPath, [tool, 'pack', folder, target], { stdio: 'inherit' });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
