import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/domain/principal.ts';
import { localPrincipal } from '../../src/domain/principal.ts';
import { decide } from '../../src/policy/decide.ts';
import type { PolicyInput } from '../../src/policy/policy-schema.ts';
import { call, key, OPERATIONS, policy } from './facts.ts';

const MODES: Record<string, PolicyInput> = {
  default: {},
  'read-only': { read_only: true },
  enforce: { high_risk: { mode: 'enforce' } },
  disabled: { high_risk: { mode: 'disabled' } },
  'four eyes': { four_eyes: ['destroy'] },
  'commands audit_only': { commands: { mode: 'audit_only' } },
  'uname allowed': { commands: { rules: [{ program: 'uname', options: ['-a'] }] } },
};
const PRINCIPALS: Record<string, Principal> = {
  local: localPrincipal('mcp-stdio'),
  'reading key': key('reader', ['read']),
  'operating key': key('operator', ['read', 'operate']),
  'full key': key('full', ['read', 'operate', 'destroy', 'execute']),
};

/** Columns: read, change, disrupt, destroy, execute (`uname -a`), write_guest_file. a = allow, ? = ask, - = deny. */
const TABLE: [mode: string, principal: string, askable: 'askable' | 'mute' | 'tainted', expected: string][] = [
  ['default', 'local', 'askable', 'a a ? ? - -'],
  ['default', 'local', 'mute', 'a a a a - -'],
  ['default', 'local', 'tainted', 'a a a a - -'],
  ['default', 'reading key', 'mute', 'a - - - - -'],
  ['default', 'operating key', 'mute', 'a a a - - -'],
  ['default', 'operating key', 'askable', 'a a ? - - -'],
  ['default', 'full key', 'mute', 'a a a a - -'],
  ['default', 'full key', 'askable', 'a a ? ? - -'],
  ['default', 'full key', 'tainted', 'a a a ? - -'],
  ['read-only', 'local', 'askable', 'a - - - - -'],
  ['read-only', 'local', 'mute', 'a - - - - -'],
  ['read-only', 'full key', 'mute', 'a - - - - -'],
  ['enforce', 'local', 'askable', 'a a ? ? - -'],
  ['enforce', 'local', 'mute', 'a a ? ? - -'],
  ['enforce', 'operating key', 'mute', 'a a ? - - -'],
  ['enforce', 'full key', 'mute', 'a a ? ? - -'],
  ['disabled', 'local', 'askable', 'a a a a - -'],
  ['disabled', 'full key', 'mute', 'a a a a - -'],
  ['disabled', 'full key', 'tainted', 'a a a ? - -'],
  ['four eyes', 'local', 'askable', 'a a ? ? - -'],
  ['four eyes', 'local', 'mute', 'a a a ? - -'],
  ['four eyes', 'full key', 'mute', 'a a a ? - -'],
  ['commands audit_only', 'local', 'mute', 'a a a a a -'],
  ['commands audit_only', 'operating key', 'mute', 'a a a - - -'],
  ['commands audit_only', 'full key', 'tainted', 'a a a ? ? -'],
  ['uname allowed', 'local', 'askable', 'a a ? ? a -'],
  ['uname allowed', 'local', 'tainted', 'a a a a a -'],
  ['uname allowed', 'reading key', 'mute', 'a - - - - -'],
  ['uname allowed', 'full key', 'tainted', 'a a a ? ? -'],
];

describe('operation risk × mode × principal × channel', () => {
  test.each(TABLE)('%s, %s, %s: %s', (mode, principal, channel, expected) => {
    const decided = Object.values(OPERATIONS).map((operation) => {
      const words = operation === OPERATIONS.execute ? { command: ['uname', '-a'] } : {};
      const facts = { canAskCaller: channel === 'askable', untrustedTextRead: channel === 'tainted', ...words };
      const { effect } = decide(
        call({ operation, principal: PRINCIPALS[principal] ?? localPrincipal('cli'), ...facts }),
        policy(MODES[mode]),
      );
      return { allow: 'a', ask: '?', deny: '-' }[effect];
    });
    expect(decided.join(' ')).toBe(expected);
  });

  test('every mode is in the table', () => {
    expect(new Set(TABLE.map(([mode]) => mode))).toEqual(new Set(Object.keys(MODES)));
    expect(new Set(TABLE.map(([, principal]) => principal))).toEqual(new Set(Object.keys(PRINCIPALS)));
  });
});

describe('codes of high-risk operations are those the predecessor had', () => {
  const token = { given: true, opensCommands: false, opensHighRisk: false };
  const right = { given: true, opensCommands: false, opensHighRisk: true };
  test.each([
    ['not of high risk', {}, 'change', undefined, 'allow', 'OP_POLICY_ALLOW'],
    ['disabled', { mode: 'disabled' }, 'destroy', undefined, 'allow', 'OP_POLICY_DISABLED'],
    ['audit_only, nobody to ask', {}, 'destroy', undefined, 'allow', 'OP_POLICY_AUDIT_ALLOW'],
    ['enforce', { mode: 'enforce' }, 'destroy', undefined, 'ask', 'OP_POLICY_APPROVAL_REQUIRED'],
    ['token required, none given', { token: 'required' }, 'destroy', { ...token, given: false }, 'deny', 'OP_POLICY_APPROVAL_REQUIRED'],
    ['token required, wrong', { token: 'required' }, 'destroy', token, 'deny', 'OP_POLICY_APPROVAL_REQUIRED'],
    ['token required, right, audit_only', { token: 'required' }, 'destroy', right, 'allow', 'OP_POLICY_AUDIT_ALLOW'],
    ['token required, right, enforce', { token: 'required', mode: 'enforce' }, 'destroy', right, 'allow', 'OP_POLICY_ALLOW'],
    ['token required, none set', { token: 'required_but_missing' }, 'destroy', right, 'deny', 'OP_POLICY_APPROVAL_NOT_CONFIGURED'],
    ['token required, no such argument', { token: 'required' }, 'destroy', undefined, 'ask', 'OP_POLICY_APPROVAL_REQUIRED'],
    ['token required, disabled', { token: 'required', mode: 'disabled' }, 'destroy', token, 'allow', 'OP_POLICY_DISABLED'],
  ] as const)('%s', (_, highRisk, risk, approvalToken, effect, code) => {
    const settings = policy({ high_risk: { operations: ['delete_vm'], ...highRisk } });
    expect(decide(call({ operation: OPERATIONS[risk], approvalToken }), settings)).toMatchObject({ effect, code });
  });

  test('a destroying operation that is not listed waits for an approval where tokens are required', () => {
    const settings = policy({ high_risk: { operations: ['delete_iso'], token: 'required' } });
    expect(decide(call({ operation: OPERATIONS.destroy, approvalToken: right }), settings).effect).toBe('ask');
  });

  test('a right token does not answer for a rule that asks, nor for untrusted text', () => {
    const settings: PolicyInput = { high_risk: { operations: ['delete_vm'], token: 'required' } };
    const asking = policy({ ...settings, rules: [{ effect: 'ask', operations: ['delete_vm'] }] });
    expect(decide(call({ operation: OPERATIONS.destroy, approvalToken: right }), asking).effect).toBe('ask');
    const tainted = policy({ ...settings, untrusted_text_requires_approval: 'on' });
    expect(decide(call({ operation: OPERATIONS.destroy, approvalToken: right, untrustedTextRead: true }), tainted)).toMatchObject({
      effect: 'ask',
      cause: 'untrusted-text',
    });
  });

  test('enforce asks even where a rule allows; audit_only does not', () => {
    const rules: PolicyInput['rules'] = [{ effect: 'allow', operations: ['delete_vm'] }];
    expect(
      decide(call({ operation: OPERATIONS.destroy, canAskCaller: true }), policy({ rules, high_risk: { mode: 'enforce' } })).effect,
    ).toBe('ask');
    expect(decide(call({ operation: OPERATIONS.destroy, canAskCaller: true }), policy({ rules })).effect).toBe('allow');
  });

  test('a listed operation of risk execute that takes no command follows the mode', () => {
    const keys = { name: 'update_container_ssh_keys', toolset: 'containers', risk: 'execute' } as const;
    expect(decide(call({ operation: keys }), policy())).toMatchObject({
      effect: 'allow',
      code: 'OP_POLICY_AUDIT_ALLOW',
    });
    expect(decide(call({ operation: keys }), policy({ high_risk: { mode: 'enforce' } })).effect).toBe('ask');
    expect(decide(call({ operation: keys }), policy({ high_risk: { operations: [] } })).effect).toBe('deny');
  });
});
