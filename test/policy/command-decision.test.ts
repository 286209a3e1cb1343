import { describe, expect, test } from 'vitest';
import type { PolicyInput } from '../../src/policy/policy-schema.ts';
import { decide } from '../../src/policy/decide.ts';
import { command, GUEST, policy, call, OPERATIONS } from './facts.ts';

type Commands = NonNullable<PolicyInput['commands']>;
const token = (opensCommands: boolean) => ({ given: true, opensCommands, opensHighRisk: false });

describe('codes are those the predecessor had', () => {
  const uname: Commands = { allow_patterns: ['^uname(?:\\s+-a)?$'] };
  test.each<[string, string | string[] | undefined, Commands, string, string]>([
    ['an empty command', '', uname, 'deny', 'CMD_POLICY_EMPTY'],
    ['a blank command', '   ', uname, 'deny', 'CMD_POLICY_EMPTY'],
    ['no words', [], uname, 'deny', 'CMD_POLICY_EMPTY'],
    ['no command', undefined, uname, 'deny', 'CMD_POLICY_EMPTY'],
    ['a command no pattern matches', 'id', uname, 'deny', 'CMD_POLICY_NOT_ALLOWLISTED'],
    ['no patterns at all', 'uname -a', {}, 'deny', 'CMD_POLICY_NOT_ALLOWLISTED'],
    ['a command a pattern matches', 'uname -a', uname, 'allow', 'CMD_POLICY_ALLOW'],
    ['spaces between words do not count', 'uname    -a', uname, 'allow', 'CMD_POLICY_ALLOW'],
    ['a chained command', 'uname -a; reboot', uname, 'deny', 'CMD_POLICY_NOT_ALLOWLISTED'],
    ['a denied pattern', 'id', { deny_patterns: ['^ID$'], mode: 'audit_only' }, 'deny', 'CMD_POLICY_DENY_PATTERN'],
    ['a denied pattern within quotes', 'echo "x  id"', { deny_patterns: ['x  id'], mode: 'audit_only' }, 'deny', 'CMD_POLICY_DENY_PATTERN'],
    ['deny before allow', 'uname -a', { ...uname, deny_patterns: ['uname'] }, 'deny', 'CMD_POLICY_DENY_PATTERN'],
    ['a built-in denial', 'rm -rf /srv', { mode: 'audit_only' }, 'deny', 'CMD_POLICY_DENY_PATTERN'],
    ['audit_only', 'id', { mode: 'audit_only' }, 'allow', 'CMD_POLICY_AUDIT_ALLOW'],
    [
      'letters beyond ASCII that a deny pattern cannot judge',
      'echo ü',
      { mode: 'audit_only', deny_patterns: ['\\becho\\w'] },
      'deny',
      'CMD_POLICY_DENY_PATTERN',
    ],
  ])('%s', (_, words, commands, effect, code) => {
    expect(decide(call({ operation: OPERATIONS.execute, command: words }), policy({ commands }))).toMatchObject({
      effect,
      code,
    });
  });

  test.each<[string, Commands['token'], ReturnType<typeof token> | undefined, string, string]>([
    ['required and right', 'required', token(true), 'allow', 'CMD_POLICY_ALLOW'],
    ['required and wrong', 'required', token(false), 'deny', 'CMD_POLICY_APPROVAL_REQUIRED'],
    ['required, none set', 'required_but_missing', token(true), 'deny', 'CMD_POLICY_APPROVAL_NOT_CONFIGURED'],
    ['required, no such argument', 'required', undefined, 'ask', 'CMD_POLICY_APPROVAL_REQUIRED'],
  ])('a token %s', (_, needed, approvalToken, effect, code) => {
    expect(decide(command('uname -a', { approvalToken }), policy({ commands: { ...uname, token: needed } }))).toMatchObject({
      effect,
      code,
    });
  });

  test('a token makes no command allowed that no rule allows', () => {
    expect(decide(command('id', { approvalToken: token(true) }), policy({ commands: { ...uname, token: 'required' } })).code).toBe(
      'CMD_POLICY_NOT_ALLOWLISTED',
    );
  });
});

describe('options under an allow pattern', () => {
  test.each<[string, string, string, 'allow' | 'deny']>([
    ['is written out', '^df\\s+-h$', 'df -h', 'allow'],
    ['is written out as a class', '^ls -[lah]+ /srv$', 'ls -lah /srv', 'allow'],
    ['is one of several written out', '^journalctl (?:-u|--unit) [a-z-]+$', 'journalctl --unit my-app', 'allow'],
    ['falls to a dot', '^ls(?: .*)?$', 'ls -la /srv', 'allow'],
    ['falls to a negated class', '^grep [^;|]+$', 'grep -r --include x /srv', 'allow'],
    ['falls to \\S', '^ls \\S+$', 'ls -la', 'allow'],
    ['slips in through a class of letters', '^systemctl status [a-zA-Z0-9_.@-]+$', 'systemctl status -Hroot@host', 'deny'],
    ['slips in through a class of digits', '^kill [0-9-]+$', 'kill -9', 'deny'],
    ['slips in beside one that is written out', '^tail -n 5 [a-z./-]+$', 'tail -n 5 -f', 'deny'],
    ['slips in beside one that falls to a dot', '^tail .* [a-z.-]+$', 'tail -n 5 -f', 'deny'],
    ['is one of too many to look at', '^x(?: -[a-z]| [a-z-]+)*$', `x ${'-a '.repeat(200)}`, 'deny'],
  ])('%s: %s on %s', (_, pattern, words, effect) => {
    expect(decide(command(words), policy({ commands: { allow_patterns: [pattern] } })).effect).toBe(effect);
  });
});

describe('rules on argv', () => {
  const run = (commands: Commands, words: string[] | string = ['systemctl', 'restart', 'nginx'], input: PolicyInput = {}) =>
    decide(command(words), policy({ ...input, commands }));
  const rule = { name: 'restart', program: 'systemctl', arguments: ['restart', { one_of: ['nginx'] }] };

  test('allow, ask and deny; deny overrides ask overrides allow, whatever the order', () => {
    expect(run({ rules: [rule] })).toMatchObject({ effect: 'allow', code: 'CMD_POLICY_ALLOW', rules: ['restart'] });
    for (const rules of [
      [rule, { ...rule, effect: 'ask' as const }],
      [{ ...rule, effect: 'ask' as const }, rule],
    ])
      expect(run({ rules }).effect).toBe('ask');
    for (const rules of [
      [rule, { ...rule, effect: 'deny' as const }],
      [{ ...rule, effect: 'deny' as const }, rule],
    ])
      expect(run({ rules })).toMatchObject({ effect: 'deny', code: 'CMD_POLICY_DENY_PATTERN' });
  });

  test('an ask rule also stops a pattern from allowing', () => {
    expect(run({ rules: [{ program: 'systemctl', effect: 'ask', any_arguments: true }], allow_patterns: ['systemctl .*'] }).effect).toBe(
      'ask',
    );
    expect(run({ rules: [{ program: 'systemctl', effect: 'deny', any_arguments: true }], mode: 'audit_only' }).effect).toBe('deny');
  });

  test('hold only where and for whom they say', () => {
    expect(run({ rules: [{ ...rule, when: { tags: ['lab'] } }] }).effect).toBe('allow');
    expect(run({ rules: [{ ...rule, when: { tags: ['prod'] } }] }).code).toBe('CMD_POLICY_NOT_ALLOWLISTED');
    const both = command(['systemctl', 'restart', 'nginx'], { targets: [GUEST, { ...GUEST, tags: ['prod'] }] });
    expect(decide(both, policy({ commands: { rules: [{ ...rule, when: { tags: ['lab'] } }] } })).effect).toBe('deny');
    const unknown = command(['systemctl', 'restart', 'nginx'], { targets: [{ ...GUEST, tags: undefined }] });
    expect(decide(unknown, policy({ commands: { rules: [{ ...rule, when: { tags: ['lab'] } }] } })).effect).toBe('deny');
    expect(
      decide(unknown, policy({ commands: { mode: 'audit_only', rules: [{ ...rule, effect: 'deny', when: { tags: ['prod'] } }] } })).effect,
    ).toBe('deny');
  });

  test('the default for execute decides over what no rule describes', () => {
    expect(run({}, ['id'], { risks: { execute: 'ask' } })).toMatchObject({
      effect: 'ask',
      code: 'CMD_POLICY_APPROVAL_REQUIRED',
    });
    expect(run({}, ['id'], { risks: { execute: 'allow' } })).toMatchObject({
      effect: 'allow',
      code: 'CMD_POLICY_AUDIT_ALLOW',
    });
  });
});

describe('shell scripts', () => {
  const run = (script: string, commands: Commands = {}, facts = {}) =>
    decide(call({ operation: OPERATIONS.execute, script, ...facts }), policy({ commands }));
  test('are refused unless the policy opts in, and then always need an approval', () => {
    expect(run('id; id')).toMatchObject({ effect: 'deny', cause: 'script' });
    expect(run('id; id', { mode: 'audit_only' }).effect).toBe('deny');
    expect(run('id; id', { allow_shell_scripts: true })).toMatchObject({
      effect: 'ask',
      code: 'CMD_POLICY_APPROVAL_REQUIRED',
    });
    expect(run('id; id', { allow_shell_scripts: true, mode: 'audit_only' }).effect).toBe('ask');
    expect(run('id; rm -rf /', { allow_shell_scripts: true }).code).toBe('CMD_POLICY_DENY_PATTERN');
    expect(run('id', { allow_shell_scripts: true, deny_patterns: ['id'] }).code).toBe('CMD_POLICY_DENY_PATTERN');
    expect(run(' ', { allow_shell_scripts: true }).code).toBe('CMD_POLICY_EMPTY');
  });

  test('do not open what is refused to the program that is given one', () => {
    const given = (argv: string[], commands: Commands = {}) => run('id', { allow_shell_scripts: true, ...commands }, { command: argv });
    expect(given(['sh'])).toMatchObject({ effect: 'ask', cause: 'script' });
    expect(given(['sudo', 'rm', '-rf', '/'])).toMatchObject({ effect: 'deny', cause: 'built-in-denial' });
    expect(given(['sudo', 'sh'], { deny_patterns: ['sudo'] })).toMatchObject({ effect: 'deny', cause: 'deny-pattern' });
    expect(given(['sudo', 'sh'], { rules: [{ effect: 'deny', program: 'sudo', any_arguments: true }] })).toMatchObject({
      effect: 'deny',
      cause: 'command-rule',
    });
    expect(given(['sh\0'])).toMatchObject({ effect: 'deny', cause: 'command-form' });
  });
});

describe('an argv that is no command', () => {
  test.each<[string, string[]]>([
    ['a NUL character', ['echo', 'a\0b']],
    ['half a character', ['echo', '\ud800']],
    ['a blank program', [' ', 'x']],
    ['a program with a line break', ['id\n']],
    ['a program with a hidden character', ['i\u200bd']],
    ['too many words', Array.from({ length: 1_001 }, () => 'a')],
    ['too many characters', ['echo', 'a'.repeat(16_384)]],
  ])('is refused even in audit_only: %s', (_, argv) => {
    expect(decide(command(argv), policy({ commands: { mode: 'audit_only' } }))).toMatchObject({
      effect: 'deny',
      code: 'CMD_POLICY_NOT_ALLOWLISTED',
      cause: 'command-form',
    });
  });

  test('may hold line breaks and tabs in an argument, since no shell reads it', () => {
    expect(decide(command(['printf', 'a\n\tb']), policy({ commands: { mode: 'audit_only' } })).effect).toBe('allow');
  });
});
