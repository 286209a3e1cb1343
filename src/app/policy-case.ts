import { z } from 'zod';
import { hasScope, SCOPES, SURFACES } from '../domain/principal.ts';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import { operationFacts } from '../dispatch/active-policy.ts';
import { riskOfCall } from '../operations/risk-of-call.ts';
import type { PolicyRequest, TargetFacts } from '../policy/request.ts';

/** The static approval token that a call may bring. */
export const TOKENS = ['none', 'right', 'wrong'] as const;
const FACTS = ['node', 'tags', 'pool', 'guest_type', 'template', 'protected'] as const;

/** A call in terms of the facts that policy goes by, as people write it. What is left out is what is harmless; `unknown` names what cannot be read. */
export const policyCaseFields = {
  operation: z.string().min(1).max(100),
  vmid: z.int().min(100).max(999_999_999).optional(),
  node: z.string().max(100).optional(),
  tags: z.array(z.string()).default([]),
  pool: z.string().nullable().default(null),
  guest_type: z.enum(['qemu', 'lxc']).optional(),
  template: z.boolean().default(false),
  protected: z.boolean().default(false),
  unknown: z.array(z.enum(FACTS)).default([]),
  principal: z.string().max(200).default('local'),
  scopes: z.array(z.enum(SCOPES)).default(['admin']),
  surface: z.enum(SURFACES).default('mcp-stdio'),
  can_ask: z.boolean().default(false),
  untrusted_text: z.boolean().default(false),
  command: z.union([z.string(), z.array(z.string())]).optional(),
  script: z.string().optional(),
  file: z.string().optional(),
  /** Arguments that decide about the risk. */
  arguments: z.record(z.string(), z.unknown()).default({}),
  token: z.enum(TOKENS).default('none'),
  targets: z.int().min(1).max(10_000).default(1),
  writes_last_hour: z.int().min(0).default(0),
  destroyed_last_hour: z.int().min(0).default(0),
  destroyed_last_day: z.int().min(0).default(0),
} as const;

const policyCase = z.strictObject(policyCaseFields);
export type PolicyCase = z.output<typeof policyCase>;

/** The request that a case stands for. `known` are facts that were read from the cluster and win over those of the case. */
export function requestOf(wanted: PolicyCase, operations: readonly RegisteredOperation[], known?: readonly TargetFacts[]): PolicyRequest {
  const registered = operations.find(({ operation }) => operation.name === wanted.operation);
  const { principal, scopes, surface, command, script, file, token } = wanted;
  const opens = token === 'right';
  return {
    operation: registered ? operationFacts(registered, riskOfCall(registered.operation, wanted.arguments)) : { name: wanted.operation },
    principal: {
      kind: principal.startsWith('oauth:') ? 'oauth' : principal.startsWith('key:') ? 'key' : 'local',
      id: principal,
      scopes,
      surface,
    },
    targets: known ?? targetsOf(wanted),
    targetsOfCall: wanted.targets,
    usage: {
      writesLastHour: wanted.writes_last_hour,
      destroyedLastHour: wanted.destroyed_last_hour,
      destroyedLastDay: wanted.destroyed_last_day,
    },
    untrustedTextRead: wanted.untrusted_text,
    // As for a real call: a client whose credential cannot approve would be asked in vain.
    canAskCaller: wanted.can_ask && hasScope({ scopes }, 'approve') && registered?.operation.kind === 'task',
    ...(command === undefined ? {} : { command }),
    ...(script === undefined ? {} : { script }),
    ...(file === undefined ? {} : { file }),
    approvalToken:
      registered?.takesApprovalToken === true ? { given: token !== 'none', opensCommands: opens, opensHighRisk: opens } : undefined,
  };
}

function targetsOf({
  vmid,
  node,
  tags,
  pool,
  guest_type: guestType,
  template,
  protected: isProtected,
  unknown,
}: PolicyCase): readonly TargetFacts[] {
  if (vmid === undefined) return node === undefined ? [] : [{ kind: 'other', node }];
  const facts = { node, tags, pool, guest_type: guestType, template, protected: isProtected };
  const fact = <Name extends keyof typeof facts>(name: Name): (typeof facts)[Name] | undefined =>
    unknown.includes(name) ? undefined : facts[name];
  return [
    {
      kind: 'guest',
      vmid,
      node: fact('node'),
      tags: fact('tags'),
      pool: fact('pool'),
      guestType: fact('guest_type'),
      template: fact('template'),
      protected: fact('protected'),
    },
  ];
}
