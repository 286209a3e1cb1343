/**
 * What Python ProxmoxMCP-Plus 0.5.2 documents its `command_policy` section to mean, written down again from its documentation
 * and from recorded answers, as small as it goes. It shares no code with the policy it is compared with.
 */
export interface PredecessorConfig {
  readonly mode: 'deny_all' | 'allowlist' | 'audit_only';
  readonly allow_patterns: readonly string[];
  /** null: the documented defaults, read as they were meant. */
  readonly deny_patterns: readonly string[] | null;
  readonly require_approval_token: boolean;
  readonly approval_token: string | null;
  readonly high_risk_mode: 'disabled' | 'audit_only' | 'enforce';
  readonly high_risk_operations: readonly string[];
  readonly high_risk_require_approval_token: boolean;
  readonly high_risk_approval_token: string | null;
}

const MEANT_DEFAULTS = ['(^|\\s)rm\\s+-rf(\\s|$)', ':\\(\\)\\{:\\|:&\\};:'];
const compiled = new Map<string, RegExp>();

function isFound(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => {
    const expression = compiled.get(pattern) ?? new RegExp(pattern, 'i');
    compiled.set(pattern, expression);
    return expression.test(text);
  });
}

export function predecessorRunsCommand(config: PredecessorConfig, text: string, token: string | null): boolean {
  if (text.trim() === '') return false;
  if (isFound(config.deny_patterns ?? MEANT_DEFAULTS, text)) return false;
  if (config.mode !== 'audit_only' && !isFound(config.allow_patterns, text)) return false;
  if (!config.require_approval_token) return true;
  return Boolean(config.approval_token) && token === config.approval_token;
}

export function predecessorRunsOperation(config: PredecessorConfig, name: string, token: string | null): boolean {
  if (!config.high_risk_operations.includes(name) || config.high_risk_mode === 'disabled') return true;
  // It documents that `enforce` wants an approval; that it let everything pass without the token flag was its fault.
  if (config.high_risk_mode === 'audit_only' && !config.high_risk_require_approval_token) return true;
  const expected = config.high_risk_approval_token || config.approval_token;
  return Boolean(expected) && token === expected;
}
