import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProgram } from '../../src/app/create-program.ts';
import { runInit, type InitOptions } from '../../src/app/init/run-init.ts';
import { TOOLSETS } from '../../src/app/permissions-command.ts';
import type { Ask } from '../../src/cli/ask.ts';
import { startCommandLine, type CommandLine } from './run.ts';

const PASSWORD = 'correct horse battery';
let line: CommandLine;
let output: string;
let passwordFile: string;
beforeEach(async () => {
  line = await startCommandLine();
  line.sim.cluster.user('root@pam', { password: PASSWORD });
  output = join(line.folder, 'fresh', 'config.json');
  passwordFile = join(line.folder, 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
});
afterEach(() => line[Symbol.asyncDispose]());

const init = (...more: readonly string[]) =>
  line.run(['init', '--host', line.sim.host, '--port', String(line.sim.port), '--output', output, ...more]);
const written = () => JSON.parse(readFileSync(output, 'utf8')) as { proxmox: Record<string, unknown>; auth: Record<string, string> };

describe('without a person to ask', () => {
  test('a login is used once to make roles, user and token, and the configuration works at once', async () => {
    const ran = await init('--fingerprint', line.sim.fingerprint, '--password-file', passwordFile, '--toolset', 'cluster,vms');
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(statSync(output).mode & 0o777).toBe(0o600);
    expect(written()).toMatchObject({
      proxmox: { host: line.sim.host, fingerprint: line.sim.fingerprint },
      auth: { user: 'mcp@pve', token_name: 'agent' },
    });
    expect(readFileSync(output, 'utf8')).not.toContain(PASSWORD);
    expect(ran.out + ran.err).not.toContain(written().auth['token_value']);

    const nodes = await line.run(['call', 'get_nodes', '--config', output, '--json']);
    expect(nodes.exitCode).toBe(0);
    const doctor = await line.run(['doctor', '--config', output, '--toolset', 'cluster,vms', '--json']);
    expect(doctor.json<{ findings: readonly { check: string; status: string }[] }>().findings).toContainEqual(
      expect.objectContaining({ check: 'privileges:vms', status: 'ok' }),
    );
  });

  test('what was not asked for is not granted', async () => {
    await init('--fingerprint', line.sim.fingerprint, '--password-file', passwordFile, '--toolset', 'cluster');
    const ran = await line.run(['doctor', '--config', output, '--toolset', 'snapshots']);
    expect(ran.out.split('\n')[0]).toMatch(/^The token mcp@pve!agent lacks .*VM\.Snapshot/);
  });

  test('the certificate is shown and nothing else sent until somebody has compared it', async () => {
    const ran = await init('--password-file', passwordFile);
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain(`--fingerprint ${line.sim.fingerprint}`);
    expect(line.sim.requests.list()).toEqual([]);
  });

  test('another certificate than the named one ends it before the password leaves', async () => {
    const ran = await init('--fingerprint', 'AB'.repeat(32), '--password-file', passwordFile);
    expect(ran.exitCode).toBe(9);
    expect(ran.err).toContain('shows another certificate than the one you named');
    expect(line.sim.requests.list()).toEqual([]);
  });

  test('a wrong password is said to be one, and nothing is made', async () => {
    writeFileSync(passwordFile, 'guess');
    const ran = await init('--fingerprint', line.sim.fingerprint, '--password-file', passwordFile);
    expect(ran).toMatchObject({ exitCode: 3 });
    expect(ran.err.split('\n')[0]).toBe('Proxmox VE does not accept the password of root@pam.');
    expect(ran.err).not.toContain('guess');
    expect(line.sim.requests.count('POST /access/roles')).toBe(0);
  });

  test('a token that exists is not lost unless it is meant to be', async () => {
    const options = ['--fingerprint', line.sim.fingerprint, '--password-file', passwordFile, '--toolset', 'cluster', '--force'];
    await init(...options);
    const first = written().auth['token_value'];
    const again = await init(...options);
    expect(again).toMatchObject({ exitCode: 6 });
    expect(again.err).toContain('--replace-token');
    expect(written().auth['token_value']).toBe(first);
    expect((await init(...options, '--replace-token')).exitCode).toBe(0);
    expect(written().auth['token_value']).not.toBe(first);
    expect((await line.run(['call', 'get_nodes', '--config', output])).exitCode).toBe(0);
  });

  test('an existing file is kept unless told otherwise, and its other sections always', async () => {
    const tokenFile = join(line.folder, 'token');
    writeFileSync(tokenFile, line.sim.token.tokenValue);
    const options = [
      '--fingerprint',
      line.sim.fingerprint,
      '--token-secret-file',
      tokenFile,
      '--user',
      'root@pam',
      '--token-name',
      'simulator',
    ];
    expect((await init(...options)).exitCode).toBe(0);
    writeFileSync(output, JSON.stringify({ ...written(), logging: { level: 'ERROR' } }), { mode: 0o600 });
    expect(await init(...options)).toMatchObject({ exitCode: 6 });
    expect((await init(...options, '--force')).exitCode).toBe(0);
    expect(written()).toMatchObject({ logging: { level: 'ERROR' }, auth: { token_value: line.sim.token.tokenValue } });
    expect(line.sim.requests.count('POST /access/ticket')).toBe(0);
  });

  test('the commands for a node are printed instead of logging in', async () => {
    const ran = await init('--fingerprint', line.sim.fingerprint, '--print-commands', '--toolset', 'vms');
    expect(ran.exitCode).toBe(0);
    expect(ran.out).toContain('pveum user token add mcp@pve agent --privsep 1');
    expect(ran.out).toBe((await line.run(['permissions', '--toolset', 'vms'])).out);
    expect(line.sim.requests.list()).toEqual([]);
  });

  test('what to paste into a client names the file that was written', async () => {
    const ran = await init('--fingerprint', line.sim.fingerprint, '--password-file', passwordFile, '--client', 'claude-desktop,codex');
    expect(ran.out).toContain(`"PROXMOX_MCP_CONFIG": "${output}"`);
    expect(ran.out).toContain('[mcp_servers.proxmox.env]');
    expect(ran.out).not.toContain(written().auth['token_value']);
  });
});

describe('with a person', () => {
  const options = (): InitOptions => ({
    host: null,
    port: line.sim.port,
    fingerprint: null,
    toolsets: null,
    user: 'mcp@pve',
    tokenName: 'agent',
    replaceToken: false,
    login: 'root@pam',
    password: null,
    otp: null,
    tokenSecret: null,
    printCommands: false,
    output,
    force: false,
    clients: ['claude-code'],
    allToolsets: TOOLSETS,
  });
  /** A person who answers what the questions begin with. */
  const person = (answers: Readonly<Record<string, string | boolean>>): Ask & { readonly asked: string[] } => {
    const asked: string[] = [];
    const answer = (question: string): string | boolean | undefined => {
      asked.push(question);
      return Object.entries(answers).find(([begin]) => question.startsWith(begin))?.[1];
    };
    return {
      asked,
      text: async (question, fallback) => String(answer(question) ?? fallback ?? ''),
      secret: async (question) => String(answer(question) ?? ''),
      confirm: async (question, fallback) => Boolean(answer(question) ?? fallback),
      close: () => undefined,
    };
  };
  const captured = () => {
    let text = '';
    const add = (more: string): void => void (text += more);
    return { terminal: { out: add, err: add, isInteractive: true, columns: 100 }, text: () => text };
  };

  test('asks for host, certificate, toolsets and password, and shows what it does', async () => {
    const ask = person({ Address: line.sim.host, 'Is it the same?': true, Toolsets: 'cluster, vms', Password: PASSWORD });
    const { terminal, text } = captured();
    const result = await runInit(options(), ask, terminal);
    expect(result).toMatchObject({ config_file: output, toolsets: ['cluster', 'vms'], fingerprint: line.sim.fingerprint });
    expect(text()).toContain(line.sim.fingerprint);
    expect(text()).toContain('role ProxmoxMCP-vms');
    expect(text()).toContain('claude mcp add');
  });

  test('a certificate that is not confirmed ends it before anything is sent', async () => {
    const ask = person({ Address: line.sim.host, 'Is it the same?': false });
    await expect(runInit(options(), ask, captured().terminal)).rejects.toMatchObject({ code: 'denied' });
    expect(line.sim.requests.list()).toEqual([]);
  });

  test('who does not want to log in gets the commands and pastes the secret', async () => {
    const ask = person({
      Address: line.sim.host,
      'Is it the same?': true,
      'Log in once': false,
      'Run these': '11111111-2222-3333-4444-555555555555',
    });
    const { terminal, text } = captured();
    await runInit(options(), ask, terminal);
    expect(text()).toContain('pveum role add');
    expect(text()).not.toContain('11111111-2222');
    expect(written().auth['token_value']).toBe('11111111-2222-3333-4444-555555555555');
  });
});

test('init is in the table with every flag that its refusals name', () => {
  const { flags } = createProgram().commands.find(({ name }) => name === 'init') ?? {};
  for (const name of [
    'host',
    'fingerprint',
    'password-file',
    'token-secret-file',
    'otp',
    'replace-token',
    'force',
    'output',
    'token-name',
    'print-commands',
  ])
    expect(flags).toHaveProperty(name);
});
