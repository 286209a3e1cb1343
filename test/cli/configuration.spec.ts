import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../../src/app/create-program.ts';
import { complete } from '../../src/cli/completion-commands.ts';
import { leastPrivilege } from '../../src/app/least-privilege.ts';
import { operationsOf } from '../../src/app/toolsets.ts';
import { createKeyring } from '../../src/http/keyring.ts';
import { run, startCommandLine, type CommandLine } from './run.ts';

let line: CommandLine;
beforeAll(async () => {
  line = await startCommandLine();
});
afterAll(() => line[Symbol.asyncDispose]());

describe('config', () => {
  test('check tells where the configuration comes from and what was not understood', async () => {
    line.configure({ loging: {} });
    const ran = await line.run(['config', 'check']);
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.out).toContain(line.configFile);
    expect(ran.out).toContain('unknown section "loging"');
    line.configure({});
  });

  test('check names every problem and never the token', async () => {
    line.configure({ proxmox: { host: 'https://pve', port: 99_999 } });
    const ran = await line.run(['config', 'check']);
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain('proxmox.port');
    expect(ran.err).toContain('proxmox.host');
    expect(ran.err).not.toContain(line.sim.token.tokenValue);
    line.configure({});
  });

  test('a file that is named and missing is named, whether or not the environment suffices', async () => {
    const named = ['--config', '/nowhere/config.json'];
    expect((await run(['config', 'check', ...named])).err).toContain(
      'the environment, which counts because /nowhere/config.json does not exist',
    );
    const environment = { PROXMOX_HOST: 'pve', PROXMOX_USER: 'mcp@pve', PROXMOX_TOKEN_NAME: 'agent', PROXMOX_TOKEN_VALUE: 'secret' };
    const { exitCode, out } = await run(['config', 'check', ...named], { environment });
    expect(exitCode).toBe(0);
    expect(out).toContain('Warning: /nowhere/config.json does not exist, so the environment counts');
  });

  test('check reads the files that the configuration names', async () => {
    const policy = join(line.folder, 'policy.yaml');
    writeFileSync(policy, 'rules: [\n  - oops', { mode: 0o600 });
    line.configure({ policy: { file: policy } });
    for (const argv of [
      ['config', 'check'],
      ['call', 'get_nodes'],
      ['policy', 'check'],
    ]) {
      const { exitCode, err } = await line.run(argv);
      expect({ argv, exitCode }).toEqual({ argv, exitCode: 2 });
      expect(err).toMatch(
        /^The policy cannot be used: one problem in .*policy\.yaml\n {2}policy\.file: is no valid YAML or JSON: .* column 3\n/,
      );
    }
    const { host, port } = line.sim;
    line.configure({ proxmox: { host, port, ca_file: '/nowhere.pem' } });
    for (const argv of [
      ['config', 'check'],
      ['call', 'get_nodes'],
    ]) {
      const { exitCode, err } = await line.run(argv);
      expect({ argv, exitCode }).toEqual({ argv, exitCode: 2 });
      expect(err).toMatch(/^proxmox\.ca_file \(PROXMOX_CA_FILE\) is "\/nowhere\.pem", which cannot be read: ENOENT\.\n/);
    }
    line.configure({});
  });

  test.each([
    ['', 'is empty'],
    ['proxmox:\n  host: x\n', 'is not valid JSON, which is all that is read'],
    ['{"proxmox": {"host": "x",}}', 'is not valid JSON at position 25 (line 1 column 26)'],
  ])('a file that holds %j is told so', async (text, problem) => {
    writeFileSync(line.configFile, text, { mode: 0o600 });
    expect((await line.run(['config', 'check'])).err).toContain(`the file: ${problem}\n`);
    line.configure({});
  });

  test('schema is the schema that editors use', async () => {
    const schema = (await run(['config', 'schema'])).json<{ properties: object }>();
    expect(schema.properties).toHaveProperty('proxmox');
  });
});

describe('keys', () => {
  test('a key is shown once, its hash is kept, and it opens what its scopes say', async () => {
    const ran = await line.run(['keys', 'add', 'n8n', '--scope', 'read,operate', '--expires', '2030-12-31']);
    expect(ran.exitCode).toBe(0);
    const key = ran.out.trim();
    const { keys } = JSON.parse(readFileSync(line.configFile, 'utf8')) as {
      keys: readonly { name: string; hash: string; scopes: readonly 'read'[]; expires: string }[];
    };
    expect(keys).toMatchObject([{ name: 'n8n', scopes: ['read', 'operate'], expires: '2030-12-31' }]);
    expect(readFileSync(line.configFile, 'utf8')).not.toContain(key);
    expect(statSync(line.configFile).mode & 0o777).toBe(0o600);
    const keyring = createKeyring({ fullKey: null, keys: keys.map((stored) => ({ ...stored, expiresAt: null })), now: () => new Date(0) });
    expect(keyring.find(key)).toMatchObject({ kind: 'known', identity: { id: 'key:n8n' } });
    expect((await line.run(['audit', 'tail'])).out).toContain('key_change');
  });

  test('names are taken once, listed, and revoked', async () => {
    expect(await line.run(['keys', 'add', 'n8n', '--scope', 'read'])).toMatchObject({ exitCode: 6 });
    expect((await line.run(['keys', 'list'])).out).toMatch(/n8n\s+read,operate\s+2030-12-31/);
    expect((await line.run(['keys', 'add', 'x', '--scope', 'reed'])).err).toContain('Did you mean read?');
    expect(await line.run(['keys', 'revoke', 'n8n'])).toMatchObject({ exitCode: 0 });
    expect((await line.run(['keys', 'list'])).out).toBe('No named keys.\n');
    const { out } = await line.run(['audit', 'export']);
    const changes = out
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { event: string; principal: string; surface: string; facts: unknown })
      .filter(({ event }) => event === 'key_change');
    // What was refused changed nothing and is no change.
    expect(changes).toMatchObject([
      { principal: 'local', surface: 'cli', facts: { deed: 'add', name: 'n8n', config: line.configFile } },
      { principal: 'local', surface: 'cli', facts: { deed: 'revoke', name: 'n8n', config: line.configFile } },
    ]);
    expect((await line.run(['audit', 'verify'])).exitCode).toBe(0);
    expect(await line.run(['keys', 'revoke', 'n8n'])).toMatchObject({ exitCode: 5 });
  });

  test('are not changed where the change cannot be accounted for', async () => {
    const before = readFileSync(line.configFile, 'utf8');
    const environment = { ...line.environment, PROXMOX_MCP_AUDIT_DIR: '/dev/null/audit' };
    const ran = await line.run(['keys', 'add', 'unseen', '--scope', 'admin'], { environment });
    expect(ran.exitCode).not.toBe(0);
    expect(ran.out).toBe('');
    expect(readFileSync(line.configFile, 'utf8')).toBe(before);
  });

  test('without a config file there is no place for keys', async () => {
    const ran = await run(['keys', 'add', 'n8n', '--scope', 'read'], { environment: {} });
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain('--config');
  });
});

describe('permissions', () => {
  test('one role per path holds what the operations declare, and both user and token get it', async () => {
    const { grants, commands } = (await run(['permissions', '--toolset', 'snapshots', '--json'])).json<{
      grants: readonly { path: string; privileges: readonly string[] }[];
      commands: readonly string[];
    }>();
    expect(grants).toMatchObject([{ path: '/vms', privileges: expect.arrayContaining(['VM.Audit', 'VM.Snapshot']) as unknown }]);
    expect(commands).toContain("pveum acl modify /vms --users mcp@pve --tokens 'mcp@pve!agent' --roles ProxmoxMCP-vms");
  });

  test('a role of Proxmox VE 8 names no privilege of 9, and the other way round', () => {
    const all = (pve: 8 | 9) =>
      leastPrivilege(operationsOf(['cluster', 'vms', 'containers', 'snapshots', 'images', 'backups']), pve).flatMap(
        ({ privileges }) => privileges,
      );
    expect(all(8).filter((name) => name.startsWith('VM.GuestAgent'))).toEqual([]);
    expect(all(9)).not.toContain('VM.Monitor');
  });

  test('the printed commands are sound shell', async () => {
    const { out } = await run(['permissions']);
    execFileSync('bash', ['-n'], { input: out });
  });
});

describe('completion', () => {
  const { commands } = createProgram();

  test.each([
    [['do'], ['doctor']],
    [
      ['jobs', ''],
      ['list', 'show', 'wait', 'cancel', 'retry', 'resolve'],
    ],
    [
      ['call', 'start_'],
      ['start_vm', 'start_container'],
    ],
    [['call', 'start_vm', '--dry'], ['--dry-run']],
    [
      ['permissions', '--pve', ''],
      ['8', '9'],
    ],
    [['jobs', 'list', '--status', 'fai'], ['failed']],
  ])('%j -> %j', (words, expected) => {
    expect(complete(commands, words)).toEqual(expected);
  });

  test('bash completes through the script', async () => {
    const { out: script } = await run(['completion', 'bash']);
    const program = join(line.folder, 'proxmox-mcp-plus');
    writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${join(process.cwd(), 'src/main.ts')} "$@"\n`);
    chmodSync(program, 0o755);
    const scriptFile = join(line.folder, 'completion.bash');
    writeFileSync(scriptFile, script);
    const said = execFileSync(
      'bash',
      ['-c', `source ${scriptFile}; COMP_WORDS=(${program} jobs re); COMP_CWORD=2; _proxmox_mcp_plus; printf '%s ' "\${COMPREPLY[@]}"`],
      { encoding: 'utf8' },
    );
    expect(said.trim()).toBe('retry resolve');
  });

  test.each(['zsh', 'fish'])('%s has a script that asks the program', async (shell) => {
    expect((await run(['completion', shell])).out).toMatch(/complete -- /);
  });
});
