import { readFileSync } from 'node:fs';
import { OperationError } from '../domain/operation-error.ts';
import type { Command, FlagValue } from '../cli/command.ts';
import { CLIENT_IDS } from '../cli/client-configs.ts';
import { defaultConfigFile } from './default-config-file.ts';
import { TOOLSETS } from './permissions-command.ts';

/** From nothing to a configuration that works. */
export const initCommand: Command = {
  name: 'init',
  summary: 'set up: compare the certificate, create a least-privilege role, user and token, write the config file',
  details:
    'On a terminal it asks for what is not given. Elsewhere say --host, --fingerprint, and either --password-file (a login that is used once ' +
    'and never stored) or --token-secret-file (a token that exists), or print the commands for a node with --print-commands.',
  flags: {
    host: { type: 'string', summary: 'Address of any node.' },
    port: { type: 'integer', summary: 'Port of Proxmox VE, 8006 by default.' },
    fingerprint: { type: 'string', summary: 'SHA-256 of the certificate, compared on the node.' },
    toolset: { type: 'string', isList: 'commas', choices: TOOLSETS, summary: 'What the token may be used for; all by default.' },
    user: { type: 'string', summary: 'User to create or use, mcp@pve by default.' },
    'token-name': { type: 'string', summary: 'Token to create, agent by default.' },
    'replace-token': { type: 'boolean', summary: 'Make the token anew when it exists; its old secret stops to count.' },
    login: { type: 'string', summary: 'User to log in as, root@pam by default.' },
    'password-file': { type: 'string', placeholder: 'FILE', summary: 'Password of that user; - for standard input.' },
    otp: { type: 'string', summary: 'One-time code of its second factor.' },
    'token-secret-file': {
      type: 'string',
      placeholder: 'FILE',
      summary: 'Secret of an existing token; - for standard input. Nobody logs in.',
    },
    'print-commands': { type: 'boolean', summary: 'Print the pveum commands instead of logging in.' },
    output: { type: 'string', placeholder: 'FILE', summary: 'Where to write the configuration.' },
    force: { type: 'boolean', summary: 'Put host and token into an existing file; its other sections stay.' },
    client: { type: 'string', isList: 'commas', choices: CLIENT_IDS, summary: 'Print what to paste into these clients.' },
  },
  async run({ flags, environment, terminal, signal }) {
    const isJson = flags['json'] === true;
    const text = (name: string): string | null => (typeof flags[name] === 'string' ? flags[name] : null);
    const [{ runInit }, { askOnTerminal }] = await Promise.all([import('./init/run-init.ts'), import('../cli/ask.ts')]);
    const canAsk = process.stdin.isTTY && terminal.isInteractive && !isJson;
    const ask = canAsk ? askOnTerminal(process, signal) : null;
    try {
      const clients = listOf(flags['client']);
      const result = await runInit(
        {
          host: text('host'),
          port: typeof flags['port'] === 'number' ? flags['port'] : 8006,
          fingerprint: text('fingerprint'),
          toolsets: listOf(flags['toolset']),
          user: text('user') ?? 'mcp@pve',
          tokenName: text('token-name') ?? 'agent',
          replaceToken: flags['replace-token'] === true,
          login: text('login') ?? 'root@pam',
          password: secretFrom(text('password-file')),
          otp: text('otp'),
          tokenSecret: secretFrom(text('token-secret-file')),
          printCommands: flags['print-commands'] === true,
          output: text('output') ?? environment['PROXMOX_MCP_CONFIG'] ?? defaultConfigFile(environment),
          force: flags['force'] === true,
          clients: clients ?? (canAsk ? ['claude-code'] : []),
          allToolsets: TOOLSETS,
        },
        ask,
        terminal,
      );
      if (isJson) terminal.out(`${JSON.stringify(result, null, 2)}\n`);
      else if (result.config_file === null) terminal.out(`${result.commands.join('\n')}\n`);
      else terminal.err('Next: proxmox-mcp-plus doctor, then proxmox-mcp-plus call get_nodes\n');
      return 0;
    } finally {
      ask?.close();
    }
  },
};

function listOf(value: FlagValue | undefined): readonly string[] | null {
  return Array.isArray(value) ? value.map(String) : null;
}

function secretFrom(path: string | null): string | null {
  if (path === null) return null;
  try {
    const secret = readFileSync(path === '-' ? 0 : path, 'utf8').replace(/\r?\n$/, '');
    if (secret !== '' && secret.length <= 1024) return secret;
  } catch (error) {
    throw new OperationError('invalid_input', `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}.`);
  }
  throw new OperationError('invalid_input', `${path === '-' ? 'Standard input' : path} holds no secret.`);
}
