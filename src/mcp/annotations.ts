import type { Operation } from '../operations/define.ts';

/** The hints of an MCP tool, all four always set, derived from risk and repeat class. */
export interface ToolHints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

export function hintsOf(operation: Operation): ToolHints {
  const readOnly = operation.risk === 'read';
  return {
    readOnlyHint: readOnly,
    destructiveHint: operation.risk === 'destroy' || operation.risk === 'disrupt' || operation.risk === 'execute',
    idempotentHint: readOnly || (operation.kind === 'task' && operation.repeat === 'convergent'),
    // The cluster is a closed world; commands and downloads reach beyond it.
    openWorldHint: operation.risk === 'execute' || operation.name.startsWith('download_'),
  };
}
