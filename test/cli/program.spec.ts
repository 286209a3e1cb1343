import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/app/create-program.ts';
import { flagsOf } from '../../src/cli/command.ts';
import { helpOfCommand } from '../../src/cli/help.ts';
import { nearest } from '../../src/cli/nearest.ts';
import { VERSION } from '../../src/app/version.ts';
import { run } from './run.ts';

const { commands } = createProgram();

describe('the table of commands', () => {
  test('has each name once', () => {
    const names = commands.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(commands.map((command) => [command.name === '' ? '(no command)' : command.name, command] as const))(
    '%s explains itself',
    (_name, command) => {
      expect(command.summary.length).toBeGreaterThan(5);
      for (const [flag, { summary }] of Object.entries(flagsOf(command))) {
        expect(flag).toMatch(/^[a-z][a-z0-9-]*$/);
        expect(summary, `--${flag} is described`).not.toBe('');
      }
      for (const line of helpOfCommand(command).split('\n')) expect(line.length).toBeLessThanOrEqual(125);
    },
  );

  test('lets no flag of an operation stand in the way of one that every command has', () => {
    for (const command of commands)
      for (const name of ['json', 'config', 'help']) expect(Object.keys(command.flags ?? {})).not.toContain(name);
  });
});

describe('what was meant', () => {
  test('an unknown command is named with the nearest one, and exits as wrong input', async () => {
    const ran = await run(['docter']);
    expect(ran).toMatchObject({ exitCode: 2, out: '', err: 'Unknown command "docter".\nDid you mean doctor?\n' });
  });

  test('an unknown operation and an unknown flag are named with the nearest ones', async () => {
    expect((await run(['call', 'strat_vm'])).err).toBe('call has no command "strat_vm".\nDid you mean start_vm?\n');
    expect((await run(['call', 'start_vm', '--vmdi', '1'])).err).toBe('call start_vm has no flag --vmdi.\nDid you mean --vmid?\n');
  });

  test('a family without its second word lists the words', async () => {
    expect((await run(['jobs'])).err).toMatch(/^jobs needs one more word\.\nKnown are list, show, wait/);
  });

  test('a family asked for help shows its commands', async () => {
    for (const argv of [
      ['jobs', '--help'],
      ['jobs', '-h'],
      ['help', 'jobs'],
    ]) {
      const { exitCode, out } = await run(argv);
      expect({ argv, exitCode }).toEqual({ argv, exitCode: 0 });
      expect(out).toMatch(/^Usage: proxmox-mcp-plus jobs COMMAND \[flags\]\n\n {2}jobs list/);
    }
    expect((await run(['call', '--help'])).out).toMatch(/^Usage: proxmox-mcp-plus call OPERATION \[flags\]\n\n {2}call get_nodes/);
  });

  test('a wrong value is named with what it must be', async () => {
    expect((await run(['call', 'start_vm', '--vmid', 'web'])).err).toContain('--vmid is "web"; it is a whole number.');
    expect((await run(['permissions', '--pve', '7'])).err).toContain('It is one of 8, 9.');
    expect((await run(['permissions', '--toolset', 'vm'])).err).toContain('Did you mean vms?');
    expect((await run(['jobs', 'show'])).err).toContain('JOB_ID is missing.');
    expect((await run(['jobs', 'show', 'a', 'b'])).err).toContain('"b" is one word too many');
    expect((await run(['call', 'start_vm', '--vmid'])).err).toContain('--vmid needs a value.');
  });

  test('errors are JSON on standard error where JSON is asked for', async () => {
    const ran = await run(['call', 'start_vm', '--vmid', 'web', '--json']);
    expect(ran.out).toBe('');
    expect(JSON.parse(ran.err)).toMatchObject({ error: { code: 'invalid_input', effect: 'none' } });
  });

  test('swapped letters count as one slip, and far words are not offered', () => {
    expect(nearest('cancle', ['cancel', 'show'])).toEqual(['cancel']);
    expect(nearest('zzzz', ['cancel', 'show'])).toEqual([]);
  });
});

describe('about the program', () => {
  test.each([['version'], ['--version'], ['-v']])('%s prints the version', async (word) => {
    expect(await run([word])).toMatchObject({ exitCode: 0, out: `${VERSION}\n` });
  });

  test.each([['help'], ['--help'], ['-h']])('%s lists the commands', async (word) => {
    const { out, exitCode } = await run([word]);
    expect(exitCode).toBe(0);
    for (const family of [
      'serve',
      'mcp-http',
      'init',
      'doctor',
      'demo',
      'call OPERATION',
      'jobs list|show',
      'permissions',
      'completion bash|zsh|fish',
    ])
      expect(out).toContain(family);
    expect(out).not.toContain('complete ');
  });

  test('help of a command shows the flags that follow from the schema of its operation', async () => {
    const { out } = await run(['call', 'start_vm', '--help']);
    expect(out).toContain('--vmid NUMBER');
    expect(out).toContain('--dry-run');
    expect((await run(['help', 'call', 'start_vm'])).out).toBe(out);
  });

  test('without configuration it says how to begin', async () => {
    const ran = await run(['call', 'get_nodes']);
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain('proxmox-mcp-plus init');
  });
});
