import type { Finding } from './finding.ts';
import { matchesName } from './name-pattern.ts';
import type { PolicySection } from './policy-schema.ts';

/** The names that exist in the catalogue of operations. */
export interface KnownNames {
  readonly operations: readonly string[];
  readonly toolsets: readonly string[];
}

/** Names of operations and toolsets in the policy that match nothing: a misspelt rule that denies would deny nothing. */
export function findUnknownNames(section: PolicySection, known: KnownNames): readonly Finding[] {
  const findings: Finding[] = [];
  const check = (path: string, names: readonly string[] | null | undefined, existing: readonly string[], what: string) => {
    for (const [index, name] of (names ?? []).entries()) {
      if (existing.some((candidate) => matchesName(name, candidate))) continue;
      findings.push({
        path: `${path}[${index}]`,
        message: `No ${what} is called ${JSON.stringify(name)}.`,
        weaker_than_default: false,
        how_to_mend: `Correct the name or remove it.`,
      });
    }
  };
  const conditioned = [
    ...section.rules.map((rule, index) => ({ path: `policy.rules[${index}]`, when: rule })),
    ...section.commands.rules.map((rule, index) => ({
      path: `policy.commands.rules[${index}].when`,
      when: rule.when ?? {},
    })),
  ];
  for (const { path, when } of conditioned) {
    check(`${path}.operations`, when.operations, known.operations, 'operation');
    check(`${path}.toolsets`, when.toolsets, known.toolsets, 'toolset');
  }
  check('policy.toolsets', section.toolsets, known.toolsets, 'toolset');
  check('policy.toolsets_off', section.toolsets_off, known.toolsets, 'toolset');
  check('policy.high_risk.operations', section.high_risk.operations, known.operations, 'operation');
  return findings;
}
