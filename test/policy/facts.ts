import type { Principal, Scope, Surface } from '../../src/domain/principal.ts';
import { localPrincipal } from '../../src/domain/principal.ts';
import type { Risk } from '../../src/domain/risk.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import type { PolicyInput } from '../../src/policy/policy-schema.ts';
import { policySchema } from '../../src/policy/policy-schema.ts';
import type { OperationFacts, PolicyRequest, TargetFacts } from '../../src/policy/request.ts';

/** One operation of each risk, and the two special ones. */
export const OPERATIONS = {
  read: operation('get_vms', 'read'),
  change: operation('start_vm', 'change'),
  disrupt: operation('stop_vm', 'disrupt'),
  destroy: operation('delete_vm', 'destroy'),
  execute: { ...operation('execute_vm_command', 'execute'), takesCommand: true },
  writeFile: operation('write_guest_file', 'execute'),
} as const satisfies Record<string, OperationFacts>;

export function operation(name: string, risk: Risk, toolset = 'vms'): OperationFacts {
  return { name, risk, toolset };
}

/** A guest of which everything is known: VM 101 on pve1, tags web and lab, pool red, unprotected, no template. */
export const GUEST: TargetFacts = {
  kind: 'guest',
  vmid: 101,
  node: 'pve1',
  guestType: 'qemu',
  tags: ['web', 'lab'],
  pool: 'red',
  template: false,
  protected: false,
  name: 'web-1',
};

export function policy(input: PolicyInput = {}): Policy {
  return compilePolicy(policySchema.parse(input));
}

export function key(id: string, scopes: readonly Scope[], surface: Surface = 'http'): Principal {
  return { kind: 'key', id: `key:${id}`, scopes, surface };
}

/** A call by the local user on VM 101, nothing done before, nobody to ask at the client. */
export function call(facts: Partial<PolicyRequest> & { readonly operation: OperationFacts }): PolicyRequest {
  return {
    principal: localPrincipal('mcp-stdio'),
    targets: [GUEST],
    usage: { writesLastHour: 0, destroyedLastHour: 0, destroyedLastDay: 0 },
    untrustedTextRead: false,
    canAskCaller: false,
    ...facts,
  };
}

/** A call of execute_vm_command. */
export function command(words: readonly string[] | string, facts: Partial<PolicyRequest> = {}): PolicyRequest {
  return call({ operation: OPERATIONS.execute, command: words, ...facts });
}
