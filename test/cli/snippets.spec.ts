import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { configSchema } from '../../src/app/config-schema.ts';
import { loadConfig } from '../../src/app/load-config.ts';
import { startCommandLine } from './run.ts';

const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...globSync('docs/**/*.md')];

/** The blocks of a page that are in one of the languages, those inside of lists too. */
function blocksOf(path: string, ...languages: readonly string[]): readonly string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^ *```(\w+)\n([\s\S]*?)^ *```$/gm)]
    .filter(([, language = '']) => languages.includes(language))
    .map(([, , text = '']) => text);
}

const each = (...languages: readonly string[]): readonly (readonly [string, string])[] =>
  PAGES.flatMap((path) => blocksOf(path, ...languages).map((text) => [path, text] as const));

/** A member without the braces around it is shown where it is one of many. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(text.trimStart().startsWith('"') ? `{${text}}` : text) as Readonly<Record<string, unknown>>;
}

test.each(each('json'))('JSON of %s can be read', (_path, text) => {
  expect(() => parsed(text)).not.toThrow();
});

test.each(each('yaml'))('YAML of %s can be read', (_path, text) => {
  expect(parseDocument(text).errors).toEqual([]);
});

test.each(each('sh', 'bash'))('shell of %s is sound', (_path, text) => {
  execFileSync('bash', ['-n'], { input: text });
});

describe('settings that are shown', () => {
  const FINGERPRINT = 'AB:'.repeat(32).slice(0, -1);
  /** What stands for a value of the reader's own. */
  const filledIn = (text: string): string =>
    text
      .replaceAll(/"[0-9A-F:]+:(?:…|\.\.\.)"/g, `"${FINGERPRINT}"`)
      .replaceAll(/"sha256:…"/g, `"sha256:${'ab'.repeat(32)}"`)
      .replaceAll(/"SHA256:\.\.\."/g, `"SHA256:${'A'.repeat(43)}"`);
  const isConfig = (content: Readonly<Record<string, unknown>>): boolean =>
    Object.keys(content).every((section) => Object.hasOwn(configSchema.shape, section));
  const settings = each('json').filter(([, text]) => isConfig(parsed(text)));

  test('are found', () => {
    expect(new Set(settings.map(([path]) => path)).size).toBeGreaterThanOrEqual(4);
  });

  test.each(settings)('of %s are all understood', (_path, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'proxmox-snippet-'));
    const file = join(folder, 'config.json');
    const given = parsed(filledIn(text));
    const proxmox = { host: '192.0.2.10', ...(given['proxmox'] as object | undefined) };
    const auth = { user: 'mcp@pve', token_name: 'agent', token_value: '00000000-0000-0000-0000-000000000000' };
    writeFileSync(file, JSON.stringify({ ...given, proxmox, auth }), { mode: 0o600 });
    expect(loadConfig({ PROXMOX_MCP_CONFIG: file }).warnings).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test.each(globSync('proxmox-config/*.example.json'))('of %s are all understood', (file) => {
    const { warnings } = loadConfig({ PROXMOX_MCP_CONFIG: file, PROXMOX_MCP_ALLOW_WORLD_READABLE_CONFIG: 'true' });
    expect(warnings.filter((warning) => warning !== 'unknown section "live"')).toEqual([]);
  });
});

/** Commands that stay, ask a person, or need a file of the page (test/cli/policy.spec.ts runs that one). */
const NOT_RUN = /^(?:serve|mcp-http|demo|init(?! --help)|policy test)\b/;
const commandsOf = (path: string): readonly string[] =>
  blocksOf(path, 'sh')
    .flatMap((text) => text.split('\n'))
    .flatMap((text) => /^(?:npx -y )?proxmox-mcp-plus (.*)$/.exec(text)?.[1] ?? [])
    .map((words) => words.replace(/\s+(?:#|>).*$/, ''))
    .filter((words) => !NOT_RUN.test(words));

// Scenarios are run as whole scripts by documents.spec.ts.
test.each(PAGES.filter((path) => !path.startsWith('docs/scenarios/') && commandsOf(path).length > 0))(
  'the commands of %s do what they say',
  async (path) => {
    await using line = await startCommandLine();
    // The account that the pages look into begins with the first write.
    await line.run(['call', 'reset_vm', '--vmid', '100']);
    for (const words of commandsOf(path)) {
      const argv = [...words.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
      const { exitCode, err } = await line.run(argv);
      expect({ words, exitCode, err: exitCode === 0 ? '' : err }).toEqual({ words, exitCode: 0, err: '' });
    }
  },
);
