/** Variables of the environment; the process's own, or those of a test. */
export type Environment = Readonly<Record<string, string | undefined>>;
