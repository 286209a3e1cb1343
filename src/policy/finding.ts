/** Something about a config that its owner wants to know at start. */
export interface Finding {
  /** Where in the config, e.g. `command_policy.allow_patterns[0]`. */
  readonly path: string;
  /** What was found, in one sentence. */
  readonly message: string;
  /** True when it permits more than the defaults do; false when it is merely different or broken. */
  readonly weaker_than_default: boolean;
  /** What to write instead. */
  readonly how_to_mend: string;
}
