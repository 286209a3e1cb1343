import type { CallToolResult } from '@modelcontextprotocol/server';
import type { OperationError } from '../domain/operation-error.ts';
import { showUntrusted } from '../domain/untrusted-text.ts';

/** Where a failed call keeps its error for programs. */
export const ERROR_META_KEY = 'proxmox-mcp-plus/error';

/**
 * A failed call as a tool result: what is wrong, what to do next, and whether anything happened. Structured content would
 * have to fit the output schema of the tool, which some clients enforce on errors too; so the parts go into `_meta`.
 */
export function toolError(error: OperationError): CallToolResult {
  // The message tells the problems one by one already.
  const { proxmox_message: said, problems: _told, ...details } = error.details;
  const text = [
    error.message,
    ...(typeof said === 'string' ? [`Proxmox VE said: ${showUntrusted(said)}`] : []),
    ...(error.hint === undefined ? [] : [`Hint: ${error.hint}`]),
    `Effect: ${error.effect}${error.effect === 'unknown' ? ' (look before repeating it)' : ''}`,
    ...Object.entries(details).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
  ].join('\n');
  return {
    isError: true,
    content: [{ type: 'text', text }],
    _meta: {
      [ERROR_META_KEY]: {
        code: error.code,
        message: error.message,
        hint: error.hint ?? null,
        effect: error.effect,
        details: error.details,
      },
    },
  };
}
