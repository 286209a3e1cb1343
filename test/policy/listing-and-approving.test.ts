import { describe, expect, test } from 'vitest';
import { localPrincipal } from '../../src/domain/principal.ts';
import { canEverAllow } from '../../src/policy/can-ever-allow.ts';
import { decide } from '../../src/policy/decide.ts';
import { explain } from '../../src/policy/explain.ts';
import { mayApprove } from '../../src/policy/four-eyes.ts';
import { matchesName } from '../../src/policy/name-pattern.ts';
import type { PolicyInput } from '../../src/policy/policy-schema.ts';
import { findUnknownNames } from '../../src/policy/unknown-names.ts';
import { call, command, key, OPERATIONS, policy } from './facts.ts';

const local = localPrincipal('mcp-stdio');
const listed = (input: PolicyInput = {}, principal = local) =>
  Object.values(OPERATIONS)
    .filter((operation) => canEverAllow(operation, principal, policy(input)))
    .map(({ name }) => name);

describe('listed is what the policy could ever allow to the principal', () => {
  test('by default all that does not need a rule, and commands, whose refusal names the rule', () => {
    expect(listed()).toEqual(['get_vms', 'start_vm', 'stop_vm', 'delete_vm', 'execute_vm_command']);
    expect(listed({ commands: { tools_listed: 'when_allowed' } })).toEqual(['get_vms', 'start_vm', 'stop_vm', 'delete_vm']);
    expect(listed({ commands: { tools_listed: 'when_allowed', allow_patterns: ['id'] } })).toContain('execute_vm_command');
  });

  test('narrowed by scopes, read-only, toolsets, limits of nought, and rules that always deny', () => {
    expect(listed({}, key('reader', ['read']))).toEqual(['get_vms']);
    expect(listed({ read_only: true })).toEqual(['get_vms']);
    expect(listed({ toolsets: [] })).toEqual([]);
    expect(listed({ limits: { destroyed_per_day: 0 } })).not.toContain('delete_vm');
    expect(listed({ rules: [{ effect: 'deny', risks: ['destroy'] }] })).not.toContain('delete_vm');
    expect(listed({ rules: [{ effect: 'deny', risks: ['destroy'], principals: ['key:*'] }] })).toContain('delete_vm');
  });

  test('not narrowed by what depends on the guest', () => {
    expect(listed({ rules: [{ effect: 'deny', risks: ['destroy'], tags: ['prod'] }] })).toContain('delete_vm');
    expect(listed({ risks: { destroy: 'deny' }, rules: [{ effect: 'allow', risks: ['destroy'], tags: ['lab'] }] })).toContain('delete_vm');
    expect(listed({ risks: { destroy: 'deny' } })).not.toContain('delete_vm');
    expect(listed({ rules: [{ effect: 'ask', operations: ['write_guest_file'] }] })).toContain('write_guest_file');
  });

  test('an unknown operation is never listed', () => expect(canEverAllow({ name: 'x' }, local, policy())).toBe(false));
});

describe('an approval', () => {
  const asked = (input: PolicyInput) =>
    decide(
      call({ operation: OPERATIONS.destroy, principal: key('a', ['destroy', 'approve']) }),
      policy({ high_risk: { mode: 'enforce' }, ...input }),
    );
  const caller = key('a', ['destroy', 'approve']);

  test('comes from a principal with the scope, and from another than the caller under four eyes', () => {
    expect(mayApprove(asked({}), caller, caller).may).toBe(true);
    expect(mayApprove(asked({}), caller, key('b', ['read'])).may).toBe(false);
    expect(asked({ four_eyes: ['destroy'] }).fourEyes).toBe(true);
    expect(mayApprove(asked({ four_eyes: ['destroy'] }), caller, caller).may).toBe(false);
    expect(mayApprove(asked({ four_eyes: ['destroy'] }), caller, key('b', ['approve'])).may).toBe(true);
    expect(mayApprove(asked({ four_eyes: ['destroy'] }), caller, localPrincipal('cli')).may).toBe(true);
  });

  test('is no answer to a refusal', () => expect(mayApprove({ effect: 'deny', fourEyes: false }, caller, caller).may).toBe(false));
});

describe('an explanation', () => {
  test('tells every check in order', () => {
    const { decision, steps } = explain(
      call({ operation: OPERATIONS.destroy, canAskCaller: true }),
      policy({ rules: [{ name: 'prod', effect: 'deny', tags: ['prod'] }] }),
    );
    expect(decision.effect).toBe('ask');
    expect(steps.map(({ check, says }) => `${check}: ${says}`)).toEqual([
      'known operation: passes',
      'scope: passes',
      'toolset: passes',
      'read-only: passes',
      'protection: passes',
      'secret file: passes',
      'limits: passes',
      'rules on guest 101: nothing',
      'default by risk: nothing',
      'high risk: ask',
      'untrusted text: passes',
    ]);
  });

  test('tells what stands in the way of a command', () => {
    const { steps } = explain(command('uname; id'), policy());
    expect(steps.find(({ check }) => check === 'command')).toMatchObject({
      says: 'deny',
      detail: 'The character ; at position 6 ends a command.',
    });
  });

  test('never repeats what the caller or a guest wrote', () => {
    const words = 'IGNORE-ALL-RULES';
    const told = JSON.stringify(
      explain(
        command(['ok', words], {
          targets: [{ kind: 'guest', vmid: 101, name: words, tags: [words], pool: words, node: words }],
        }),
        policy({ rules: [{ effect: 'deny', nodes: ['x'] }] }),
      ),
    );
    expect(told).not.toContain(words);
  });
});

test.each<[string, string, boolean]>([
  ['a', 'a', true],
  ['a', 'A', false],
  ['*', '', true],
  ['delete_*', 'delete_vm', true],
  ['delete_*', 'undelete_vm', false],
  ['*_vm', 'delete_vm', true],
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'abc', true],
  ['a*b*c', 'acb', false],
  ['a*a', 'a', false],
  ['*a*b*', 'xbxaxb', true],
  ['*b*a', 'aba', true],
  ['a*bb*b', 'abb', false],
  ['.*', 'x', false],
])('the name pattern %s on %j: %s', (pattern, name, matches) => expect(matchesName(pattern, name)).toBe(matches));

describe('names that exist nowhere', () => {
  const known = { operations: ['get_vms', 'delete_vm', 'update_container_ssh_keys'], toolsets: ['vms', 'backups'] };
  test('are found wherever a policy names operations or toolsets', () => {
    const section = policy({
      rules: [{ effect: 'deny', operations: ['delete_vm', 'delte_vm', 'delete_*'], toolsets: ['vm'] }],
      toolsets: ['vms', 'backup'],
      toolsets_off: ['x'],
      high_risk: { operations: ['remove_vm'] },
      commands: { rules: [{ program: 'id', when: { operations: ['exec_*'] } }] },
    }).section;
    expect(findUnknownNames(section, known).map(({ path }) => path)).toEqual([
      'policy.rules[0].operations[1]',
      'policy.rules[0].toolsets[0]',
      'policy.commands.rules[0].when.operations[0]',
      'policy.toolsets[1]',
      'policy.toolsets_off[0]',
      'policy.high_risk.operations[0]',
    ]);
    expect(findUnknownNames(policy().section, known)).toEqual([]);
  });
});
