import { describe, expect, test } from 'vitest';
import { localPrincipal } from '../../src/domain/principal.ts';
import type { Risk } from '../../src/domain/risk.ts';
import { canonicalCommand } from '../../src/policy/canonical-command.ts';
import { commandPolicySchema, HIGH_RISK_OPERATIONS } from '../../src/policy/command-policy-schema.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import { decide } from '../../src/policy/decide.ts';
import type { DecisionCause } from '../../src/policy/decision.ts';
import { fromCommandPolicy } from '../../src/policy/from-command-policy.ts';
import type { OperationFacts, PolicyRequest } from '../../src/policy/request.ts';
import { splitWords } from '../../src/domain/shell-words.ts';
import { GUEST, key } from './facts.ts';
import type { PredecessorConfig } from './predecessor-model.ts';
import { predecessorRunsCommand, predecessorRunsOperation } from './predecessor-model.ts';
import { randomFrom } from './shell-strings.ts';

/** Why this policy may refuse or ask where the predecessor let a call pass. No other cause is tolerated, and each must occur. */
const STRICTER_BECAUSE = new Map<DecisionCause, string>([
  ['command-syntax', 'a command is words, not a shell line'],
  ['wrapper', 'programs that run other programs need a rule of their own'],
  ['built-in-denial', 'the defaults that matched nothing now match, and hold beside patterns of one’s own'],
  ['deny-pattern', 'patterns escaped twice are also read as they were meant'],
  ['deny-pattern-unclear', 'a deny pattern cannot judge letters beyond ASCII'],
  ['not-allowlisted', 'allow patterns match the whole canonical command, and case counts'],
  ['high-risk', 'operations that destroy or disrupt wait for a person where the mode or the channel says so'],
  ['risk-default', 'keys are written into a guest only if that is on the list of high risk or a rule allows it'],
  ['protected-guest', 'a protected guest is not destroyed'],
  ['untrusted-text', 'a session that has read guest output needs an approval'],
]);

const ALLOW = [
  '^uname(?:\\s+-a)?$',
  '^df\\s+-h$',
  '^cat\\s+/etc/os-release$',
  '^systemctl\\s+status\\s+[a-zA-Z0-9_.@-]+$',
  'uname',
  'ls',
  '^echo',
  'rm',
  '.*',
  '^cat\\s',
  'bash',
  'ID$',
  'e\\w+ 1',
  '',
];
const DENY = [
  '(^|\\s)rm\\s+-rf(\\s|$)',
  ':\\(\\)\\{:\\|:\\&\\};:',
  '(^|\\\\s)rm\\\\s+-rf(\\\\s|$)',
  'shutdown',
  '\\bcurl\\b',
  'OS-RELEASE',
  ' {2}',
  "'",
  '\\$\\(',
  '(^|\\\\s)uname\\\\s+-a',
  '\\w+\\.service',
];
const COMMANDS = [
  'uname',
  'uname -a',
  'uname  -a',
  'UNAME -A',
  'df -h',
  'df -h /',
  'cat /etc/os-release',
  'cat /etc/shadow',
  'systemctl status nginx',
  'systemctl status ssh.service',
  'id',
  'ls -l /root',
  'echo 1',
  "echo 'a b'",
  'echo "x  y"',
  'echo grüße',
  'rm x',
  'rm -rf /',
  'rm  -rf x',
  'rm -fr x',
  'sudo rm -rf x',
  'bash -c id',
  'sh -c "rm -rf /"',
  'env ls',
  'python3 x.py',
  'shutdown now',
  'curl x',
  ':(){:|:&};:',
  '',
  '   ',
  'dd of=/dev/sda',
];
const SUFFIXES = ['', '', '', '', '; reboot', ' && id', '|sh', ' $(id)', '\nid', ' `id`', ' &', ' > /x', ' 2', " ''", '\u00a0'];
const RISKS: Record<string, Risk> = {
  get_vms: 'read',
  list_jobs: 'read',
  get_container_config: 'read',
  create_vm: 'change',
  clone_vm: 'change',
  start_vm: 'change',
  stop_vm: 'disrupt',
  reset_vm: 'disrupt',
  stop_container: 'disrupt',
  create_snapshot: 'change',
  delete_vm: 'destroy',
  delete_container: 'destroy',
  delete_snapshot: 'destroy',
  rollback_snapshot: 'destroy',
  restore_backup: 'destroy',
  delete_backup: 'destroy',
  delete_iso: 'destroy',
  update_container_ssh_keys: 'execute',
  update_container_resources: 'change',
};
const PAIRS = Number(process.env['POLICY_COMPAT_PAIRS'] ?? 100_000);

function generator(seed: number) {
  const random = randomFrom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const few = <T>(from: readonly T[], most: number): T[] => Array.from({ length: Math.floor(random() * (most + 1)) }, () => pick(from));
  const config = (): PredecessorConfig => ({
    mode: pick(['deny_all', 'allowlist', 'allowlist', 'audit_only']),
    allow_patterns: few(ALLOW, 4),
    deny_patterns: random() < 0.4 ? null : few(DENY, 3),
    require_approval_token: random() < 0.25,
    approval_token: pick([null, '', 's3cret']),
    high_risk_mode: pick(['disabled', 'audit_only', 'audit_only', 'enforce']),
    high_risk_operations: random() < 0.6 ? [...HIGH_RISK_OPERATIONS] : few(Object.keys(RISKS), 4),
    high_risk_require_approval_token: random() < 0.4,
    high_risk_approval_token: pick([null, '', 'hr-s3cret']),
  });
  const circumstances = (): Pick<PolicyRequest, 'principal' | 'targets' | 'usage' | 'untrustedTextRead' | 'canAskCaller'> => ({
    principal: random() < 0.5 ? localPrincipal('mcp-stdio') : key('any', ['admin']),
    targets: [{ ...GUEST, protected: random() < 0.05 }],
    usage: { writesLastHour: 0, destroyedLastHour: 0, destroyedLastDay: 0 },
    untrustedTextRead: random() < 0.1,
    canAskCaller: random() < 0.2,
  });
  return {
    pick,
    config,
    circumstances,
    command: () => pick(COMMANDS) + pick(SUFFIXES),
    token: () => pick([null, 'wrong', 's3cret', 'hr-s3cret']),
  };
}

describe('compared with what the predecessor documents', () => {
  test(
    `${PAIRS} generated pairs of a config and a call are never treated more permissively, and more strictly only for a reason on the list`,
    { timeout: 600_000 },
    () => {
      const next = generator(52);
      const seen = new Map<DecisionCause, number>();
      const unexpected: unknown[] = [];
      const tally = { bothRun: 0, bothRefuse: 0 };
      for (let pair = 0; pair < PAIRS;) {
        const config = next.config();
        const { section, tokens } = fromCommandPolicy(commandPolicySchema.parse(config));
        const policy = compilePolicy(section);
        for (let calls = 0; calls < 25; calls += 1, pair += 1) {
          const token = next.token();
          const approvalToken = {
            given: token !== null,
            opensCommands: token !== null && token === tokens.commands,
            opensHighRisk: token !== null && token === tokens.highRisk,
          };
          const isCommand = calls % 2 === 0;
          const command = next.command();
          const name = next.pick(Object.keys(RISKS));
          const operation: OperationFacts = isCommand
            ? { name: 'execute_vm_command', toolset: 'vms', risk: 'execute', takesCommand: true }
            : { name, toolset: 'vms', risk: RISKS[name] };
          const request: PolicyRequest = {
            ...next.circumstances(),
            operation,
            approvalToken,
            ...(isCommand ? { command } : {}),
          };
          const decision = decide(request, policy);
          // Without its static token, the approval that `enforce` wants is a person's.
          const wantsApproval = !isCommand && config.high_risk_mode === 'enforce' && !config.high_risk_require_approval_token;
          const ran = isCommand ? predecessorRunsCommand(config, command, token) : predecessorRunsOperation(config, name, token);
          if (ran && decision.effect !== 'allow') {
            seen.set(decision.cause, (seen.get(decision.cause) ?? 0) + 1);
            if (!STRICTER_BECAUSE.has(decision.cause) || (decision.cause === 'not-allowlisted' && matchesWhole(config, command)))
              unexpected.push({ config, operation, command, token, decision });
          } else if (!ran && decision.effect !== 'deny' && !(decision.effect === 'ask' && wantsApproval))
            unexpected.push({ morePermissive: true, config, operation, command, token, decision });
          else tally[ran ? 'bothRun' : 'bothRefuse'] += 1;
        }
      }
      expect(unexpected.slice(0, 3)).toEqual([]);
      expect([...seen.keys()].toSorted()).toEqual([...STRICTER_BECAUSE.keys()].toSorted());
      expect(tally.bothRun).toBeGreaterThan(PAIRS * 0.2);
      expect(tally.bothRefuse).toBeGreaterThan(PAIRS * 0.2);
    },
  );
});

function matchesWhole(config: PredecessorConfig, command: string): boolean {
  const split = splitWords(command);
  return (
    split.ok &&
    config.allow_patterns.some((pattern) => pattern !== '' && new RegExp(`^(?:${pattern})$`).test(canonicalCommand(split.words)))
  );
}
