import type { RegisteredOperation } from '../dispatch/registered-operation.ts';

/** How the operations are shown to clients. */
export interface ToolChoice {
  /** `list`: a tool for each; `search`: a few tools that find and call all of them. */
  readonly mode: 'list' | 'search';
  readonly operations: readonly RegisteredOperation[];
}

/** Narrows a choice to what a principal is offered. */
export function offeredOf({ mode, operations }: ToolChoice, offered: readonly RegisteredOperation[]): ToolChoice {
  const names = new Set(offered.map(({ operation }) => operation.name));
  return { mode, operations: operations.filter(({ operation }) => names.has(operation.name)) };
}

/**
 * Reads what PROXMOX_MCP_TOOLS asks for: `all`, `search`, or toolsets and operations by name, separated by commas; one with
 * a minus in front is left out. The order stays that of the catalogue.
 * @throws Error that names what does not exist
 */
export function chooseOperations(operations: readonly RegisteredOperation[], wish: string): ToolChoice {
  const words = wish
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const mode = words.includes('search') ? 'search' : 'list';
  const names = words.filter((word) => word !== 'search' && word !== 'all');
  const toolsets = new Set(operations.map(({ toolset }) => toolset));
  const unknown = names.map(bare).filter((name) => !toolsets.has(name) && !operations.some(({ operation }) => operation.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `There is no toolset or operation ${unknown.join(', ')}. Toolsets are ${[...toolsets].join(', ')}; all and search are further choices.`,
    );
  }
  const wanted = new Set(names.filter((name) => !name.startsWith('-')));
  const unwanted = new Set(names.filter((name) => name.startsWith('-')).map(bare));
  const everything = wanted.size === 0 || words.includes('all');
  const has = (set: ReadonlySet<string>, { operation, toolset }: RegisteredOperation): boolean =>
    set.has(operation.name) || set.has(toolset);
  // Tool search without the ways to follow a job would let a client start what it can never see end.
  const always = (registered: RegisteredOperation): boolean => mode === 'search' && registered.toolset === 'jobs';
  return {
    mode,
    operations: operations.filter(
      (registered) => always(registered) || ((everything || has(wanted, registered)) && !has(unwanted, registered)),
    ),
  };
}

function bare(name: string): string {
  return name.replace(/^-/, '');
}
