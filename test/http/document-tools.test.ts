import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KEY, startService, type Service } from './service.ts';

const run = promisify(execFile);
const { resolve } = createRequire(import.meta.url);

let service: Service;
/** Inside the checkout, so that what is written there finds the packages. */
let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(import.meta.dirname, '.document-'));
  file = join(folder, 'openapi.json');
  service = await startService({ listen: true });
  writeFileSync(file, await (await service.ask('/openapi.json')).text());
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await service.close();
});

test('the document passes the recommended rules without a warning', { timeout: 60_000 }, async () => {
  const cli = join(dirname(resolve('@redocly/cli/package.json')), 'bin', 'cli.js');
  const environment = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const { stdout } = await run(process.execPath, [cli, 'lint', file, '--extends=recommended', '--format=json'], { env: environment });
  expect((JSON.parse(stdout) as { totals: unknown }).totals).toMatchObject({ errors: 0, warnings: 0 });
});

/** The generator needs the JavaScript API of TypeScript, which version 7 no longer has. */
const GENERATE = `
import { registerHooks } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
registerHooks({ resolve: (specifier, context, next) => next(specifier === 'typescript' ? 'typescript-5' : specifier, context) });
const { default: generate, astToString } = await import('openapi-typescript');
const [from, to] = process.argv.slice(2);
writeFileSync(to, astToString(await generate(JSON.parse(readFileSync(from, 'utf8')), { defaultNonNullable: false })));
`;

const PROGRAM = `
import createClient from 'openapi-fetch';
import type { paths } from './api.d.ts';

export async function operate(baseUrl: string, key: string) {
  const client = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${key}\` } });
  const { data: nodes } = await client.POST('/get_nodes', { body: {} });
  const names: string[] = (nodes?.nodes ?? []).map((node) => node.node);
  const { data: started, response } = await client.POST('/create_backup', { body: { vmid: 100, storage: 'nfs-backup' } });
  const jobId: string | null | undefined = started?.job_id;
  const { data: job } = await client.POST('/jobs/{job_id}/poll', {
    params: { path: { job_id: jobId ?? '' }, header: { Prefer: 'wait=30' } },
  });
  const status: 'completed' | string | undefined = job?.status;
  const { error } = await client.POST('/start_vm', { body: { vmid: 999 } });
  const effect: string | undefined = error && 'effect' in error ? error.effect : undefined;
  // @ts-expect-error the document says that an id is a number
  const wrong = () => client.POST('/start_vm', { body: { vmid: 'web-1' } });
  // @ts-expect-error nor such an operation
  const unknown = () => client.POST('/destroy_everything', { body: {} });
  return { names, accepted: response.status, status, effect, functions: [wrong, unknown].length };
}
`;

const CONFIG = JSON.stringify({
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    lib: ['es2024', 'dom'],
    types: [],
  },
  include: ['program.ts'],
});

test('a client generated from the document compiles and operates a cluster', { timeout: 60_000 }, async () => {
  writeFileSync(join(folder, 'generate.mjs'), GENERATE);
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  writeFileSync(join(folder, 'tsconfig.json'), CONFIG);
  await run(process.execPath, [join(folder, 'generate.mjs'), file, join(folder, 'api.d.ts')]);
  const tsc = join(dirname(resolve('typescript/package.json')), 'bin', 'tsc');
  const compiled = await run(process.execPath, [tsc, '-p', join(folder, 'tsconfig.json')]).catch((error: { stdout: string }) => error);
  expect(compiled.stdout).toBe('');
  const { operate } = (await import(join(folder, 'program.ts'))) as {
    operate(url: string, key: string): Promise<Record<string, unknown>>;
  };
  expect(await operate(service.url, KEY)).toEqual({
    names: ['pve1', 'pve2', 'pve3'],
    accepted: 202,
    status: 'completed',
    effect: 'none',
    functions: 2,
  });
});
