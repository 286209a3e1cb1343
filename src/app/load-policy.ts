import { readFile, stat } from 'node:fs/promises';
import { activatePolicy, type ActivePolicy } from '../dispatch/active-policy.ts';
import { digestOf } from '../domain/canonical-json.ts';
import { expandHome } from '../domain/home-path.ts';
import { systemReason } from '../domain/thrown.ts';
import { COMPAT_NAMES } from '../operations/compat-names.ts';
import { checkCanaries } from '../policy/canaries.ts';
import { compilePolicy } from '../policy/compile-policy.ts';
import type { Finding } from '../policy/finding.ts';
import { fromCommandPolicy, type MappedCommandPolicy } from '../policy/from-command-policy.ts';
import { policySchema, type PolicyInput, type PolicySection } from '../policy/policy-schema.ts';
import { findUnknownNames } from '../policy/unknown-names.ts';
import type { Config } from './config-schema.ts';
import { ConfigError } from './config-problem.ts';

/** The policy that the configuration amounts to, and what its owner wants to know of it. */
export interface LoadedPolicy {
  readonly active: ActivePolicy;
  readonly section: PolicySection;
  readonly findings: readonly Finding[];
}

interface NamedOperation {
  readonly name: string;
}

const OTHERS_WRITE = 0o002;
const MAX_FILE_BYTES = 1024 * 1024;

/** @throws ConfigError when the policy file cannot be used */
export async function loadPolicy(
  { policy, command_policy: legacy, mcp }: Pick<Config, 'policy' | 'command_policy' | 'mcp'>,
  catalog: Readonly<Record<string, readonly NamedOperation[]>>,
): Promise<LoadedPolicy> {
  const { file, ...own } = policy;
  const input = file === undefined ? (isUntouched(own) ? undefined : own) : await readPolicyFile(expandHome(file));
  const names = Object.values(catalog).flatMap((members) => members.map(({ name }) => name));
  const mapped: MappedCommandPolicy = legacy
    ? fromCommandPolicy(legacy, input)
    : { section: policySchema.parse(input ?? {}), findings: [], tokens: { commands: null, highRisk: null } };
  const section: PolicySection = {
    ...mapped.section,
    read_only: mapped.section.read_only || own.read_only,
    toolsets: own.toolsets ?? mapped.section.toolsets,
    rules: [...mapped.section.rules, ...listRules(mcp, names)],
  };
  return {
    active: activatePolicy(section, mapped.tokens),
    section,
    findings: [
      ...mapped.findings,
      ...findUnknownNames(section, { operations: [...new Set([...names, ...COMPAT_NAMES])], toolsets: Object.keys(catalog) }),
      ...checkCanaries(compilePolicy(section)),
    ],
  };
}

/** Whether the section says nothing but what has a switch of its own. */
function isUntouched({ read_only: _readOnly, toolsets: _toolsets, ...section }: PolicySection): boolean {
  const { read_only: _defaultReadOnly, toolsets: _defaultToolsets, ...defaults } = policySchema.parse({});
  return digestOf(section) === digestOf(defaults);
}

/** The predecessor's lists of tools, as rules: what is on neither list does not pass. */
function listRules({ tool_allowlist: allow, tool_denylist: deny }: Config['mcp'], names: readonly string[]): PolicySection['rules'] {
  const left = allow ? names.filter((name) => !allow.includes(name)) : [];
  return [
    ...(left.length === 0 ? [] : [{ name: 'mcp.tool_allowlist', effect: 'deny' as const, operations: left }]),
    ...(deny && deny.length > 0 ? [{ name: 'mcp.tool_denylist', effect: 'deny' as const, operations: [...deny] }] : []),
  ];
}

/** @throws ConfigError */
async function readPolicyFile(path: string): Promise<PolicyInput> {
  const problem = (expected: string): ConfigError => new ConfigError(path, [{ where: 'policy.file', value: undefined, expected }]);
  let text: string;
  try {
    const { mode, size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw problem(`has ${size} bytes; at most ${MAX_FILE_BYTES} are read`);
    if (process.platform !== 'win32' && (mode & OTHERS_WRITE) !== 0)
      throw problem(`can be written by every user of this machine: chmod o-w ${path}`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw problem(`cannot be read: ${systemReason(error)}`);
  }
  const raw = await parse(text, problem);
  const content = typeof raw === 'object' && raw !== null && 'policy' in raw && Object.keys(raw).length === 1 ? raw.policy : raw;
  const parsed = policySchema.safeParse(content ?? {});
  if (!parsed.success) {
    throw new ConfigError(
      path,
      parsed.error.issues
        .slice(0, 20)
        .map((issue) => ({ where: issue.path.map(String).join('.') || 'the file', value: undefined, expected: issue.message })),
    );
  }
  return content as PolicyInput;
}

/** JSON is YAML too. One document, no tags, no aliases that multiply. */
async function parse(text: string, problem: (expected: string) => ConfigError): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text.replace(/^\uFEFF/, ''), { prettyErrors: true, uniqueKeys: true, schema: 'core' });
  const [fault] = document.errors;
  if (fault) throw problem(`is no valid YAML or JSON: ${fault.message.split('\n')[0]?.replace(/:$/, '') ?? 'unreadable'}`);
  return document.toJS({ maxAliasCount: 20 });
}

/** A finding in one sentence for the log. */
export function describeFinding({ path, message, how_to_mend: mend }: Finding): string {
  return `${path}: ${message} ${mend}`;
}
