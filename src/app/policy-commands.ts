import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { OperationError } from '../domain/operation-error.ts';
import { SCOPES, SURFACES } from '../domain/principal.ts';
import { systemReason } from '../domain/thrown.ts';
import { showJson } from '../domain/untrusted-text.ts';
import { registerCatalog } from '../dispatch/registered-operation.ts';
import { CATALOG } from '../operations/catalog.ts';
import { decide } from '../policy/decide.ts';
import type { Decision } from '../policy/decision.ts';
import { explain, type Explanation } from '../policy/explain.ts';
import type { Command, Flags, Invocation } from '../cli/command.ts';
import { describeFinding, type LoadedPolicy } from './load-policy.ts';
import { policyCaseFields, requestOf, TOKENS, type PolicyCase } from './policy-case.ts';
import { readConfig, readPolicy } from './read-config.ts';
import { withProduct } from './with-product.ts';

const FACTS: Flags = {
  vmid: { type: 'integer', summary: 'Guest that the call is about.' },
  node: { type: 'string', summary: 'Its node.' },
  tags: { type: 'string', isList: 'commas', summary: 'Its tags.' },
  pool: { type: 'string', summary: 'Its pool.' },
  'guest-type': { type: 'string', choices: ['qemu', 'lxc'], summary: 'VM or container.' },
  template: { type: 'boolean', summary: 'It is a template.' },
  protected: { type: 'boolean', summary: 'It has the protection flag.' },
  unknown: { type: 'string', isList: 'commas', summary: 'Facts that cannot be read: node, tags, pool, guest_type, template, protected.' },
  live: { type: 'boolean', summary: 'Read the facts about the guest from Proxmox VE.' },
  principal: { type: 'string', summary: 'Who calls: local (default), key:NAME, oauth:SUBJECT.' },
  scopes: { type: 'string', isList: 'commas', choices: SCOPES, summary: 'What the credential reaches to; admin by default.' },
  surface: { type: 'string', choices: SURFACES, summary: 'Where the call comes in; mcp-stdio by default.' },
  'can-ask': { type: 'boolean', summary: 'The person at the client can be asked.' },
  'untrusted-text': { type: 'boolean', summary: 'The session has read text from guests.' },
  command: { type: 'string', summary: 'Command line, for operations that run one.' },
  script: { type: 'string', summary: 'Shell script, in place of a command.' },
  file: { type: 'string', summary: 'File in the guest, for read_guest_file.' },
  arguments: { type: 'json', summary: 'Arguments that decide about the risk: \'{"overwrite":true}\'.' },
  token: { type: 'string', choices: TOKENS, summary: 'The static approval token that comes with the call, where one is configured.' },
};
const FAILED = 1;

/** The policy, explained and tested without sending anything. */
export const policyCommands: readonly Command[] = [
  {
    name: 'policy explain',
    summary: 'what the policy says of a call, step by step; nothing is sent',
    arguments: [{ name: 'operation', summary: 'Name of the operation, e.g. delete_vm.', isRequired: true }],
    flags: FACTS,
    async run(invocation) {
      const { terminal, flags } = invocation;
      const { active } = await policyOf(invocation);
      const wanted = caseOfFlags(invocation);
      const { vmid } = wanted;
      const known =
        flags['live'] === true && vmid !== undefined
          ? await withProduct(invocation, async ({ describeGuest }) => [await describeGuest(vmid)])
          : undefined;
      const explanation = explain(requestOf(wanted, registerCatalog(CATALOG, active.hasTokens), known), active.policy);
      terminal.out(flags['json'] === true ? `${showJson(explanation, 2)}\n` : `${textOf(explanation)}\n`);
      return 0;
    },
  },
  {
    name: 'policy test',
    summary: 'compare the policy with a file of expected decisions; exits with 1 when one differs',
    details:
      'The file is YAML or JSON: a list of calls, each with operation, the facts that matter (vmid, tags, principal, surface, command, …) and expect: allow, ask or deny; code and rule may be expected too.',
    arguments: [{ name: 'file', summary: 'File of expected decisions.', isRequired: true }],
    async run(invocation) {
      const { terminal, flags } = invocation;
      const { active } = await policyOf(invocation);
      const operations = registerCatalog(CATALOG, active.hasTokens);
      const results = (await readCases(invocation.arguments['file'] ?? '')).map((wanted, index) => {
        const decision = decide(requestOf(wanted, operations), active.policy);
        return {
          case: index + 1,
          name: wanted.name ?? nameOf(wanted),
          expected: wanted.expect,
          decided: decision.effect,
          wrong: difference(wanted, decision),
          reason: decision.reason,
        };
      });
      const wrong = results.filter((result) => result.wrong !== null);
      if (flags['json'] === true) terminal.out(`${showJson({ cases: results.length, wrong: wrong.length, results }, 2)}\n`);
      else {
        for (const result of wrong) terminal.out(`case ${result.case}, ${result.name}: ${result.wrong ?? ''}. ${result.reason}\n`);
        terminal.out(`${results.length} cases, ${wrong.length === 0 ? 'all as expected' : `${wrong.length} not as expected`}.\n`);
      }
      return wrong.length === 0 ? 0 : FAILED;
    },
  },
  {
    name: 'policy check',
    summary: 'what in the policy is weaker than the default, reads differently than before, or names what does not exist',
    async run(invocation) {
      const { terminal, flags } = invocation;
      const { findings } = await policyOf(invocation);
      if (flags['json'] === true) terminal.out(`${showJson(findings, 2)}\n`);
      else
        terminal.out(
          findings.length === 0
            ? 'Nothing to report.\n'
            : `${findings.map((finding) => `${finding.weaker_than_default ? 'weaker ' : ''}${describeFinding(finding)}`).join('\n')}\n`,
        );
      return 0;
    },
  },
];

function policyOf({ environment }: Invocation): Promise<LoadedPolicy> {
  return readPolicy(readConfig(environment).config);
}

function caseOfFlags({ flags, arguments: { operation = '' } }: Invocation): PolicyCase {
  const { live: _live, json: _json, config: _config, help: _help, ...facts } = flags;
  const raw = Object.fromEntries(Object.entries(facts).map(([name, value]) => [name.replaceAll('-', '_'), value]));
  return judged(z.strictObject(policyCaseFields), { operation, ...raw }, 'The facts');
}

const expectation = z.strictObject({
  ...policyCaseFields,
  name: z.string().max(200).optional(),
  expect: z.enum(['allow', 'ask', 'deny']),
  code: z.string().optional(),
  rule: z.string().optional(),
});
type Expectation = z.output<typeof expectation>;

async function readCases(file: string): Promise<readonly Expectation[]> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(await readFile(file, 'utf8').catch(unreadable(file)), { schema: 'core' });
  const [fault] = document.errors;
  if (fault) throw new OperationError('invalid_input', `${file} is no valid YAML or JSON: ${fault.message.split('\n')[0] ?? 'unreadable'}`);
  return judged(z.array(expectation).min(1).max(10_000), document.toJS({ maxAliasCount: 100 }), file);
}

function unreadable(file: string) {
  return (error: unknown): never => {
    throw new OperationError('not_found', `${file} cannot be read: ${systemReason(error)}.`);
  };
}

function judged<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 10).map((issue) => `${issue.path.map(String).join('.') || 'it'}: ${issue.message}`);
  throw new OperationError('invalid_input', `${what} cannot be used: ${problems.join('; ')}.`);
}

function difference({ expect, code, rule }: Expectation, decision: Decision): string | null {
  if (decision.effect !== expect) return `expected ${expect}, decided ${decision.effect}`;
  if (code !== undefined && code !== decision.code) return `expected ${code}, decided ${decision.code}`;
  if (rule !== undefined && !decision.rules.includes(rule)) return `expected rule ${rule}, found ${decision.rules.join(', ') || 'none'}`;
  return null;
}

function nameOf({ operation, vmid, principal, surface }: Expectation): string {
  return `${operation}${vmid === undefined ? '' : ` on ${vmid}`} by ${principal} over ${surface}`;
}

function textOf({ decision, steps }: Explanation): string {
  const { effect, code, reason, hint, rules, fourEyes } = decision;
  return [
    `${effect} (${code}): ${reason}`,
    ...(hint === undefined ? [] : [hint]),
    ...(rules.length === 0 ? [] : [`rules: ${rules.join(', ')}`]),
    ...(fourEyes ? ['Another principal than the caller must approve.'] : []),
    '',
    ...steps.map(
      (step) => `${step.says.padEnd(8)}${step.check}: ${step.detail}${step.rules.length === 0 ? '' : ` [${step.rules.join(', ')}]`}`,
    ),
  ].join('\n');
}
