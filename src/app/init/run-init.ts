import { OperationError } from '../../domain/operation-error.ts';
import type { Ask } from '../../cli/ask.ts';
import { EXAMPLE_TARGET, clientConfigs } from '../../cli/client-configs.ts';
import { leastPrivilege, pveumCommands, type Grant } from '../../cli/least-privilege.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { parseFingerprint } from '../../proxmox/fingerprint.ts';
import { readConfigFile, writeConfigFile } from '../config-file.ts';
import { operationsOf } from '../permissions-command.ts';
import { openAdminSession } from './admin-session.ts';
import { createAccess } from './create-access.ts';
import { presentedCertificate } from './presented-certificate.ts';

/** What was said on the command line; what is left out is asked for, or taken from the defaults. */
export interface InitOptions {
  readonly host: string | null;
  readonly port: number;
  readonly fingerprint: string | null;
  readonly toolsets: readonly string[] | null;
  readonly user: string;
  readonly tokenName: string;
  readonly replaceToken: boolean;
  readonly login: string;
  readonly password: string | null;
  readonly otp: string | null;
  /** The secret of a token that exists already: nobody logs in. */
  readonly tokenSecret: string | null;
  readonly printCommands: boolean;
  readonly output: string;
  readonly force: boolean;
  readonly clients: readonly string[];
  readonly allToolsets: readonly string[];
}

export interface InitResult {
  readonly config_file: string | null;
  readonly host: string;
  readonly fingerprint: string | null;
  readonly token_id: string;
  readonly toolsets: readonly string[];
  readonly commands: readonly string[];
}

/** Sets the product up against one cluster. `ask` is null where nobody can answer: then the options must say enough. */
export async function runInit(options: InitOptions, ask: Ask | null, terminal: Terminal): Promise<InitResult> {
  const { user, tokenName, port, output } = options;
  const host = bareHost(options.host ?? (await need(ask, 'host').text('Address of any Proxmox VE node')));
  const fingerprint = await trustedFingerprint(host, options, ask, terminal);
  const toolsets = options.toolsets ?? (await chooseToolsets(options.allToolsets, ask));
  const grantsFor = (pve: 8 | 9): readonly Grant[] => leastPrivilege(operationsOf(toolsets), pve);
  const shared = { host, fingerprint, token_id: `${user}!${tokenName}`, toolsets };
  const commands = pveumCommands(grantsFor(9), { user, tokenName });
  if (options.printCommands && options.tokenSecret === null && ask === null) return { ...shared, config_file: null, commands };

  await mayWrite(output, options.force, ask);
  const secret = await tokenSecret();
  const before = (await readConfigFile(output)) ?? {};
  await writeConfigFile(output, {
    ...before,
    proxmox: { host, port, ...(fingerprint === null ? {} : { fingerprint }) },
    auth: { user, token_name: tokenName, token_value: secret },
  });
  terminal.err(`Written: ${output} (readable by you only)\n`);
  for (const { id, name, where, text } of clientConfigs({ ...EXAMPLE_TARGET, configFile: output })) {
    if (options.clients.includes(id)) terminal.out(`\n${name}: ${where}\n\n${text}\n`);
  }
  return { ...shared, config_file: output, commands: [] };

  async function tokenSecret(): Promise<string> {
    if (options.tokenSecret !== null) return options.tokenSecret;
    const byHand =
      options.printCommands ||
      (options.password === null &&
        ask !== null &&
        !(await ask.confirm('Log in once with a password to create the token? (No prints the commands instead)', true)));
    if (byHand) {
      terminal.out(`${commands.join('\n')}\n`);
      const pasted = (
        await need(ask, 'token-secret-file').secret('Run these as root on a node, then paste the secret of the token')
      ).trim();
      if (pasted === '') throw new OperationError('invalid_input', 'No secret was given.');
      return pasted;
    }
    const username =
      options.password === null && ask !== null ? await ask.text('User who may create users and roles', options.login) : options.login;
    const password = options.password ?? (await need(ask, 'password-file').secret(`Password of ${username} (used once, never stored)`));
    const trust = fingerprint === null ? ({ mode: 'authorities' } as const) : ({ mode: 'pinned', fingerprints: [fingerprint] } as const);
    const session = await openAdminSession({
      host,
      port,
      trust,
      username,
      password,
      otp: async () => options.otp ?? need(ask, 'otp').text('One-time code'),
    });
    try {
      const version = (await session.call('GET', '/version')) as { readonly version?: string } | null;
      const pve = Number.parseInt(version?.version ?? '9', 10) <= 8 ? 8 : 9;
      return await createAccess(session, {
        user,
        tokenName,
        grants: grantsFor(pve),
        replaceToken: options.replaceToken,
        done: (deed) => terminal.err(`  ${deed}\n`),
      });
    } finally {
      await session.close();
    }
  }
}

/** The fingerprint to pin; null where the authorities of this machine vouch for the host. */
async function trustedFingerprint(
  host: string,
  { port, fingerprint }: InitOptions,
  ask: Ask | null,
  terminal: Terminal,
): Promise<string | null> {
  const presented = await presentedCertificate(host, port);
  if (fingerprint !== null) {
    if (parseFingerprint(fingerprint).equals(parseFingerprint(presented.fingerprint))) return presented.fingerprint;
    throw new OperationError(
      'proxmox_unreachable',
      `${host}:${port} shows another certificate than the one you named, so nothing was sent to it.`,
      {
        hint: `It shows ${presented.fingerprint}. Compare it on the node: ${COMPARE}`,
        details: { presented_fingerprint: presented.fingerprint },
      },
    );
  }
  if (presented.isTrusted) {
    terminal.err(`The certificate of ${host} is vouched for by ${presented.issuer}.\n`);
    return null;
  }
  const shown = `${host}:${port} shows a certificate of its own (${presented.issuer}), SHA-256:\n\n  ${presented.fingerprint}\n\nOn the node this must print the same:\n\n  ${COMPARE}\n`;
  if (ask === null) {
    throw new OperationError('invalid_input', `The certificate of ${host}:${port} is its own, so somebody has to compare it.`, {
      hint: `It shows ${presented.fingerprint}. On the node: ${COMPARE}. If both are the same, repeat with --fingerprint ${presented.fingerprint}`,
      details: { presented_fingerprint: presented.fingerprint },
    });
  }
  terminal.err(`\n${shown}\n`);
  if (!(await ask.confirm('Is it the same?', false)))
    throw new OperationError('denied', 'The certificate was not confirmed, so nothing was sent.');
  return presented.fingerprint;
}

const COMPARE =
  'openssl x509 -noout -fingerprint -sha256 -in $(ls /etc/pve/local/pveproxy-ssl.pem /etc/pve/local/pve-ssl.pem 2>/dev/null | head -1)';

async function chooseToolsets(all: readonly string[], ask: Ask | null): Promise<readonly string[]> {
  if (ask === null) return all;
  const answer = await ask.text(`Toolsets, with commas between them (${all.join(', ')})`, 'all');
  const chosen = answer === 'all' ? all : answer.split(',').map((name) => name.trim());
  const unknown = chosen.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new OperationError('invalid_input', `There is no toolset ${JSON.stringify(unknown)}.`, { hint: `Known are ${all.join(', ')}.` });
  return chosen;
}

async function mayWrite(path: string, force: boolean, ask: Ask | null): Promise<void> {
  if (force || (await readConfigFile(path)) === undefined) return;
  const question = `${path} exists. Put the new host and token into it and keep its other sections?`;
  if (ask === null || !(await ask.confirm(question, false))) {
    throw new OperationError('conflict', `${path} exists already.`, {
      hint: 'Repeat with --force to put the new host and token into it (other sections stay), or name another file with --output.',
    });
  }
}

function bareHost(given: string): string {
  const host = given
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^([^:]+):8006$/, '$1');
  if (!/^[\w.:-]{1,253}$/.test(host))
    throw new OperationError('invalid_input', `${JSON.stringify(given.slice(0, 80))} is no host name or address.`, {
      hint: 'Give it without https:// and path; the port has a flag of its own.',
    });
  return host;
}

function need(ask: Ask | null, flag: string): Ask {
  if (ask) return ask;
  throw new OperationError('invalid_input', `--${flag} is missing, and nobody can be asked here.`, {
    hint: 'See proxmox-mcp-plus init --help.',
  });
}
