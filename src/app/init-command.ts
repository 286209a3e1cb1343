import { readFileSync } from 'node:fs';
import { OperationError } from '../domain/operation-error.ts';
import { systemReason } from '../domain/thrown.ts';
import type { Command, FlagValue } from '../cli/command.ts';
import { showError } from '../cli/show-error.ts';
import { CLIENT_IDS } from '../cli/client-configs.ts';
import { defaultConfigFile } from './default-config-file.ts';
import { TOOLSETS } from './toolsets.ts';

/** As a shell tells it of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

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
    const [{ runInit }, { GivenUp, askOnTerminal }, { examineConfigured }, { exitCodeOf, renderFindings, reportFindings }] =
      await Promise.all([
        import('./init/run-init.ts'),
        import('../cli/ask.ts'),
        import('./doctor/examine-configured.ts'),
        import('../cli/doctor-report.ts'),
      ]);
    const foundByItself = environment['PROXMOX_MCP_CONFIG'] ?? defaultConfigFile(environment);
    const canAsk = process.stdin.isTTY && terminal.isInteractive && !isJson;
    const ask = canAsk ? askOnTerminal(process, signal) : null;
    const deeds: string[] = [];
    try {
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
          output: text('output') ?? foundByItself,
          force: flags['force'] === true,
          clients: listOf(flags['client']),
          allToolsets: TOOLSETS,
        },
        ask,
        // Where nobody answers, what was done is told at the end, so that the first line names what is wrong.
        canAsk ? terminal : { ...terminal, err: (said) => void deeds.push(said) },
      );
      if (result.config_file === null) {
        terminal.out(isJson ? `${JSON.stringify(result, null, 2)}\n` : `${result.commands.join('\n')}\n`);
        return 0;
      }
      const findings = await examineConfigured({ ...environment, PROXMOX_MCP_CONFIG: result.config_file }, result.toolsets);
      if (isJson) terminal.out(`${JSON.stringify({ ...result, examination: reportFindings(findings) }, null, 2)}\n`);
      else
        terminal.err(
          `${canAsk ? '\n' : ''}${renderFindings(findings)}\n${deeds.join('')}Next: proxmox-mcp-plus call get_nodes${result.config_file === foundByItself ? '' : ` --config ${result.config_file}`}\n`,
        );
      return exitCodeOf(findings);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const exitCode = showError(error, terminal, isJson);
      if (!isJson && deeds.length > 0) terminal.err(`Before that:\n${deeds.join('')}`);
      return error instanceof GivenUp ? INTERRUPTED : exitCode;
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
    throw new OperationError('invalid_input', `${path} cannot be read: ${systemReason(error)}.`);
  }
  throw new OperationError('invalid_input', `${path === '-' ? 'Standard input' : path} holds no secret.`);
}
