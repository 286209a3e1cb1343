import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startProduct } from '../product.ts';
import { stdioCommand } from './serve-stdio.ts';

const INSPECTOR = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js', import.meta.url),
);

/** Runs the Inspector's command line and answers what it prints. */
function inspect(target: readonly string[], options: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [INSPECTOR, '--cli', ...target, ...options],
      { timeout: 60_000, maxBuffer: 8 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`${error.message}\n${stderr}`));
        else resolve(JSON.parse(stdout) as Record<string, unknown>);
      },
    );
  });
}

test.each(['stdio', 'HTTP'] as const)("the Inspector's command line lists and calls over %s", { timeout: 120_000 }, async (where) => {
  await using product = await startProduct();
  using command = stdioCommand(product.sim);
  const settings = Object.entries(command.env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const target = where === 'HTTP' ? [product.url, '--transport', 'http'] : [...settings, command.command, ...command.args];

  const { tools } = await inspect(target, ['--method', 'tools/list', '--strict']);
  expect((tools as { name: string }[]).map(({ name }) => name)).toContain('start_vm');
  const answer = await inspect(target, ['--method', 'tools/call', '--tool-name', 'get_node_status', '--tool-arg', 'node=pve1']);
  expect(answer).toMatchObject({ structuredContent: { node: 'pve1', status: 'online' } });
  const { contents } = await inspect(target, ['--method', 'resources/read', '--uri', 'proxmox://cluster']);
  expect((contents as { text: string }[])[0]?.text).toContain('"quorate":true');
});
