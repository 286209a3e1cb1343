import { describe, expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import type { PolicyInput } from '../../src/policy/policy-schema.ts';
import { policySchema } from '../../src/policy/policy-schema.ts';
import type { TargetFacts } from '../../src/policy/request.ts';
import { call, GUEST, key, OPERATIONS, policy } from './facts.ts';

type Rule = NonNullable<PolicyInput['rules']>[number];
const { change, destroy, read } = OPERATIONS;
const effectOf = (rules: Rule[], target: TargetFacts = GUEST, risks: PolicyInput['risks'] = {}) =>
  decide(call({ operation: change, targets: [target] }), policy({ rules, risks })).effect;

describe('a rule holds when all its conditions hold', () => {
  test.each<[string, Omit<Rule, 'effect'>, boolean]>([
    ['operation', { operations: ['start_vm'] }, true],
    ['operation with a star', { operations: ['start_*'] }, true],
    ['another operation', { operations: ['stop_vm'] }, false],
    ['toolset', { toolsets: ['vms'] }, true],
    ['another toolset', { toolsets: ['backups'] }, false],
    ['risk', { risks: ['change', 'destroy'] }, true],
    ['another risk', { risks: ['read'] }, false],
    ['node', { nodes: ['pve1'] }, true],
    ['another node', { nodes: ['pve2'] }, false],
    ['vmid', { vmids: [101] }, true],
    ['vmid range', { vmids: ['100-199'] }, true],
    ['both ends of a range', { vmids: ['101-101'] }, true],
    ['another range', { vmids: ['102-199', 100] }, false],
    ['one tag of two', { tags: ['lab'] }, true],
    ['a tag with a star', { tags: ['we*'] }, true],
    ['another tag', { tags: ['prod'] }, false],
    ['pool', { pools: ['red', 'blue'] }, true],
    ['another pool', { pools: ['blue'] }, false],
    ['guest type', { guest_types: ['qemu'] }, true],
    ['another guest type', { guest_types: ['lxc'] }, false],
    ['template', { template: false }, true],
    ['templates only', { template: true }, false],
    ['protection', { protected: false }, true],
    ['protected only', { protected: true }, false],
    ['principal', { principals: ['local'] }, true],
    ['another principal', { principals: ['key:*'] }, false],
    ['surface', { surfaces: ['mcp-stdio'] }, true],
    ['another surface', { surfaces: ['http'] }, false],
    ['untrusted text', { untrusted_text: false }, true],
    ['untrusted text read', { untrusted_text: true }, false],
    ['all of them', { operations: ['start_vm'], nodes: ['pve1'], tags: ['web'] }, true],
    ['all but one', { operations: ['start_vm'], nodes: ['pve1'], tags: ['db'] }, false],
  ])('%s', (_, conditions, holds) => {
    expect(effectOf([{ effect: 'deny', ...conditions }])).toBe(holds ? 'deny' : 'allow');
    expect(effectOf([{ effect: 'allow', ...conditions }], GUEST, { change: 'deny' })).toBe(holds ? 'allow' : 'deny');
  });
});

describe('a missing fact counts against the call', () => {
  test.each<[string, Omit<Rule, 'effect'>]>([
    ['node', { nodes: ['pve1'] }],
    ['vmid', { vmids: [101] }],
    ['tags', { tags: ['web'] }],
    ['pool', { pools: ['red'] }],
    ['guestType', { guest_types: ['qemu'] }],
    ['template', { template: false }],
    ['protected', { protected: false }],
  ])('%s', (fact, conditions) => {
    const target = { ...GUEST, [fact]: undefined };
    expect(effectOf([{ effect: 'deny', ...conditions }], target)).toBe('deny');
    expect(effectOf([{ effect: 'ask', ...conditions }], target)).toBe('ask');
    expect(effectOf([{ effect: 'allow', ...conditions }], target, { change: 'deny' })).toBe('deny');
    expect(effectOf([{ effect: 'ask', ...conditions }], target, { change: 'deny' })).toBe('deny');
  });

  test('a guest in no pool is not a guest of unknown pool', () => {
    expect(effectOf([{ effect: 'deny', pools: ['red'] }], { ...GUEST, pool: null })).toBe('allow');
  });

  test('conditions on guests do not apply to nodes and volumes', () => {
    expect(effectOf([{ effect: 'deny', vmids: ['100-999999999'] }], { kind: 'other', node: 'pve1' })).toBe('allow');
    expect(effectOf([{ effect: 'deny', nodes: ['pve1'] }], { kind: 'other', node: 'pve1' })).toBe('deny');
  });

  test('a write that names no target is judged as touching an unknown guest, a read is not', () => {
    const rules: Rule[] = [{ effect: 'deny', tags: ['prod'] }];
    expect(decide(call({ operation: change, targets: [] }), policy({ rules })).effect).toBe('deny');
    expect(decide(call({ operation: read, targets: [] }), policy({ rules })).effect).toBe('allow');
  });
});

describe('several rules', () => {
  test.each<[string, Rule['effect'][], string]>([
    ['deny overrides all', ['allow', 'ask', 'deny'], 'deny'],
    ['ask overrides allow', ['allow', 'ask'], 'ask'],
    ['allow alone', ['allow'], 'allow'],
  ])('%s, in any order', (_, effects, expected) => {
    const rules = effects.map((effect) => ({ effect, nodes: ['pve1'] }));
    expect(effectOf(rules)).toBe(expected);
    expect(effectOf(rules.toReversed())).toBe(expected);
  });

  test('an ask rule lifts a denying default to a question', () => {
    expect(effectOf([{ effect: 'ask', nodes: ['pve1'] }], GUEST, { change: 'deny' })).toBe('ask');
  });

  test('the strictest answer of several targets holds', () => {
    const rules: Rule[] = [{ effect: 'deny', vmids: [102] }];
    expect(decide(call({ operation: change, targets: [GUEST, { ...GUEST, vmid: 102 }] }), policy({ rules })).effect).toBe('deny');
    const allowed = policy({ rules: [{ effect: 'allow', vmids: [101] }], risks: { change: 'deny' } });
    expect(decide(call({ operation: change, targets: [GUEST, { ...GUEST, vmid: 102 }] }), allowed).effect).toBe('deny');
    expect(decide(call({ operation: change }), allowed).effect).toBe('allow');
  });

  test('the rules that mattered are named, and their reason is given', () => {
    const rules: Rule[] = [
      { name: 'no-prod', effect: 'deny', nodes: ['pve1'], reason: 'Production is frozen.' },
      { effect: 'deny', tags: ['web'] },
      { name: 'other', effect: 'deny', nodes: ['pve9'] },
    ];
    expect(decide(call({ operation: change }), policy({ rules }))).toMatchObject({
      code: 'OP_POLICY_DENIED',
      reason: 'Production is frozen.',
      rules: ['no-prod', 'rules[1]'],
    });
  });

  test('a rule that allows does not make a command run; a rule that denies stops it', () => {
    const uname = { rules: [{ program: 'uname' }] };
    const run = (rules: Rule[], commands: PolicyInput['commands']) =>
      decide(call({ operation: OPERATIONS.execute, command: ['uname'] }), policy({ rules, commands })).effect;
    expect(run([{ effect: 'allow', operations: ['execute_vm_command'] }], {})).toBe('deny');
    expect(run([{ effect: 'allow', operations: ['execute_vm_command'] }], uname)).toBe('allow');
    expect(run([{ effect: 'ask', operations: ['execute_vm_command'] }], uname)).toBe('ask');
    expect(run([{ effect: 'deny', operations: ['execute_vm_command'] }], uname)).toBe('deny');
  });
});

describe('no rule lifts', () => {
  const everything: Rule[] = [{ effect: 'allow', operations: ['*'] }];
  const decideWith = (facts: Partial<Parameters<typeof call>[0]>, input: PolicyInput = {}) =>
    decide(call({ operation: destroy, ...facts }), policy({ rules: everything, ...input }));

  test('an unknown operation', () => {
    expect(decideWith({ operation: { name: 'format_everything' } }).code).toBe('OP_POLICY_UNKNOWN_OPERATION');
    expect(decideWith({ operation: { name: 'x', risk: 'read' } }).code).toBe('OP_POLICY_UNKNOWN_OPERATION');
  });

  test('a missing scope', () =>
    expect(decideWith({ principal: key('n8n', ['read', 'operate', 'execute', 'approve']) })).toMatchObject({
      effect: 'deny',
      code: 'OP_POLICY_SCOPE',
    }));
  test('read-only', () => expect(decideWith({}, { read_only: true }).code).toBe('OP_POLICY_READ_ONLY'));
  test('a toolset that is off', () => {
    expect(decideWith({}, { toolsets_off: ['vms'] }).code).toBe('OP_POLICY_TOOLSET_OFF');
    expect(decideWith({}, { toolsets: ['backups'] }).code).toBe('OP_POLICY_TOOLSET_OFF');
    expect(decideWith({}, { toolsets: ['vms'] }).effect).toBe('allow');
  });

  test('the protection of a guest: the flag, a protected tag, or not knowing', () => {
    expect(decideWith({ targets: [{ ...GUEST, protected: true }] }).code).toBe('OP_POLICY_PROTECTED');
    expect(decideWith({ targets: [{ ...GUEST, tags: ['protected'] }] }).code).toBe('OP_POLICY_PROTECTED');
    expect(decideWith({ targets: [{ ...GUEST, protected: undefined }] }).code).toBe('OP_POLICY_PROTECTED');
    expect(decideWith({ targets: [{ ...GUEST, tags: undefined }] }).code).toBe('OP_POLICY_PROTECTED');
    expect(decideWith({ targets: [] }).code).toBe('OP_POLICY_PROTECTED');
    expect(decideWith({ operation: change, removesProtection: true, targets: [{ ...GUEST, protected: true }] }).code).toBe(
      'OP_POLICY_PROTECTED',
    );
  });

  test('yet a snapshot of a protected guest, or a volume, is not the guest', () => {
    expect(decideWith({ operation: { ...destroy, destroys: 'part' }, targets: [{ ...GUEST, protected: true }] }).effect).toBe('allow');
    expect(decideWith({ targets: [{ kind: 'other', node: 'pve1' }] }).effect).toBe('allow');
    expect(decideWith({ operation: change, targets: [{ ...GUEST, protected: true }] }).effect).toBe('allow');
  });

  test('the limits, exactly at their edge', () => {
    const usage = { writesLastHour: 0, destroyedLastHour: 29, destroyedLastDay: 199 };
    const many = (count: number) => Array.from({ length: count }, () => GUEST);
    expect(decideWith({ usage }).effect).toBe('allow');
    expect(decideWith({ usage: { ...usage, destroyedLastHour: 30 } })).toMatchObject({
      code: 'OP_POLICY_LIMIT',
      reason: 'The call goes beyond the limit destroyed_per_hour of 30.',
    });
    expect(decideWith({ usage: { ...usage, destroyedLastDay: 200 } }).code).toBe('OP_POLICY_LIMIT');
    expect(decideWith({ usage, targets: many(2) }).code).toBe('OP_POLICY_LIMIT');
    expect(decideWith({ targets: many(5) }).effect).toBe('allow');
    expect(decideWith({ targets: many(6) }).code).toBe('OP_POLICY_LIMIT');
    expect(decideWith({ operation: change, targets: many(25), usage: { ...usage, destroyedLastHour: 999 } }).effect).toBe('allow');
    expect(decideWith({ operation: change, targets: many(26) }).code).toBe('OP_POLICY_LIMIT');
    expect(decideWith({ usage: { ...usage, destroyedLastHour: Number.NaN } }).code).toBe('OP_POLICY_LIMIT');
    expect(decideWith({ operation: change, usage: { ...usage, writesLastHour: 10 } }, { limits: { writes_per_hour: 10 } }).code).toBe(
      'OP_POLICY_LIMIT',
    );
    expect(decideWith({ operation: read, usage: { ...usage, writesLastHour: 10 } }, { limits: { writes_per_hour: 10 } }).effect).toBe(
      'allow',
    );
  });
});

describe('the section is closed and says what is wrong', () => {
  test.each<[string, unknown, string]>([
    ['an unknown key', { read_onyl: true }, 'read_onyl'],
    ['an unknown condition', { rules: [{ effect: 'deny', tag: ['x'] }] }, 'tag'],
    ['an empty condition', { rules: [{ effect: 'deny', tags: [] }] }, 'tags'],
    ['a range that ends before it starts', { rules: [{ effect: 'deny', vmids: ['200-100'] }] }, 'ends before'],
    ['a rule that allows everything', { rules: [{ effect: 'allow' }] }, 'at least one condition'],
    ['an unknown effect', { rules: [{ effect: 'permit' }] }, 'effect'],
    ['a vmid below 100', { rules: [{ effect: 'deny', vmids: [99] }] }, 'vmids'],
  ])('%s', (_, input, words) => {
    const result = policySchema.safeParse(input);
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toContain(words);
  });

  test('everything in it is described', () => {
    const undescribed: string[] = [];
    const walk = (schema: Record<string, unknown>, path: string) => {
      const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>;
      for (const [name, property] of Object.entries(properties)) {
        if (typeof property['description'] !== 'string') undescribed.push(`${path}.${name}`);
        walk(property, `${path}.${name}`);
      }
      for (const nested of [schema['items'], ...((schema['anyOf'] as unknown[]) ?? [])])
        if (typeof nested === 'object' && nested !== null) walk(nested as Record<string, unknown>, `${path}[]`);
    };
    walk(policySchema.toJSONSchema({ io: 'input' }), 'policy');
    expect(undescribed).toEqual([]);
  });
});
