import type { z } from 'zod';
import type { Environment } from '../domain/environment.ts';
import { OperationError } from '../domain/operation-error.ts';
import { commandPolicyFromEnvironment } from '../policy/command-policy-environment.ts';
import { configFields } from './config-fields.ts';
import { ConfigError, shownValue, type ConfigProblem } from './config-problem.ts';
import { beyondTypes, sectionOf } from './config-rules.ts';
import { configSchema, type Config } from './config-schema.ts';
import { secretsIn } from './config-secrets.ts';
import { isWorldReadable, merge, normalize, parseJson, readIfThere } from './config-text.ts';
import { readEnvironment } from './read-environment.ts';
import { sshWarnings } from './ssh-access.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** Where it came from: the path of the file, or `the environment`. */
  readonly source: string;
  /** What was not understood and did no harm. */
  readonly warnings: readonly string[];
}

const FIELDS = configFields(configSchema);

/**
 * Reads the file that PROXMOX_MCP_CONFIG names, or the environment when it is unset or the file is missing.
 * @throws ConfigError
 */
export function loadConfig(environment: Environment): LoadedConfig {
  const path = environment['PROXMOX_MCP_CONFIG'];
  const text = path === undefined || path === '' ? undefined : readIfThere(path);
  if (path !== undefined && text !== undefined) {
    const overrides = readEnvironment(
      FIELDS.filter((field) => field.overridesFile),
      environment,
    );
    const given = merge(parseJson(text, path), overrides);
    refuseWorldReadable(path, given);
    return check(given, path);
  }
  const given = { ...readEnvironment(FIELDS, environment), ...commandPolicyIn(environment) };
  if (!path) return check(given, 'the environment');
  const { warnings, ...loaded } = check(given, `the environment, which counts because ${path} does not exist`);
  return { ...loaded, source: 'the environment', warnings: [`${path} does not exist, so the environment counts`, ...warnings] };
}

/** @throws ConfigError when every user of the machine can read secrets, unless the operator has said so */
function refuseWorldReadable(path: string, given: Readonly<Record<string, unknown>>): void {
  if (!isWorldReadable(path)) return;
  if (isTrue(sectionOf(given, 'security')['allow_world_readable_config'])) return;
  const [secret] = secretsIn(given);
  if (!secret) return;
  throw new ConfigError(path, [
    {
      where: secret.where,
      value: undefined,
      expected: `every user of this machine can read it: chmod 600 ${path} (or set security.allow_world_readable_config=true)`,
    },
  ]);
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

/** @throws ConfigError */
function commandPolicyIn(environment: Environment): Record<string, unknown> {
  try {
    const section = commandPolicyFromEnvironment(environment);
    return section === undefined ? {} : { command_policy: section };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new ConfigError('the environment', [
      { where: 'command_policy', value: undefined, expected: `${error.message} ${error.hint ?? ''}`.trim() },
    ]);
  }
}

function check(raw: Record<string, unknown>, source: string): LoadedConfig {
  const given = normalize(raw);
  const problems: ConfigProblem[] = [];
  const parsed = configSchema.safeParse(given);
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => problemOf(issue, given)));
  problems.push(...beyondTypes(given));
  if (!parsed.success || problems.length > 0) throw new ConfigError(source, problems);
  return { config: parsed.data, source, warnings: [...unknownKeys(given), ...sshWarnings(parsed.data.ssh)] };
}

function problemOf(issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): ConfigProblem {
  const [section, key] = issue.path.map(String);
  const field = FIELDS.find(({ path }) => path[0] === section && path[1] === key);
  const name = issue.path.map(String).join('.') || 'the file';
  // Lists hold hashes and secrets, and are told by their place only.
  const value = section === undefined || Array.isArray(given[section]) ? undefined : valueAt(given, issue.path);
  const where = field?.env === undefined ? name : `${name} (${field.env})`;
  if (section === 'mcp' && key === 'transport' && value === 'SSE') {
    return { where, value: '"SSE"', expected: 'the SSE transport no longer exists in MCP; use STREAMABLE_HTTP (at /mcp) or STDIO' };
  }
  return {
    where,
    value: field?.secret === true ? undefined : shownValue(value),
    expected: value === undefined && issue.path.length <= 2 ? `is required. ${field?.description ?? ''}`.trim() : issue.message,
  };
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((inside, key) => (typeof inside === 'object' && inside !== null ? Reflect.get(inside, key) : undefined), given);
}

function unknownKeys(given: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(given).flatMap((section) => {
    if (section === '$schema' || Array.isArray(given[section])) return [];
    const known = FIELDS.filter((field) => field.path[0] === section).map((field) => field.path[1]);
    if (known.length === 0) return [`unknown section ${JSON.stringify(section)}`];
    return Object.keys(sectionOf(given, section))
      .filter((key) => !known.includes(key))
      .map((key) => `unknown setting ${JSON.stringify(`${section}.${key}`)}; known are ${known.join(', ')}`);
  });
}
