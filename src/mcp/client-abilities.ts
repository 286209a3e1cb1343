import { CLIENT_CAPABILITIES_META_KEY, type ClientCapabilities, type Server, type ServerContext } from '@modelcontextprotocol/server';
import type { ClientAbilities } from './caller.ts';
import { TASKS_EXTENSION } from './task.ts';

/** The revision that brought links to resources. */
const LINKS_SINCE = '2025-06-18';

/**
 * Reads what the client declared: with each request since 2026-07-28, once at `initialize` before that. A 2025 client over
 * stateless HTTP is unknown here and counts as able to do nothing.
 */
export function abilitiesOf(server: Server, { mcpReq, http }: ServerContext): ClientAbilities {
  const envelope = mcpReq.envelope as Readonly<Record<string, unknown>> | undefined;
  const declared = envelope ? (envelope[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined) : server.getClientCapabilities();
  const elicitation = declared?.elicitation;
  // Served without a session, a client of 2025-06-18 or later names its revision with each request, and an older one none.
  const revision = http?.req?.headers.get('mcp-protocol-version') ?? server.getNegotiatedProtocolVersion() ?? '';
  return {
    // Tasks of 2025-11-25 are another protocol, so only the declaration that comes with a request counts.
    tasks: envelope !== undefined && Object.hasOwn(declared?.extensions ?? {}, TASKS_EXTENSION),
    form: elicitation !== undefined && (elicitation.form !== undefined || Object.keys(elicitation).length === 0),
    links: envelope !== undefined || revision >= LINKS_SINCE,
  };
}
