import { resolve } from 'node:path';
import { OperationError } from '../../domain/operation-error.ts';
import type { Ask } from '../../cli/ask.ts';
import { CLIENT_IDS, EXAMPLE_TARGET, clientConfigs } from '../../cli/client-configs.ts';
import { didYouMean } from '../../cli/nearest.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { assertWritable, readConfigFile, writeConfigFile } from '../config-file.ts';
import { leastPrivilege, pveMajorOf, pveumCommands, type Grant, type PveMajor } from '../least-privilege.ts';
import { operationsOf } from '../toolsets.ts';
import { openAdminSession } from './admin-session.ts';
import { compareCertificate } from './compare-certificate.ts';
import { createAccess } from './create-access.ts';
import { proveToken } from './prove-token.ts';

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
  /** Null asks a person. */
  readonly clients: readonly string[] | null;
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
  const { user, tokenName } = options;
  const output = resolve(options.output);
  const { host, port } = addressOf(options.host ?? (await need(ask, 'host').text('Address of any Proxmox VE node')), options.port);
  const say = (text: string): void => terminal.err(text);
  const fingerprint = await compareCertificate({ host, port, fingerprint: options.fingerprint }, ask, say);
  const toolsets = options.toolsets ?? (await chooseToolsets(options.allToolsets, ask, say));
  const grantsFor = (pve: PveMajor): readonly Grant[] => leastPrivilege(operationsOf(toolsets), pve);
  const shared = { host, fingerprint, token_id: `${user}!${tokenName}`, toolsets };
  const commands = pveumCommands(grantsFor(9), { user, tokenName });
  if (options.printCommands && options.tokenSecret === null && ask === null) return { ...shared, config_file: null, commands };

  await mayWrite(output, options.force, ask);
  const sections = (secret: string) => ({
    proxmox: { host, port, ...(fingerprint === null ? {} : { fingerprint }) },
    auth: { user, token_name: tokenName, token_value: secret },
  });
  const secret = await tokenSecret();
  await writeConfigFile(output, { ...(await readConfigFile(output)), ...sections(secret) });
  say(`Written: ${output} (readable by you only)\n`);
  const clients = options.clients ?? (await chooseClients(ask, say));
  for (const { id, name, where, text } of clientConfigs({ ...EXAMPLE_TARGET, configFile: output })) {
    if (clients.includes(id)) terminal.out(`\n${name}: ${where}\n\n${text}\n`);
  }
  return { ...shared, config_file: output, commands: [] };

  async function tokenSecret(): Promise<string> {
    if (options.tokenSecret !== null) {
      await proveToken(sections(options.tokenSecret));
      return options.tokenSecret;
    }
    const byHand =
      options.printCommands ||
      (options.password === null &&
        ask !== null &&
        !(await ask.confirm('Log in once with a password to create the token? (No prints the commands instead)', true)));
    if (byHand) {
      terminal.out(`${commands.join('\n')}\n`);
      return pastedSecret(need(ask, 'token-secret-file'));
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
      return await createAccess(session, {
        user,
        tokenName,
        grants: grantsFor(pveMajorOf(version?.version ?? '')),
        replaceToken: options.replaceToken,
        done: (deed) => say(`  ${deed}\n`),
      });
    } finally {
      await session.close();
    }
  }

  async function pastedSecret(person: Ask): Promise<string> {
    for (;;) {
      const pasted = (await person.secret('Run these as root on a node, then paste the secret of the token')).trim();
      if (pasted === '') throw new OperationError('invalid_input', 'No secret was given.');
      try {
        await proveToken(sections(pasted));
        return pasted;
      } catch (error) {
        if (!(error instanceof OperationError) || error.code !== 'unauthenticated') throw error;
        say(`${error.message} Did all of it arrive?\n`);
      }
    }
  }
}

async function chooseToolsets(all: readonly string[], ask: Ask | null, say: (text: string) => void): Promise<readonly string[]> {
  if (ask === null) return all;
  const answer = await ask.text(`Toolsets, with commas between them (${all.join(', ')})`, 'all');
  return answer === 'all' ? all : (knownIn(all, answer, say) ?? chooseToolsets(all, ask, say));
}

async function chooseClients(ask: Ask | null, say: (text: string) => void): Promise<readonly string[]> {
  if (ask === null) return [];
  const answer = await ask.text(`Clients to show the configuration for (${CLIENT_IDS.join(', ')}, none)`, 'claude-code');
  return answer === 'none' ? [] : (knownIn(CLIENT_IDS, answer, say) ?? chooseClients(ask, say));
}

/** The words between the commas; undefined, and a line that says so, where one of them is not known. */
function knownIn(all: readonly string[], answer: string, say: (text: string) => void): readonly string[] | undefined {
  const words = answer
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const unknown = words.find((word) => !all.includes(word));
  if (unknown === undefined) return words;
  say(`${JSON.stringify(unknown)} is not one of them. ${didYouMean(unknown, all) ?? ''}\n`);
  return undefined;
}

async function mayWrite(path: string, force: boolean, ask: Ask | null): Promise<void> {
  const isThere = (await readConfigFile(path)) !== undefined;
  const question = `${path} exists. Put the new host and token into it and keep its other sections?`;
  if (isThere && !force && (ask === null || !(await ask.confirm(question, false)))) {
    throw new OperationError('conflict', `${path} exists already.`, {
      hint: 'Repeat with --force to put the new host and token into it (other sections stay), or name another file with --output.',
    });
  }
  // Before a token is made whose secret is shown only once.
  await assertWritable(path);
}

/** `pve1`, `192.0.2.10:8006`, `[2001:db8::1]:8006`, `https://pve1:8006/#v1:0`: what people paste. */
function addressOf(given: string, port: number): { readonly host: string; readonly port: number } {
  const bare = given
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/[/?#].*$/, '');
  const [, bracketed, name, after] = /^(?:\[(.*)\]|([^:]+))(?::(\d{1,5}))?$/.exec(bare) ?? [];
  const host = bracketed ?? name ?? bare;
  if (!/^[\w.:-]{1,253}$/.test(host))
    throw new OperationError('invalid_input', `${JSON.stringify(given.slice(0, 80))} is no host name or address.`, {
      hint: 'Give it as pve1.example.org or 192.0.2.10.',
    });
  return { host, port: after === undefined ? port : Number(after) };
}

function need(ask: Ask | null, flag: string): Ask {
  if (ask) return ask;
  throw new OperationError('invalid_input', `--${flag} is missing, and nobody can be asked here.`, {
    hint: 'See proxmox-mcp-plus init --help.',
  });
}
