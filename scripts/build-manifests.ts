import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { configFields } from '../src/app/config-fields.ts';
import { configSchema } from '../src/app/config-schema.ts';
import { EXAMPLE_TARGET, clientConfigs, installLinks } from '../src/cli/client-configs.ts';
import { ERROR_CLASSES } from '../src/domain/operation-error.ts';
import { registerCatalog } from '../src/dispatch/registered-operation.ts';
import { CATALOG } from '../src/operations/catalog.ts';
import { drawBadge } from './draw-badge.ts';

/** Writes the manifests of the other ways to install, and the pages that follow from code; with --check tells which are stale. */
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  name: string;
  version: string;
  license: string;
  description: string;
  keywords: readonly string[];
  engines: { node: string };
  mcpName: string;
  bugs: string;
};
const REPOSITORY = manifest.bugs.replace(/\/issues$/, '');
const TITLE = 'ProxmoxMCP-Plus';
const SHORT = 'Operate Proxmox VE safely: VMs, containers, snapshots, backups; every write a durable job.';
/** For whoever installs with one click and has no token yet. */
const LONG =
  `${manifest.description} It wants an API token of Proxmox VE: npx -y proxmox-mcp-plus permissions prints the commands that make one with ` +
  'the least rights. Leave the fingerprint empty at first: the first answer shows it, and says where to compare it.';
const ENTRY = 'bin/proxmox-mcp-plus.cjs';

/** What a person is asked for who installs with one click. */
const ASKED = ['PROXMOX_HOST', 'PROXMOX_USER', 'PROXMOX_TOKEN_NAME', 'PROXMOX_TOKEN_VALUE', 'PROXMOX_FINGERPRINT', 'PROXMOX_PORT'] as const;
const REQUIRED: ReadonlySet<string> = new Set(['PROXMOX_HOST', 'PROXMOX_USER', 'PROXMOX_TOKEN_NAME', 'PROXMOX_TOKEN_VALUE']);
const fields = configFields(configSchema);
const asked = ASKED.map((env) => {
  const field = fields.find((candidate) => candidate.env === env);
  if (!field) throw new Error(`No setting is read from ${env}.`);
  return {
    env,
    key: env.replace('PROXMOX_', '').toLowerCase(),
    description: field.description,
    isSecret: field.secret,
    isRequired: REQUIRED.has(env),
  };
});

const server = {
  $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
  name: manifest.mcpName,
  title: TITLE,
  description: SHORT,
  repository: { url: REPOSITORY, source: 'github' },
  version: manifest.version,
  packages: [
    {
      registryType: 'npm',
      identifier: manifest.name,
      version: manifest.version,
      runtimeHint: 'npx',
      transport: { type: 'stdio' },
      environmentVariables: [
        {
          name: 'PROXMOX_MCP_CONFIG',
          description: 'JSON config file, in place of the other variables.',
          format: 'filepath',
          isRequired: false,
          isSecret: false,
        },
        ...asked.map(({ env, description, isRequired, isSecret }) => ({ name: env, description, format: 'string', isRequired, isSecret })),
      ],
    },
  ],
};

const bundle = {
  $schema: 'https://raw.githubusercontent.com/anthropics/mcpb/main/dist/mcpb-manifest.schema.json',
  manifest_version: '0.3',
  name: manifest.name,
  display_name: TITLE,
  version: manifest.version,
  description: SHORT,
  long_description: LONG,
  author: { name: 'ProxmoxMCP-Plus contributors', url: REPOSITORY },
  repository: { type: 'git', url: REPOSITORY },
  homepage: REPOSITORY,
  license: manifest.license,
  keywords: manifest.keywords,
  server: {
    type: 'node',
    entry_point: ENTRY,
    mcp_config: {
      command: 'node',
      args: [`\${__dirname}/${ENTRY}`],
      env: Object.fromEntries(asked.map(({ env, key }) => [env, `\${user_config.${key}}`])),
    },
  },
  tools: registerCatalog(CATALOG).map(({ operation }) => ({ name: operation.name, description: operation.description })),
  compatibility: { platforms: ['darwin', 'win32', 'linux'], runtimes: { node: manifest.engines.node } },
  user_config: Object.fromEntries(
    asked.map(({ key, description, isRequired, isSecret }) => [
      key,
      {
        type: 'string',
        title: titleOf(key),
        description,
        required: isRequired,
        sensitive: isSecret,
        ...(key === 'port' ? { default: '8006' } : {}),
      },
    ]),
  ),
};

function titleOf(key: string): string {
  const words = key.replaceAll('_', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function clientsPage(): string {
  const links = installLinks();
  const sections = clientConfigs(EXAMPLE_TARGET).map(
    ({ name, where, language, text }) => `## ${name}\n\n${where}\n\n\`\`\`${language}\n${text}\n\`\`\`\n`,
  );
  return `# Clients

For whoever connects a client: what to paste where. \`proxmox-mcp-plus init --client NAME\` prints the same with the path of your own config
file. After \`init\` has written its default file, no variable is needed at all; in place of \`PROXMOX_MCP_CONFIG\` the
[variables](reference/environment.md) can be given. Afterwards start the client anew and ask it for your nodes. If it shows no tools, see
[troubleshooting](troubleshooting.md#other-things-that-happen). For a server of your team, see
[the operator guide](operator-guide.md#connect-mcp-clients-over-the-network). Generated by \`npm run generate\`.

One click: [install in VS Code](${links.vscode}) · [install in Cursor](${links.cursor}). Fill in the empty settings afterwards.

${sections.join('\n')}`;
}

function installButtons(): string {
  const { vscodeWeb, cursorWeb } = installLinks();
  return [
    `[![Install in VS Code](docs/pictures/install-in-vscode.svg)](${vscodeWeb})`,
    `[![Install in Cursor](docs/pictures/install-in-cursor.svg)](${cursorWeb})`,
  ].join(' ');
}

function errorsPage(): string {
  const rows = Object.entries(ERROR_CLASSES).map(
    ([code, { httpStatus, exitCode, transient }]) =>
      `| \`${code}\` | ${httpStatus} | ${exitCode} | ${transient ? 'later, as it is' : 'after something was changed'} |`,
  );
  return `# Errors\n\nFor whoever writes programs that have to tell errors apart.\n\nGenerated by \`npm run generate\`. [Troubleshooting](../troubleshooting.md) says what to do about each.\n\n| code | HTTP status | exit code | may succeed again |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

const generated: Readonly<Record<string, string>> = {
  'server.json': `${JSON.stringify(server, null, 2)}\n`,
  'manifest.json': `${JSON.stringify(bundle, null, 2)}\n`,
  'docs/clients.md': clientsPage(),
  'docs/reference/errors.md': errorsPage(),
  'docs/pictures/install-in-vscode.svg': drawBadge('Install in VS Code', '#0065a9'),
  'docs/pictures/install-in-cursor.svg': drawBadge('Install in Cursor', '#26251e'),
  'README.md': readFileSync('README.md', 'utf8').replace(
    /<!-- generated: install -->[\s\S]*?<!-- end generated -->/,
    () => `<!-- generated: install -->\n${installButtons()}\n<!-- end generated -->`,
  ),
};

const stale = Object.entries(generated).filter(([path, content]) => readOrNothing(path) !== content);
if (process.argv.includes('--check')) {
  for (const [path] of stale) process.stderr.write(`${path} is not what the code says. Run: npm run generate\n`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [path, content] of stale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    process.stdout.write(`${path}\n`);
  }
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
