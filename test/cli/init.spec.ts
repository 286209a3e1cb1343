import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProgram } from '../../src/app/create-program.ts';
import { runInit, type InitOptions } from '../../src/app/init/run-init.ts';
import { TOOLSETS } from '../../src/app/toolsets.ts';
import type { Ask } from '../../src/cli/ask.ts';
import { freePort } from '../exec/openssh.ts';
import { startCommandLine, type CommandLine, type Ran } from './run.ts';

const PASSWORD = 'correct horse battery';
let line: CommandLine;
let output: string;
let passwordFile: string;
beforeEach(async () => {
  // Slow enough for the clocks to agree while a test runs; the agent of 107 never answers.
  line = await startCommandLine({ speed: 10 });
  line.sim.cluster.vm(107, { status: 'stopped' });
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
    expect(ran.err).toMatch(/^ok {4}privileges:vms /m);
    expect(ran.err).toContain(`Next: proxmox-mcp-plus call get_nodes --config ${output}`);

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

/** What a shell shows first: the result goes to standard output, everything else to standard error. */
const firstLine = ({ out, err }: Ran): string => (out + err).split('\n')[0] ?? '';

describe('in a broken world the first line names the cause', () => {
  const token = (user: string, options: { privsep: boolean; expire?: number }): readonly string[] => {
    const { tokenName, tokenValue } = line.sim.cluster.createToken(user, 'made', options);
    const file = join(line.folder, 'token');
    writeFileSync(file, tokenValue);
    return ['--fingerprint', line.sim.fingerprint, '--token-secret-file', file, '--user', user, '--token-name', tokenName];
  };
  const soundToken = (): readonly string[] => token('root@pam', { privsep: false });

  test('1: nothing listens at the port', async () => {
    const port = await freePort();
    const ran = await line.run(['init', '--host', `https://127.0.0.1:${port}/`, '--output', output, '--password-file', passwordFile]);
    expect(firstLine(ran)).toBe(`Nothing listens at 127.0.0.1:${port}.`);
    expect(ran.err).toContain('Proxmox VE listens on port 8006.');
    expect(ran.exitCode).toBe(9);
  });

  test('2: the port speaks plain HTTP', async () => {
    const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ran = await line.run(['init', '--host', '127.0.0.1', '--port', String(port), '--output', output]);
    server.close();
    expect(firstLine(ran)).toBe(`127.0.0.1:${port} does not speak HTTPS.`);
    expect(ran.exitCode).toBe(9);
  });

  test('3: no authority vouches for the certificate', async () => {
    const ran = await init('--password-file', passwordFile);
    expect(firstLine(ran)).toMatch(
      /^No authority that this machine knows vouches for the certificate of 127\.0\.0\.1:\d+, so somebody has to compare it\.$/,
    );
    expect(ran.err).toContain(`--fingerprint ${line.sim.fingerprint}`);
  });

  test('4: the certificate is another one than the one that was named', async () => {
    const ran = await init('--fingerprint', 'AB'.repeat(32), '--password-file', passwordFile);
    expect(firstLine(ran)).toMatch(/shows another certificate than the one you named, so nothing was sent to it\.$/);
    expect(ran.err).toContain(line.sim.fingerprint);
  });

  test('5: the token has expired, and is not written down', async () => {
    const ran = await init(...token('root@pam', { privsep: false, expire: 1000 }));
    expect(firstLine(ran)).toMatch(/does not accept the API token root@pam!made\.$/);
    expect(ran.err).toContain('expired');
    expect(existsSync(output)).toBe(false);
    expect(ran.exitCode).toBe(3);
  });

  test('6: privileges are missing: of the token that was given', async () => {
    line.sim.cluster.user('ops@pve');
    line.sim.cluster.role('Reader', ['VM.Audit', 'Sys.Audit']);
    line.sim.cluster.acl('/', 'ops@pve', 'Reader');
    const ran = await init(...token('ops@pve', { privsep: false }), '--toolset', 'snapshots');
    expect(firstLine(ran)).toMatch(/^The token ops@pve!made lacks .*VM\.Snapshot.* on \/vms\./);
    expect(ran.err).toContain('pveum acl modify /vms --users ops@pve');
    expect(ran.exitCode).toBe(4);
  });

  test('6: privileges are missing: of the user who logs in', async () => {
    line.sim.cluster.user('guest@pve', { password: PASSWORD });
    const ran = await init('--fingerprint', line.sim.fingerprint, '--password-file', passwordFile, '--login', 'guest@pve');
    expect(firstLine(ran)).toMatch(/^guest@pve may not POST \/access\/roles on Proxmox VE: .*\/access/);
    expect(ran.err).toContain('root@pam');
    expect(ran.exitCode).toBe(4);
  });

  test('7: the cluster has no quorum', async () => {
    line.sim.faults.loseQuorum();
    const created = await init('--fingerprint', line.sim.fingerprint, '--password-file', passwordFile);
    expect(firstLine(created)).toBe('The cluster has no quorum, so Proxmox VE refuses every change.');
    expect(created.exitCode).not.toBe(0);
    expect(existsSync(output)).toBe(false);
  });

  test('8: a node is down, which is a warning', async () => {
    line.sim.faults.loseNode('pve3');
    const ran = await init(...soundToken());
    expect(firstLine(ran)).toMatch(/^Node pve3 is offline\./);
    expect(ran.exitCode).toBe(0);
    expect(existsSync(output)).toBe(true);
  });

  test('9: SSH is refused, where the file that is there asks for it', async () => {
    const port = await freePort();
    const nodes = Object.fromEntries(['pve1', 'pve2', 'pve3'].map((node) => [node, '127.0.0.1']));
    const keyFile = join(line.folder, 'id_ed25519');
    writeFileSync(keyFile, ssh2.utils.generateKeyPairSync('ed25519').private, { mode: 0o600 });
    line.configure({ ssh: { port, host_overrides: nodes, key_file: keyFile } });
    output = line.configFile;
    const ran = await init(...soundToken(), '--force');
    expect(firstLine(ran)).toMatch(/^Node pve1 cannot be reached over SSH at 127\.0\.0\.1 port \d+\./);
    expect(ran.exitCode).not.toBe(0);
  });

  test('10: the clocks are apart', async () => {
    await line.sim.clock.advance(7200);
    const ran = await init(...soundToken());
    expect(firstLine(ran)).toMatch(/^The clock of Proxmox VE is \d+ s ahead of the one here\./);
    expect(ran.err).toContain('timedatectl');
  });
});

test('what was made before a failure is told below it', async () => {
  line.sim.faults.respond('PUT /access/acl', { status: 500, reason: 'unable to open file' });
  const ran = await init('--fingerprint', line.sim.fingerprint, '--password-file', passwordFile, '--toolset', 'cluster');
  expect(firstLine(ran)).toBe('Proxmox VE refused PUT /access/acl: unable to open file.');
  expect(ran.err).toMatch(/^Before that:\n {2}role ProxmoxMCP-root/m);
  expect(ran.err).toContain('  token mcp@pve!agent\n');
  expect(existsSync(output)).toBe(false);
});

test('a place that cannot be written is said to be one before a token is made', async () => {
  output = join(passwordFile, 'config.json');
  const ran = await init('--fingerprint', line.sim.fingerprint, '--password-file', passwordFile);
  expect(firstLine(ran)).toMatch(/config\.json cannot be (?:read|written): ENOTDIR\.$/);
  expect(line.sim.requests.list()).toEqual([]);
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
    clients: null,
    allToolsets: TOOLSETS,
  });
  /** A person who answers what the questions begin with; a list answers one time after the other. */
  const person = (answers: Readonly<Record<string, string | boolean | string[]>>): Ask & { readonly asked: string[] } => {
    const asked: string[] = [];
    const answer = (question: string): string | boolean | undefined => {
      asked.push(question);
      const said = Object.entries(answers).find(([begin]) => question.startsWith(begin))?.[1];
      return Array.isArray(said) ? said.shift() : said;
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
    const ask = person({ Address: line.sim.host, 'Is it the same?': true, Toolsets: ['cluster, vm', 'cluster, vms'], Password: PASSWORD });
    const { terminal, text } = captured();
    const result = await runInit(options(), ask, terminal);
    expect(result).toMatchObject({ config_file: output, toolsets: ['cluster', 'vms'], fingerprint: line.sim.fingerprint });
    expect(text()).toContain(line.sim.fingerprint);
    expect(text()).toContain('role ProxmoxMCP-vms');
    expect(text()).toContain('"vm" is not one of them. Did you mean vms?');
    expect(text()).toContain('claude mcp add');
  });

  test('a certificate that is not confirmed ends it before anything is sent', async () => {
    const ask = person({ Address: line.sim.host, 'Is it the same?': false });
    await expect(runInit(options(), ask, captured().terminal)).rejects.toMatchObject({ code: 'denied' });
    expect(line.sim.requests.list()).toEqual([]);
  });

  test('who does not want to log in gets the commands and pastes the secret, again when it was cut off', async () => {
    const ask = person({
      Address: line.sim.host,
      'Is it the same?': true,
      'Log in once': false,
      'Run these': [line.sim.token.tokenValue.slice(0, -1), line.sim.token.tokenValue],
    });
    const { terminal, text } = captured();
    await runInit({ ...options(), user: 'root@pam', tokenName: 'simulator' }, ask, terminal);
    expect(text()).toContain('pveum role add');
    expect(text()).toContain('does not accept the API token root@pam!simulator. Did all of it arrive?');
    expect(text()).not.toContain(line.sim.token.tokenValue.slice(0, -1));
    expect(written().auth['token_value']).toBe(line.sim.token.tokenValue);
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
