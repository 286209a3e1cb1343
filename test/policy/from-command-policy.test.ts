import { describe, expect, test } from 'vitest';
import { splitOutsideBrackets } from '../../src/domain/split-list.ts';
import { commandPolicyFromEnvironment } from '../../src/policy/command-policy-environment.ts';
import type { CommandPolicyInput } from '../../src/policy/command-policy-schema.ts';
import { commandPolicySchema } from '../../src/policy/command-policy-schema.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import { decide } from '../../src/policy/decide.ts';
import { fromCommandPolicy } from '../../src/policy/from-command-policy.ts';
import { policySchema } from '../../src/policy/policy-schema.ts';
import { command } from './facts.ts';

const map = (section: CommandPolicyInput, policy?: Parameters<typeof fromCommandPolicy>[1]) =>
  fromCommandPolicy(commandPolicySchema.parse(section), policy);
const effectOf = (section: CommandPolicyInput, text: string) => decide(command(text), compilePolicy(map(section).section)).effect;

/** The section of the predecessor's example file, and that of its guide to commands in containers. */
const EXAMPLE: CommandPolicyInput = {
  mode: 'deny_all',
  allow_patterns: [],
  deny_patterns: ['(^|\\s)rm\\s+-rf(\\s|$)', ':\\(\\)\\{:\\|:\\&\\};:'],
  require_approval_token: false,
  approval_token: null,
};
const GUIDE: CommandPolicyInput = {
  ...EXAMPLE,
  mode: 'allowlist',
  allow_patterns: ['^uname(?:\\s+-a)?$', '^df\\s+-h$', '^cat\\s+/etc/os-release$', '^systemctl\\s+status\\s+[a-zA-Z0-9_.@-]+$'],
};

describe('the section command_policy', () => {
  test('amounts to the defaults when it is empty', () => {
    const { section, findings, tokens } = map({});
    const defaults = policySchema.parse({});
    expect({ ...section, high_risk: { ...section.high_risk, operations: [] } }).toEqual({
      ...defaults,
      high_risk: { ...defaults.high_risk, operations: [] },
    });
    expect(findings).toEqual([]);
    expect(tokens).toEqual({ commands: null, highRisk: null });
  });

  test('loads as in the example file, without a finding', () => {
    expect(map(EXAMPLE).findings).toEqual([]);
    expect(effectOf(EXAMPLE, 'uname')).toBe('deny');
  });

  test.each(['uname', 'uname -a', 'df -h', 'df   -h', 'cat /etc/os-release', 'systemctl status ssh@1.service'])(
    'of the guide allows %s',
    (text) => {
      expect(map(GUIDE).findings).toEqual([]);
      expect(effectOf(GUIDE, text)).toBe('allow');
    },
  );

  test.each([';', '|', '&', '&&', '$(id)', '`id`', '\n', '>x'])('of the guide allows nothing with %j', (text) =>
    expect(effectOf(GUIDE, `uname -a${text}id`)).toBe('deny'),
  );

  test('ignores keys it does not know, as before', () => expect(commandPolicySchema.parse({ comment: 'x' })).not.toHaveProperty('comment'));

  test('keeps its tokens out of the policy', () => {
    const { section, tokens } = map({
      require_approval_token: true,
      approval_token: 'a-very-long-secret',
      high_risk_require_approval_token: true,
    });
    expect(tokens).toEqual({ commands: 'a-very-long-secret', highRisk: 'a-very-long-secret' });
    expect(JSON.stringify(section)).not.toContain('a-very-long-secret');
    expect([section.commands.token, section.high_risk.token]).toEqual(['required', 'required']);
    expect(map({ require_approval_token: true, approval_token: '' }).section.commands.token).toBe('required_but_missing');
    expect(map({ approval_token: 'x' }).tokens.commands).toBeNull();
  });

  test('never weakens a policy section beside it', () => {
    const { section } = map(
      { mode: 'audit_only', high_risk_mode: 'disabled' },
      { high_risk: { mode: 'enforce' }, commands: { mode: 'rules', deny_patterns: ['a'] }, read_only: true },
    );
    expect(section).toMatchObject({
      read_only: true,
      high_risk: { mode: 'enforce' },
      commands: { mode: 'rules', deny_patterns: ['a'] },
    });
  });

  test('reads deny patterns that were escaped twice also as they were meant', () => {
    const twice: CommandPolicyInput = { mode: 'audit_only', deny_patterns: ['(^|\\\\s)apt\\\\s+purge(\\\\s|$)'] };
    expect(effectOf(twice, 'apt purge x')).toBe('deny');
    expect(effectOf(twice, 'apt show x')).toBe('allow');
    expect(map(twice).findings.map(({ path }) => path)).toContain('command_policy.deny_patterns[0]');
  });

  test.each<[string, CommandPolicyInput, string, boolean]>([
    ['audit_only', { mode: 'audit_only' }, 'mode', true],
    ['disabled', { high_risk_mode: 'disabled' }, 'high_risk_mode', true],
    ['enforce without token', { high_risk_mode: 'enforce' }, 'high_risk_mode', false],
    ['a shorter list', { high_risk_operations: ['delete_vm'] }, 'high_risk_operations', false],
    ['a token missing', { require_approval_token: true }, 'approval_token', false],
    ['a static token', { approval_token: 'a-very-long-secret' }, 'approval_token', true],
    ['a short token', { high_risk_approval_token: 'short' }, 'high_risk_approval_token', true],
    ['no deny patterns', { deny_patterns: [] }, 'deny_patterns', false],
    ['an unanchored pattern', { allow_patterns: ['^ok$', 'uname'] }, 'allow_patterns[1]', false],
    ['a pattern open to any text', { allow_patterns: ['^tar .*$'] }, 'allow_patterns[0]', true],
    ['a deny pattern that means ASCII', { deny_patterns: ['\\brm\\b'] }, 'deny_patterns[0]', false],
  ])('is reported on: %s', (_, section, path, weaker) => {
    const finding = map(section).findings.find((one) => one.path === `command_policy.${path}` && one.weaker_than_default === weaker);
    expect(finding?.message).toMatch(/^[A-Z].*\.$/i);
    expect(finding?.how_to_mend).toMatch(/^[A-Z].*\.$/i);
    expect(JSON.stringify(map(section).findings)).not.toContain('a-very-long-secret');
  });

  test.each<[string, CommandPolicyInput, (string | number)[], string]>([
    ['a lookahead', { allow_patterns: ['^(?!rm)'] }, ['allow_patterns', 0], 'lookahead'],
    ['a backreference', { deny_patterns: ['(a)\\1'] }, ['deny_patterns', 0], 'backreference'],
    ['a count from nothing', { deny_patterns: ['a{,3}'] }, ['deny_patterns', 0], '{0,n}'],
  ])('is refused with its place: %s', (_, section, path, words) => {
    expect(commandPolicySchema.safeParse(section).error?.issues).toMatchObject([{ path, message: expect.stringContaining(words) }]);
  });
});

describe('the variables COMMAND_POLICY_*', () => {
  test('describe the same section', () => {
    expect(commandPolicyFromEnvironment({ PATH: '/bin' })).toBeUndefined();
    expect(
      commandPolicyFromEnvironment({
        COMMAND_POLICY_MODE: 'ALLOWLIST',
        COMMAND_POLICY_ALLOW_PATTERNS: '^uname$, ^a{1,3}$',
        COMMAND_POLICY_DENY_PATTERNS: '["x,y", "z"]',
        COMMAND_POLICY_REQUIRE_APPROVAL_TOKEN: 'True',
        COMMAND_POLICY_APPROVAL_TOKEN: 's3cret',
        COMMAND_POLICY_HIGH_RISK_MODE: 'enforce',
        COMMAND_POLICY_HIGH_RISK_OPERATIONS: 'delete_vm,delete_iso',
        COMMAND_POLICY_HIGH_RISK_REQUIRE_APPROVAL_TOKEN: '0',
        COMMAND_POLICY_HIGH_RISK_APPROVAL_TOKEN: ' ',
      }),
    ).toEqual({
      mode: 'allowlist',
      allow_patterns: ['^uname$', '^a{1,3}$'],
      deny_patterns: ['x,y', 'z'],
      require_approval_token: true,
      approval_token: 's3cret',
      high_risk_mode: 'enforce',
      high_risk_operations: ['delete_vm', 'delete_iso'],
      high_risk_require_approval_token: false,
    });
  });

  test.each<[string, string[]]>([
    ['a,b', ['a', 'b']],
    [' a , ,b,', ['a', 'b']],
    ['a{1,3},b', ['a{1,3}', 'b']],
    ['[a,b],c', ['[a,b]', 'c']],
    ['(a,b),c', ['(a,b)', 'c']],
    ['a\\,b', ['a\\,b']],
    ['\\(a,b', ['\\(a', 'b']],
    ['[(],b', ['[(]', 'b']],
    ['[\\],],b', ['[\\],]', 'b']],
  ])('are split outside of brackets: %s', (text, items) => expect(splitOutsideBrackets(text)).toEqual(items));

  test('refuse a flag that is neither true nor false, naming the variable', () => {
    expect(() => commandPolicyFromEnvironment({ COMMAND_POLICY_REQUIRE_APPROVAL_TOKEN: 'maybe' })).toThrow(
      'COMMAND_POLICY_REQUIRE_APPROVAL_TOKEN',
    );
    expect(() => commandPolicyFromEnvironment({ COMMAND_POLICY_ALLOW_PATTERNS: '["a", 1]' })).toThrow('COMMAND_POLICY_ALLOW_PATTERNS');
  });
});
