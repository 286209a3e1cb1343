import type { Environment } from '../domain/environment.ts';
import type { Terminal } from './terminal.ts';

/** One option of a command. Flags are written in kebab-case; `--some_flag` is understood as well. */
export interface Flag {
  /** `json`: any JSON value. */
  readonly type: 'boolean' | 'integer' | 'string' | 'json';
  readonly summary: string;
  readonly choices?: readonly string[];
  /** `repeated`: given once per value, or as a JSON array; `commas`: values may also stand together with commas between them. */
  readonly isList?: 'repeated' | 'commas';
  readonly isRequired?: boolean;
  /** Shown in help in place of the type. */
  readonly placeholder?: string;
}

export type Flags = Readonly<Record<string, Flag>>;
export type FlagValue = boolean | number | string | readonly unknown[] | Readonly<Record<string, unknown>> | null;

/** One word of a command that stands without a dash. */
export interface Argument {
  readonly name: string;
  readonly summary: string;
  readonly isRequired: boolean;
  readonly choices?: readonly string[];
}

/** One command as it was called, its flags and arguments already judged. */
export interface Invocation {
  readonly flags: Readonly<Record<string, FlagValue>>;
  readonly arguments: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly environment: Environment;
  /** Aborts with the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** One command of the program: help, completion and dispatch follow from it. */
export interface Command {
  /** Words with a space between them: `jobs list`. Empty for what runs without a command. */
  readonly name: string;
  readonly summary: string;
  /** Further lines of its help. */
  readonly details?: string;
  readonly arguments?: readonly Argument[];
  readonly flags?: Flags;
  /** False for what serves or only prints text: it has no `--json`. */
  readonly answersJson?: boolean;
  /** True for what is understood and not listed. */
  readonly isHidden?: boolean;
  /** Resolves with the exit code. @throws OperationError, whose code becomes the exit code */
  run(invocation: Invocation): Promise<number>;
}

const JSON_FLAG: Flag = { type: 'boolean', summary: 'Answer JSON on standard output; errors as JSON on standard error.' };
const CONFIG_FLAG: Flag = { type: 'string', placeholder: 'FILE', summary: 'Config file, in place of PROXMOX_MCP_CONFIG.' };
const HELP_FLAG: Flag = { type: 'boolean', summary: 'Show this help.' };

/** The flags of a command with those that every command has. */
export function flagsOf(command: Command): Flags {
  return {
    ...command.flags,
    ...(command.answersJson === false ? {} : { json: JSON_FLAG }),
    config: CONFIG_FLAG,
    help: HELP_FLAG,
  };
}
