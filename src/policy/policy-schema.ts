import * as z from 'zod';
import { RISKS } from '../domain/risk.ts';
import { argvRuleSchema, patternSchema } from './argv-rule-schema.ts';
import { BUILT_IN_DENIALS } from './built-in-denial.ts';
import { readOnlyField } from './read-only-field.ts';
import { conditionFields, CONDITION_NAMES } from './conditions-schema.ts';

const EFFECTS = ['allow', 'ask', 'deny'] as const;
const names = z.array(z.string().min(1).max(200)).max(500);
const limit = (most: number) => z.int().min(0).max(most);

const riskDefaults = z
  .strictObject({
    read: z.enum(EFFECTS).default('allow').describe('Operations that observe.'),
    change: z.enum(EFFECTS).default('allow').describe('Operations whose effect can be undone.'),
    disrupt: z.enum(EFFECTS).default('ask').describe('Operations that interrupt a running guest.'),
    destroy: z.enum(EFFECTS).default('ask').describe('Operations that lose data.'),
    execute: z.enum(EFFECTS).default('deny').describe('Commands and files in guests for which no rule speaks.'),
  })
  .prefault({})
  .describe('What happens to an operation for which no rule speaks, by its risk.');

const ruleSchema = z
  .strictObject({
    name: z.string().min(1).max(100).describe('How explanations and the audit log call this rule.').optional(),
    effect: z.enum(EFFECTS).describe('deny overrides ask, ask overrides allow; the order of rules does not matter.'),
    reason: z.string().max(500).describe('Why; shown to the caller when the rule refuses or asks.').optional(),
    ...conditionFields,
  })
  .refine((rule) => rule.effect !== 'allow' || CONDITION_NAMES.some((name) => rule[name] !== undefined), {
    error: 'A rule that allows everything needs at least one condition, e.g. risks: [change].',
  })
  .describe('One rule.');

const limitsSchema = z
  .strictObject({
    targets_per_call: limit(10_000).default(25).describe('Most guests one call may write to.'),
    destroyed_per_call: limit(10_000).default(5).describe('Most targets one call may destroy.'),
    destroyed_per_hour: limit(100_000).default(30).describe('Most targets destroyed within an hour.'),
    destroyed_per_day: limit(1_000_000).default(200).describe('Most targets destroyed within 24 hours.'),
    writes_per_hour: limit(1_000_000).nullable().default(null).describe('Most writing calls within an hour; null for no limit.'),
  })
  .prefault({})
  .describe('Bounds that hold whatever the rules say.');

const highRiskSchema = z
  .strictObject({
    mode: z
      .enum(['disabled', 'audit_only', 'enforce'])
      .default('audit_only')
      .describe(
        'What becomes of a question nobody can be asked at the client: audit_only lets the call pass and audits it, enforce always waits for an approval, disabled never asks.',
      ),
    risks: z.array(z.enum(RISKS)).default(['disrupt', 'destroy']).describe('Risks that are high.'),
    operations: names
      .default(['update_container_ssh_keys'])
      .describe(
        'Operations that are high risk besides. A listed operation of risk execute that takes no command asks where it would be denied.',
      ),
    token: z
      .enum(['none', 'accepted', 'required', 'required_but_missing'])
      .default('none')
      .describe('Whether a static approval token opens the listed operations (compatibility; an approval by a person is stronger).'),
  })
  .prefault({})
  .describe('How operations of high risk are treated.');

const commandsSchema = z
  .strictObject({
    mode: z
      .enum(['rules', 'audit_only'])
      .default('rules')
      .describe('rules: a command runs only if a rule or pattern allows it. audit_only: all that is not denied runs and is audited.'),
    rules: z.array(argvRuleSchema).max(1_000).default([]).describe('Rules on argv.'),
    allow_patterns: z.array(patternSchema).max(1_000).default([]).describe('RE2 patterns; the whole command must match.'),
    deny_patterns: z
      .array(patternSchema)
      .max(1_000)
      .default([])
      .describe('RE2 patterns; a command in which one is found is refused. Case does not count.'),
    without_built_in_denials: z.array(z.enum(BUILT_IN_DENIALS)).default([]).describe('Built-in denials to give up.'),
    allow_shell_scripts: z
      .boolean()
      .default(false)
      .describe('True to accept whole shell scripts, each of which waits for an approval that shows its full text.'),
    token: z
      .enum(['none', 'required', 'required_but_missing'])
      .default('none')
      .describe('Whether commands need a static approval token (compatibility).'),
    tools_listed: z
      .enum(['always', 'when_allowed'])
      .default('always')
      .describe('Whether command tools are listed while no rule could allow any command.'),
  })
  .prefault({})
  .describe('Commands in guests.');

/** The `policy` section of the config: closed, every field optional, the defaults safe. */
export const policySchema = z
  .strictObject({
    risks: riskDefaults,
    rules: z.array(ruleSchema).max(1_000).default([]).describe('Rules, in any order.'),
    limits: limitsSchema,
    protected_tags: names
      .default(['protected'])
      .describe("Guests with one of these tags are not destroyed, as with Proxmox's own protection flag."),
    read_only: readOnlyField,
    toolsets: names.nullable().default(null).describe('The toolsets that are on; null for all.'),
    toolsets_off: names.default([]).describe('Toolsets that are off.'),
    four_eyes: z.array(z.enum(RISKS)).default([]).describe('Risks whose approvals must come from another principal than the caller.'),
    untrusted_text_requires_approval: z
      .enum(['auto', 'on', 'off'])
      .default('auto')
      .describe('Whether a session that has read text from guests needs an approval for destroy and execute; auto: over HTTP only.'),
    high_risk: highRiskSchema,
    commands: commandsSchema,
  })
  .describe('What may be done, by whom, on what.');

/** The policy as decided upon, defaults filled in: plain data that can be shown and hashed. It holds no secrets. */
export type PolicySection = z.infer<typeof policySchema>;
/** The policy as people write it. */
export type PolicyInput = z.input<typeof policySchema>;
