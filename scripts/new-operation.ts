import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { scaffold } from './scaffold.ts';

/** Begins an operation: npm run new:operation -- TOOLSET NAME, such as vms suspend_vm. */
const CATALOG = 'src/operations/catalog.ts';
const [toolset = '', name = ''] = process.argv.slice(2);
try {
  const { path, content, catalog } = scaffold(toolset, name, readFileSync(CATALOG, 'utf8'));
  writeFileSync(path, content, { flag: 'wx' });
  writeFileSync(CATALOG, catalog);
  execFileSync('npx', ['oxfmt', CATALOG, path], { stdio: 'ignore' });
  process.stdout.write(
    `${path} and its line in ${CATALOG}.\nNow write its run, its spec in test/operations/${toolset}.spec.ts, and then: npm run generate && npm run check\n`,
  );
} catch (error) {
  process.stderr.write(`${(error as Error).message}\nnpm run new:operation -- TOOLSET NAME\n`);
  process.exitCode = 2;
}
