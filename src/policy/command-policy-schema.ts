import * as z from 'zod';
import { compilePattern } from './pattern.ts';

const pattern = z.string().superRefine((source, context) => {
  const result = compilePattern(source);
  if (!result.ok) context.addIssue({ code: 'custom', message: result.problem });
  // Python reads a count from 0 here, RE2 plain text: a deny pattern would silently stop matching.
  if (/\{,[0-9]+\}/.test(source)) context.addIssue({ code: 'custom', message: 'The pattern uses {,n}; write {0,n}.' });
});
const token = z.string().nullable().default(null);

/** Operations of high risk unless the config lists others. */
export const HIGH_RISK_OPERATIONS = [
  'delete_vm',
  'delete_container',
  'delete_snapshot',
  'rollback_snapshot',
  'restore_backup',
  'delete_backup',
  'delete_iso',
  'update_container_ssh_keys',
] as const;

/** The `command_policy` section of Python ProxmoxMCP-Plus, key for key. Keys it does not know are ignored there and here. */
export const commandPolicySchema = z
  .object({
    mode: z
      .enum(['deny_all', 'allowlist', 'audit_only'])
      .default('deny_all')
      .describe('deny_all and allowlist: a command runs only if an allow pattern matches. audit_only: all that is not denied runs.'),
    allow_patterns: z.array(pattern).default([]).describe('Patterns of commands that may run; the whole command must match.'),
    deny_patterns: z
      .array(pattern)
      .nullable()
      .default(null)
      .describe('Patterns of commands that are refused, wherever in the command they are found.'),
    require_approval_token: z.boolean().default(false).describe('Whether commands need the approval token.'),
    approval_token: token.describe('The approval token.'),
    high_risk_mode: z
      .enum(['disabled', 'audit_only', 'enforce'])
      .default('audit_only')
      .describe('How operations of high risk are treated.'),
    high_risk_operations: z
      .array(z.string())
      .default([...HIGH_RISK_OPERATIONS])
      .describe('Operations of high risk.'),
    high_risk_require_approval_token: z.boolean().default(false).describe('Whether these operations need an approval token.'),
    high_risk_approval_token: token.describe('Their approval token; the one for commands if none is given.'),
  })
  .describe('The command policy of Python ProxmoxMCP-Plus; the section policy says the same and more.');

/** The section as mapped, defaults filled in. */
export type CommandPolicySection = z.infer<typeof commandPolicySchema>;
/** The section as people write it. */
export type CommandPolicyInput = z.input<typeof commandPolicySchema>;
