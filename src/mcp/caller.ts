import type { ServerContext } from '@modelcontextprotocol/server';
import type { Principal } from '../domain/principal.ts';

/** What the client on the other side can do, as far as it said so for this request or connection. */
export interface ClientAbilities {
  /** Follows tasks: it may be answered a task in place of a result. */
  readonly tasks: boolean;
  /** Shows a form to its person. */
  readonly form: boolean;
  /** Takes links to resources in an answer; before 2025-06-18 there were none, and clients refuse them. */
  readonly links: boolean;
}

/** Who sent a request, and the request itself. */
export interface Caller {
  readonly principal: Principal;
  readonly requestId: string;
  readonly abilities: ClientAbilities;
  readonly request: ServerContext['mcpReq'];
}
