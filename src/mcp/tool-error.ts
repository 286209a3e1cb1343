import type { CallToolResult } from '@modelcontextprotocol/server';
import type { OperationError } from '../domain/operation-error.ts';
import { showUntrusted } from '../domain/untrusted-text.ts';

/** A failed call as a tool result: what is wrong, what to do next, and whether anything happened. */
export function toolError(error: OperationError): CallToolResult {
  const { proxmox_message: said, ...details } = error.details;
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
    structuredContent: {
      error: { code: error.code, message: error.message, hint: error.hint ?? null, effect: error.effect, details: error.details },
    },
  };
}
