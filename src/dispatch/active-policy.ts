import { createHash, timingSafeEqual } from 'node:crypto';
import { digestOf } from '../domain/canonical-json.ts';
import type { Risk } from '../domain/risk.ts';
import { compilePolicy, type Policy } from '../policy/compile-policy.ts';
import type { PolicySection } from '../policy/policy-schema.ts';
import type { OperationFacts, TokenCheck } from '../policy/request.ts';
import type { RegisteredOperation } from './registered-operation.ts';

/** The policy that a server goes by, with its version and the static tokens of the predecessor. */
export interface ActivePolicy {
  readonly policy: Policy;
  /** Changes with every change of the policy: an approval given under another one no longer counts. */
  readonly version: string;
  /** Whether any static token is configured; only then operations have the argument. */
  readonly hasTokens: boolean;
  /** What a given token opens, in the same time whatever it is. */
  checkToken(given: string | undefined): TokenCheck;
}

/** Static tokens, each null where it opens nothing. */
export interface StaticTokens {
  readonly commands: string | null;
  readonly highRisk: string | null;
}

export function activatePolicy(section: PolicySection, tokens: StaticTokens = { commands: null, highRisk: null }): ActivePolicy {
  const hashes = { commands: hash(tokens.commands), highRisk: hash(tokens.highRisk) };
  return {
    policy: compilePolicy(section),
    version: `sha256:${digestOf(section)}`,
    hasTokens: tokens.commands !== null || tokens.highRisk !== null,
    checkToken(given) {
      const shown = hash(given ?? '') ?? Buffer.alloc(32);
      const opens = (wanted: Buffer | null): boolean => timingSafeEqual(shown, wanted ?? Buffer.alloc(32)) && wanted !== null;
      const [opensCommands, opensHighRisk] = [opens(hashes.commands), opens(hashes.highRisk)];
      return {
        given: given !== undefined,
        opensCommands: given !== undefined && opensCommands,
        opensHighRisk: given !== undefined && opensHighRisk,
      };
    },
  };
}

function hash(token: string | null): Buffer | null {
  return token === null ? null : createHash('sha256').update(token).digest();
}

/**
 * What policy goes by of a call that can do this much. Steering a job counts as a change: what the job itself does was judged when it was
 * made, and is judged again when it is retried.
 */
export function operationFacts({ operation, toolset }: RegisteredOperation, risk: Risk): OperationFacts {
  const { name } = operation;
  if (operation.kind !== 'task') return { name, toolset, risk: risk === 'read' ? 'read' : 'change' };
  const { takesCommand, destroys } = operation;
  return { name, toolset, risk, takesCommand, destroys };
}
