import fc from 'fast-check';
import { SCOPES, SURFACES } from '../../src/domain/principal.ts';
import { RISKS } from '../../src/domain/risk.ts';
import type { PolicyInput } from '../../src/policy/policy-schema.ts';
import type { OperationFacts, PolicyRequest, TargetFacts } from '../../src/policy/request.ts';

type Rule = NonNullable<PolicyInput['rules']>[number];
const some = <T>(...values: T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const effects = fc.constantFrom('allow', 'ask', 'deny');
const conditions = fc.record(
  {
    operations: some('get_vms', 'delete_vm', 'delete_*', '*'),
    toolsets: some('vms', 'backups'),
    risks: some(...RISKS),
    nodes: some('pve1', 'pve2'),
    vmids: some<string | number>(101, '100-149', '150-199'),
    tags: some('prod', 'lab'),
    pools: some('red', 'blue'),
    guest_types: some<'qemu' | 'lxc'>('qemu', 'lxc'),
    template: fc.boolean(),
    protected: fc.boolean(),
    principals: some('local', 'key:*', 'key:a'),
    surfaces: some(...SURFACES),
    untrusted_text: fc.boolean(),
  },
  { requiredKeys: [] },
);
/** Any rule on operations. */
export const rule: fc.Arbitrary<Rule> = fc
  .tuple(effects, conditions)
  .map(([effect, when]) => (effect === 'allow' && Object.keys(when).length === 0 ? { effect, nodes: ['pve1'] } : { effect, ...when }));
const commandRule = fc
  .tuple(effects, fc.constantFrom('uname', 'df'), fc.option(conditions, { nil: undefined }))
  .map(([effect, program, when]) => ({ effect, program, options: ['-a'], ...(when === undefined ? {} : { when }) }));
/** Any policy section. */
export const input: fc.Arbitrary<PolicyInput> = fc.record(
  {
    rules: fc.array(rule, { maxLength: 5 }),
    risks: fc.record({ read: effects, change: effects, disrupt: effects, destroy: effects, execute: effects }, { requiredKeys: [] }),
    read_only: fc.boolean(),
    toolsets_off: fc.constantFrom<string[]>([], ['backups']),
    four_eyes: fc.constantFrom<PolicyInput['four_eyes']>([], ['destroy']),
    untrusted_text_requires_approval: fc.constantFrom('auto', 'on', 'off'),
    high_risk: fc.record(
      {
        mode: fc.constantFrom('disabled', 'audit_only', 'enforce'),
        token: fc.constantFrom('none', 'accepted', 'required', 'required_but_missing'),
        operations: fc.constantFrom<string[]>([], ['delete_vm'], ['start_vm', 'put_keys']),
      },
      { requiredKeys: [] },
    ),
    commands: fc.record(
      {
        mode: fc.constantFrom('rules', 'audit_only'),
        rules: fc.array(commandRule, { maxLength: 3 }),
        allow_patterns: fc.constantFrom<string[]>([], ['uname.*']),
        deny_patterns: fc.constantFrom<string[]>([], ['-a']),
        allow_shell_scripts: fc.boolean(),
        tools_listed: fc.constantFrom('always', 'when_allowed'),
        token: fc.constantFrom('none', 'required', 'required_but_missing'),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

/** Any target, of which any fact may be missing. */
export const target: fc.Arbitrary<TargetFacts> = fc.record(
  {
    kind: fc.constantFrom<'guest' | 'other'>('guest', 'guest', 'other'),
    vmid: fc.integer({ min: 100, max: 200 }),
    node: fc.constantFrom('pve1', 'pve2'),
    guestType: fc.constantFrom<'qemu' | 'lxc'>('qemu', 'lxc'),
    tags: fc.subarray(['prod', 'lab', 'protected']),
    pool: fc.constantFrom('red', 'blue', null),
    template: fc.boolean(),
    protected: fc.boolean(),
  },
  { requiredKeys: [] },
);
const operation: fc.Arbitrary<OperationFacts> = fc.constantFrom(
  { name: 'get_vms', risk: 'read', toolset: 'vms' },
  { name: 'start_vm', risk: 'change', toolset: 'vms' },
  { name: 'stop_vm', risk: 'disrupt', toolset: 'vms' },
  { name: 'delete_vm', risk: 'destroy', toolset: 'vms' },
  { name: 'delete_backup', risk: 'destroy', toolset: 'backups', destroys: 'part' },
  { name: 'put_keys', risk: 'execute', toolset: 'vms' },
  { name: 'run', risk: 'execute', toolset: 'vms', takesCommand: true },
);
/** Any call. */
export const request: fc.Arbitrary<PolicyRequest> = fc
  .record({
    operation,
    principal: fc.record({
      kind: fc.constant<'key'>('key'),
      id: fc.constantFrom('local', 'key:a', 'key:b'),
      scopes: fc.subarray([...SCOPES], { minLength: 1 }),
      surface: fc.constantFrom(...SURFACES),
    }),
    targets: fc.array(target, { maxLength: 3 }),
    usage: fc.constant({ writesLastHour: 0, destroyedLastHour: 0, destroyedLastDay: 0 }),
    untrustedTextRead: fc.boolean(),
    canAskCaller: fc.boolean(),
    approvalToken: fc.option(fc.record({ given: fc.constant(true), opensCommands: fc.boolean(), opensHighRisk: fc.boolean() }), {
      nil: undefined,
    }),
    removesProtection: fc.boolean(),
    words: fc.constantFrom<string | string[] | undefined>('uname -a', ['uname'], ['df'], 'df; id', 'sh -c id', '', undefined),
  })
  .map(({ words, ...rest }) => ({ ...rest, command: rest.operation.takesCommand === true ? words : undefined }));
