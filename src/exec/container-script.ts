/** A fixed script with positional parameters: values never become part of its text. */
export interface ContainerScript {
  readonly argv: readonly string[];
  readonly stdin?: Uint8Array;
}

/** What a script of ours says on its own last line of stderr when it refuses, as `refused: <word>`. */
export type ScriptRefusal = 'missing' | 'not-a-file' | 'exists' | 'incomplete' | 'too-large';

/** The argv that runs a script with these parameters as `$1`, `$2`, … */
export function shellScript(script: string, parameters: readonly string[], stdin?: Uint8Array): ContainerScript {
  const argv = ['sh', '-c', script, 'proxmox-mcp-plus', ...parameters];
  return stdin === undefined ? { argv } : { argv, stdin };
}

/** For a script that has a temporary file `$new`: it is taken away however the script ends, TERM by the guard included. */
export const REMOVE_NEW = `trap 'rm -f "$new"' EXIT
trap 'exit 143' HUP INT TERM`;

/** The word after `refused:`, if the script refused. */
export function scriptRefusal(exitCode: number | null, stderr: Uint8Array): ScriptRefusal | undefined {
  if (exitCode !== 65) return undefined;
  return /^refused: ([a-z-]+)\n?$/m.exec(Buffer.from(stderr).toString('latin1'))?.[1] as ScriptRefusal | undefined;
}
