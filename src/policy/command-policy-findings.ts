import type { CommandPolicySection } from './command-policy-schema.ts';
import { HIGH_RISK_OPERATIONS } from './command-policy-schema.ts';
import { mendDoubleEscapes } from './double-escape.ts';
import type { Finding } from './finding.ts';

/** What in a `command_policy` section is weaker than the defaults, reads differently here, or does nothing. */
export function findWeaknesses(old: CommandPolicySection): readonly Finding[] {
  const findings: Finding[] = [];
  const report = (key: string, weaker: boolean, message: string, mend: string) =>
    findings.push({ path: `command_policy.${key}`, weaker_than_default: weaker, message, how_to_mend: mend });

  if (old.mode === 'audit_only') {
    report(
      'mode',
      true,
      'Every command that is not denied runs in guests.',
      'Set mode to allowlist and describe the commands you need under policy.commands.rules.',
    );
  }
  if (old.high_risk_mode === 'disabled') {
    report(
      'high_risk_mode',
      true,
      'Operations that lose data run without a question.',
      'Set high_risk_mode to enforce, or to audit_only to ask where a client can be asked.',
    );
  }
  if (old.high_risk_mode === 'enforce' && !old.high_risk_require_approval_token) {
    report(
      'high_risk_mode',
      false,
      'enforce without high_risk_require_approval_token allowed everything; here every operation of high risk waits for an approval.',
      'Set high_risk_mode to audit_only if that was meant.',
    );
  }
  if (old.high_risk_mode === 'enforce') {
    report(
      'high_risk_mode',
      false,
      'With enforce, operations that stop a running guest and all that lose data wait for an approval, not only those in high_risk_operations.',
      'Set policy.high_risk.risks to [destroy], and policy.risks.disrupt to allow, to free the operations that stop guests.',
    );
  }
  const missing = HIGH_RISK_OPERATIONS.filter((name) => !old.high_risk_operations.includes(name));
  if (missing.length > 0) {
    report(
      'high_risk_operations',
      false,
      `The list leaves out ${missing.join(', ')}. What loses data is of high risk here without being listed, and update_container_ssh_keys is denied unless listed.`,
      'Allow by a rule under policy.rules what may run without a question.',
    );
  }
  for (const [needs, has, key] of [
    [old.require_approval_token, old.approval_token, 'approval_token'],
    [old.high_risk_require_approval_token, old.high_risk_approval_token ?? old.approval_token, 'high_risk_approval_token'],
  ] as const) {
    if (needs && (has ?? '') === '')
      report(
        key,
        false,
        'An approval token is required but not set, so every such call is refused.',
        `Set ${key}, or drop the requirement so that a person is asked.`,
      );
    else if ((has ?? '') !== '') {
      report(
        key,
        true,
        'A static token can be repeated and is known to whoever passes it, the model included.',
        'Drop the token and set high_risk_mode to enforce; a person then approves each call.',
      );
      if ((has ?? '').length < 16) report(key, true, 'The token is shorter than 16 characters.', 'Use a long random one.');
    }
  }
  if (old.deny_patterns?.length === 0) {
    report(
      'deny_patterns',
      false,
      'The empty list switches nothing off: the built-in denials hold.',
      'Name those you give up in policy.commands.without_built_in_denials.',
    );
  }
  for (const [index, pattern] of (old.deny_patterns ?? []).entries()) {
    if (mendDoubleEscapes(pattern) !== pattern)
      report(
        `deny_patterns[${index}]`,
        false,
        'The pattern is escaped twice and matches nothing as written; it is also read as it was meant.',
        'Halve the backslashes.',
      );
    if (/\\[wdb]/i.test(pattern))
      report(
        `deny_patterns[${index}]`,
        false,
        'The pattern uses \\w, \\d or \\b, which mean ASCII here; commands with other letters are refused.',
        'Write the characters out, e.g. [a-z].',
      );
  }
  for (const [index, pattern] of old.allow_patterns.entries()) {
    const path = `allow_patterns[${index}]`;
    const anchored = /^(?:\(\?[a-z]+\))?(?:\^|\\A)/.test(pattern) && /(?:\$|\\z)$/.test(pattern);
    if (pattern === '') report(path, false, 'The pattern is empty and is left out.', 'Remove it.');
    else if (!anchored)
      report(
        path,
        false,
        'The pattern has no ^ and $; it allowed any command that contained a match. Here the whole command must match.',
        'Add what may follow, and ^ and $.',
      );
    if (/(?:^|[^\\])(?:\.|\\S|\[\^[^\]]*\])[*+]/.test(pattern))
      report(
        path,
        true,
        'The pattern accepts any text in one place, so it accepts any option of the program.',
        'Write a rule under policy.commands.rules that lists the options and arguments.',
      );
  }
  return findings;
}
