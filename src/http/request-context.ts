import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import type { Principal } from '../domain/principal.ts';
import type { Identity } from './identity.ts';

/** What is known of a request while it is served. */
export interface RequestVariables {
  requestId: string;
  /** Address of the client, behind trusted proxies. */
  clientAddress: string;
  /** Template of the route, for metrics and logs; never the path. */
  route: string;
  identity: Identity;
  principal: Principal;
}

export type HttpEnv = { Bindings: Partial<HttpBindings>; Variables: RequestVariables };
export type HttpContext = Context<HttpEnv>;
export type HttpMiddleware = MiddlewareHandler<HttpEnv>;

/** Where the HTTP room writes what it has to tell. */
export interface HttpLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** One answered request, for the log and the metrics. */
export interface RequestRecord {
  readonly requestId: string;
  readonly method: string;
  /** Template, or `unmatched`. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly clientAddress: string;
  readonly principalId: string | null;
}
