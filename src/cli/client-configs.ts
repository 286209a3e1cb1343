/** One client and what to paste into it. */
export interface ClientConfig {
  readonly id: string;
  readonly name: string;
  /** Where it goes, in one sentence. */
  readonly where: string;
  readonly language: 'json' | 'toml' | 'sh' | 'yaml' | 'text';
  readonly text: string;
}

/** How a client reaches the server. */
export interface ClientTarget {
  /** For clients that start it themselves. */
  readonly configFile: string;
  /** For clients that reach it over the network. */
  readonly httpUrl: string;
  readonly mcpUrl: string;
}

export const CLIENT_IDS = [
  'claude-desktop',
  'claude-code',
  'cursor',
  'vscode',
  'codex',
  'opencode',
  'open-webui',
  'home-assistant',
] as const;

const COMMAND = 'npx';
const ARGS = ['-y', 'proxmox-mcp-plus'] as const;

export const EXAMPLE_TARGET: ClientTarget = {
  configFile: '/home/you/.config/proxmox-mcp-plus/config.json',
  httpUrl: 'http://192.0.2.20:8811',
  mcpUrl: 'http://192.0.2.20:8000/mcp',
};

/** Ready-to-paste configurations, in the order of `CLIENT_IDS`. */
export function clientConfigs({ configFile, httpUrl, mcpUrl }: ClientTarget): readonly ClientConfig[] {
  const env = { PROXMOX_MCP_CONFIG: configFile };
  const stdio = { command: COMMAND, args: ARGS, env };
  const json = (value: unknown): string => JSON.stringify(value, null, 2);
  return [
    {
      id: 'claude-desktop',
      name: 'Claude Desktop',
      where: 'Settings > Developer > Edit Config (claude_desktop_config.json); or open the .mcpb bundle of a release.',
      language: 'json',
      text: json({ mcpServers: { proxmox: stdio } }),
    },
    {
      id: 'claude-code',
      name: 'Claude Code',
      where: 'Run it in a terminal.',
      language: 'sh',
      text: `claude mcp add --env PROXMOX_MCP_CONFIG=${quote(configFile)} --transport stdio proxmox -- ${COMMAND} ${ARGS.join(' ')}`,
    },
    {
      id: 'cursor',
      name: 'Cursor',
      where: '~/.cursor/mcp.json, or .cursor/mcp.json in a project.',
      language: 'json',
      text: json({ mcpServers: { proxmox: stdio } }),
    },
    {
      id: 'vscode',
      name: 'VS Code',
      where: '.vscode/mcp.json in a project, or MCP: Open User Configuration.',
      language: 'json',
      text: json({ servers: { proxmox: { type: 'stdio', ...stdio } } }),
    },
    {
      id: 'codex',
      name: 'Codex',
      where: '~/.codex/config.toml',
      language: 'toml',
      text: `[mcp_servers.proxmox]\ncommand = "${COMMAND}"\nargs = ${JSON.stringify(ARGS)}\n\n[mcp_servers.proxmox.env]\nPROXMOX_MCP_CONFIG = ${JSON.stringify(configFile)}`,
    },
    {
      id: 'opencode',
      name: 'OpenCode',
      where: 'opencode.json in a project, or ~/.config/opencode/opencode.json',
      language: 'json',
      text: json({
        $schema: 'https://opencode.ai/config.json',
        mcp: { proxmox: { type: 'local', command: [COMMAND, ...ARGS], enabled: true, environment: env } },
      }),
    },
    {
      id: 'open-webui',
      name: 'Open WebUI',
      where: 'Admin settings > External Tools > Add connection, with `proxmox-mcp-plus serve` running.',
      language: 'text',
      text: `Type: OpenAPI\nURL: ${httpUrl}\nAuth: Bearer, with a key from: proxmox-mcp-plus keys add open-webui --scope read,operate`,
    },
    {
      id: 'home-assistant',
      name: 'Home Assistant',
      where: `configuration.yaml, with \`proxmox-mcp-plus serve\` running; secrets.yaml holds proxmox_authorization: Bearer KEY. Agents of Home Assistant that speak MCP use ${mcpUrl}.`,
      language: 'yaml',
      text: [
        'rest_command:',
        '  proxmox_start_vm:',
        `    url: ${httpUrl}/start_vm`,
        '    method: post',
        '    headers:',
        '      authorization: !secret proxmox_authorization',
        '    content_type: application/json',
        `    payload: '{"vmid": {{ vmid }}}'`,
      ].join('\n'),
    },
  ];
}

/** Links that install the server in an editor with one click. Settings are asked for there, so they hold no secret. */
export interface InstallLinks {
  /** Opened by the editor itself. */
  readonly vscode: string;
  readonly cursor: string;
  /** The same by way of the editor's web site, for pages that may not link to editors. */
  readonly vscodeWeb: string;
  readonly cursorWeb: string;
}

export function installLinks(): InstallLinks {
  const env = { PROXMOX_HOST: '', PROXMOX_USER: '', PROXMOX_TOKEN_NAME: '', PROXMOX_TOKEN_VALUE: '', PROXMOX_FINGERPRINT: '' };
  const vscode = { type: 'stdio', command: COMMAND, args: ARGS, env };
  const cursor = `name=proxmox&config=${encodeURIComponent(Buffer.from(JSON.stringify({ command: COMMAND, args: ARGS, env })).toString('base64'))}`;
  return {
    vscode: `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name: 'proxmox', ...vscode }))}`,
    cursor: `cursor://anysphere.cursor-deeplink/mcp/install?${cursor}`,
    vscodeWeb: `https://vscode.dev/redirect/mcp/install?name=proxmox&config=${encodeURIComponent(JSON.stringify(vscode))}`,
    cursorWeb: `https://cursor.com/en/install-mcp?${cursor}`,
  };
}

function quote(text: string): string {
  return /^[\w./~:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
