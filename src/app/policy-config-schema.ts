import { z } from 'zod';
import { commandPolicySchema } from '../policy/command-policy-schema.ts';
import { policySchema } from '../policy/policy-schema.ts';
import { readOnlySetting } from './basic-config-schema.ts';
import { always } from './config-setting.ts';

const { toolsets } = policySchema.shape;
const { approval_token: commandToken, high_risk_approval_token: highRiskToken } = commandPolicySchema.shape;

/** The policy, here or in a file of its own. Unknown keys are refused: a misspelt rule that denies would deny nothing. */
export const policySection = policySchema.extend({
  file: z
    .string()
    .optional()
    .meta(
      always(
        'PROXMOX_MCP_POLICY_FILE',
        'YAML or JSON file that holds the policy; this section then has only read_only and toolsets beside it.',
      ),
    ),
  read_only: readOnlySetting,
  toolsets: toolsets.meta({ env: 'PROXMOX_MCP_TOOLSETS', overridesFile: true }),
});

/** The section of the predecessor; its variables COMMAND_POLICY_* count where no config file is used. */
export const commandPolicySection = commandPolicySchema
  .extend({ approval_token: commandToken.meta({ secret: true }), high_risk_approval_token: highRiskToken.meta({ secret: true }) })
  .optional();

/** How people are asked. */
export const approvalsSection = z.object({
  valid_minutes: z
    .int()
    .min(1)
    .max(1440)
    .default(10)
    .meta(always('PROXMOX_MCP_APPROVAL_MINUTES', 'How long a question stays open, and an approval counts.')),
  waiting_per_principal: z.int().min(1).max(500).default(5).describe('Most calls of one principal that may wait for an approval at once.'),
  asked_per_hour: z.int().min(1).max(10_000).default(30).describe('Most questions of one principal within an hour.'),
});
