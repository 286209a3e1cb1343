/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** `proxmox.port (PROXMOX_PORT)`. */
  readonly where: string;
  /** The value as given; never that of a secret. */
  readonly value: string | undefined;
  readonly expected: string;
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
