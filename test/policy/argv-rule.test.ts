import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { compileArgvRule, isPathUnder } from '../../src/policy/argv-rule.ts';
import { argvRuleSchema } from '../../src/policy/argv-rule-schema.ts';
import { decide } from '../../src/policy/decide.ts';
import { command, policy } from './facts.ts';

type Rule = z.input<typeof argvRuleSchema>;
const accepts = (rule: Rule, ...argv: string[]) => compileArgvRule(argvRuleSchema.parse(rule)).matches(argv);
const problems = (rule: unknown) => JSON.stringify(argvRuleSchema.safeParse(rule).error?.issues ?? 'none');

describe('a rule describes an argv to the last argument', () => {
  test.each<[Rule, string[][], string[][]]>([
    [{ program: 'uptime' }, [['uptime']], [['uptime', '-p'], ['/usr/bin/uptime'], ['Uptime'], ['uptime', ''], ['uptimes']]],
    [{ program: ['uptime', '/usr/bin/uptime'] }, [['uptime'], ['/usr/bin/uptime']], [['/tmp/uptime']]],
    [
      { program: 'df', options: ['-h', '--total'] },
      [['df'], ['df', '-h'], ['df', '--total', '-h']],
      [
        ['df', '-h', '-h'],
        ['df', '-H'],
        ['df', '-hT'],
        ['df', '--tot'],
        ['df', '/'],
      ],
    ],
    [
      { program: 'systemctl', arguments: ['status', { pattern: '[a-z0-9@._-]+' }] },
      [['systemctl', 'status', 'ssh.service']],
      [
        ['systemctl', 'status'],
        ['systemctl', 'status', '--now'],
        ['systemctl', 'status', 'a', 'b'],
        ['systemctl', 'restart', 'a'],
        ['systemctl', 'status', 'A'],
        ['systemctl', 'status', 'a\nb'],
      ],
    ],
    [
      {
        program: 'journalctl',
        options: [
          { name: '-n', value: { integer: { min: 1, max: 500 } } },
          { name: '--unit', value: { one_of: ['nginx', 'ssh'] } },
        ],
      },
      [
        ['journalctl', '-n', '5'],
        ['journalctl', '--unit=ssh', '-n', '500'],
        ['journalctl', '--unit', 'nginx'],
      ],
      [
        ['journalctl', '-n'],
        ['journalctl', '-n5'],
        ['journalctl', '-n=5'],
        ['journalctl', '-n', '501'],
        ['journalctl', '-n', '05'],
        ['journalctl', '-n', '1e2'],
        ['journalctl', '--unit=cron'],
        ['journalctl', '--unit', 'ssh', '--unit', 'ssh'],
        ['journalctl', '-n', '-n', '5'],
      ],
    ],
    [
      { program: 'cat', arguments: [{ path_under: '/var/log', at_most: 3 }] },
      [
        ['cat', '/var/log/syslog'],
        ['cat', '/var/log/a/b', '/var/log/c'],
      ],
      [
        ['cat'],
        ['cat', '/var/log/../../etc/shadow'],
        ['cat', '/var/logs/x'],
        ['cat', 'var/log/x'],
        ['cat', '/var/log//x'],
        ['cat', '/var/log/./x'],
        ['cat', '/etc/shadow'],
        ['cat', '/var/log/a', '/var/log/b', '/var/log/c', '/var/log/d'],
      ],
    ],
    [
      {
        program: 'ls',
        arguments: [
          { literal: '-l', at_least: 0 },
          { path_under: '/srv', at_least: 0, at_most: 1 },
        ],
      },
      [['ls'], ['ls', '-l'], ['ls', '-l', '/srv'], ['ls', '/srv/x']],
      [
        ['ls', '/srv', '-l'],
        ['ls', '-l', '-l'],
      ],
    ],
    [
      { program: 'echo', arguments: [{ pattern: '.*', at_least: 0, at_most: 5 }] },
      [['echo'], ['echo', 'a b', '$(id)']],
      [
        ['echo', '-e'],
        ['echo', '-'],
        ['echo', '--'],
        ['echo', '1', '2', '3', '4', '5', '6'],
      ],
    ],
    [
      { program: 'a', arguments: [{ pattern: 'x', at_most: 3 }, { pattern: 'x|y', at_least: 2, at_most: 2 }, 'x'] },
      [
        ['a', 'x', 'x', 'x', 'x'],
        ['a', 'x', 'x', 'x', 'x', 'y', 'x'],
      ],
      [
        ['a', 'x', 'x', 'x'],
        ['a', 'x', 'y', 'x', 'y'],
      ],
    ],
    [
      { program: 'sudo', arguments: ['-n', 'systemctl', 'restart', 'nginx'], knows_wrapper: true },
      [['sudo', '-n', 'systemctl', 'restart', 'nginx']],
      [
        ['sudo', 'systemctl', 'restart', 'nginx'],
        ['sudo', '-n', 'systemctl', '-n', 'restart', 'nginx'],
        ['sudo', '-u', 'x', '-n', 'systemctl', 'restart', 'nginx'],
      ],
    ],
    [{ program: 'bash', effect: 'deny', any_arguments: true }, [['bash'], ['bash', '-c', 'id']], [['sh']]],
  ])('%j', (rule, accepted, refused) => {
    for (const argv of accepted) expect({ argv, accepted: accepts(rule, ...argv) }).toEqual({ argv, accepted: true });
    for (const argv of refused) expect({ argv, accepted: accepts(rule, ...argv) }).toEqual({ argv, accepted: false });
  });

  test('a thousand arguments against overlapping repetitions are settled in one pass', () => {
    const rule: Rule = {
      program: 'a',
      arguments: Array.from({ length: 50 }, () => ({ pattern: 'x', at_least: 0, at_most: 20 })),
    };
    const started = performance.now();
    expect(accepts(rule, 'a', ...Array.from({ length: 999 }, () => 'x'), 'y')).toBe(false);
    expect(accepts(rule, 'a', ...Array.from({ length: 999 }, () => 'x'))).toBe(true);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('a rule the schema refuses, with what to write instead', () => {
  test.each<[string, unknown, string]>([
    ['a wrapper not named as such', { program: '/usr/bin/python3.12' }, 'knows_wrapper: true'],
    ['a wrapper among several spellings', { program: ['ls', 'env'] }, 'knows_wrapper: true'],
    ['options of a wrapper', { program: 'sudo', knows_wrapper: true, options: ['-n'] }, 'in their place'],
    ['any arguments allowed', { program: 'ls', any_arguments: true }, 'must list its arguments'],
    ['any arguments and a list', { program: 'ls', effect: 'deny', any_arguments: true, arguments: ['a'] }, 'not both'],
    ['a lookahead', { program: 'ls', arguments: [{ pattern: '(?!x)y' }] }, 'lookahead'],
    ['two kinds at once', { program: 'ls', arguments: [{ pattern: 'x', literal: 'y' }] }, 'exactly one'],
    ['at_least above at_most', { program: 'ls', arguments: [{ literal: 'y', at_least: 3, at_most: 2 }] }, 'at_least'],
    ['an option without dash', { program: 'ls', options: ['l'] }, 'dash'],
    ['a root with ..', { program: 'ls', arguments: [{ path_under: '/var/../etc' }] }, '..'],
    ['a key that does not exist', { program: 'ls', argumants: [] }, 'argumants'],
  ])('%s', (_, rule, words) => expect(problems(rule)).toContain(words));

  test('a rule that denies may name a wrapper freely', () =>
    expect(problems({ program: 'bash', effect: 'deny', any_arguments: true })).toBe('"none"'));
});

test.each<[string, string, boolean]>([
  ['/', '/', true],
  ['/', '/etc', true],
  ['/var', '/var', true],
  ['/var', '/var/', true],
  ['/var/', '/var/x', true],
  ['/var', '/varx', false],
  ['/var', '/', false],
  ['/var', '/var/..', false],
  ['/var', '/var/../var/x', false],
  ['/var', '/var/x/..', false],
  ['/var', '//var/x', false],
  ['/var', '/var//', false],
  ['/var', '-/var', false],
  ['/var', '/var/\n', false],
])('under %s lies %s: %s', (root, path, under) => expect(isPathUnder(root, path)).toBe(under));

test.each<[string, string, string[], boolean]>([
  ['a bare name', 'reg', ['reg', 'add'], true],
  ['a bare name in a folder', 'rm', ['/usr/bin/../bin/rm', 'x'], true],
  ['a bare name as Windows spells it', 'reg', ['C:\\Windows\\System32\\REG.EXE', 'add'], true],
  ['a name that only begins so', 'rm', ['rmdir', 'x'], false],
  ['a path', '/opt/bin/rm', ['/usr/bin/rm', 'x'], false],
])('a rule that denies %s', (_, program, argv, refused) => {
  for (const effect of ['deny', 'ask'] as const) {
    const commands = { mode: 'audit_only' as const, rules: [{ program, effect, any_arguments: true }] };
    expect(decide(command(argv), policy({ commands })).effect).toBe(refused ? effect : 'allow');
  }
});

test('a rule that allows a bare name allows it in no folder', () => {
  expect(decide(command(['/tmp/uname']), policy({ commands: { rules: [{ program: 'uname' }] } })).effect).toBe('deny');
});
