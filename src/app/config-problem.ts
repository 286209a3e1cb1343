/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** `proxmox.port (PROXMOX_PORT)`. */
  readonly where: string;
  /** The value as given; never that of a secret. */
  readonly value: string | undefined;
  readonly expected: string;
}

const SHOWN_LENGTH = 120;

/**
 * A value as a problem shows it: of what has parts nothing, of text no password of a URL and no secret behind a token id, which
 * are easily pasted to where they do not belong.
 */
export function shownValue(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'object') return undefined;
  const text =
    typeof value === 'string' ? value.replaceAll(/\/\/[^/\s]*@/g, '//<secret>@').replaceAll(/(![\w.-]*=).*/gs, '$1<secret>') : value;
  return JSON.stringify(typeof text === 'string' ? text.slice(0, SHOWN_LENGTH) : text);
}

/** The configuration cannot be used. Holds every problem at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly source: string;
  readonly problems: readonly ConfigProblem[];

  constructor(source: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ where, value, expected }) => `  ${where}${value === undefined ? '' : ` = ${value}`}: ${expected}`);
    super(`${problems.length === 1 ? 'one problem' : `${problems.length} problems`} in ${source}\n${lines.join('\n')}`);
    this.source = source;
    this.problems = problems;
  }
}
