import { ProtocolError, ProtocolErrorCode, type Server, type ServerContext } from '@modelcontextprotocol/server';
import type { Caller } from './caller.ts';
import type { ResourceOffer } from './offer.ts';

/** Resources that one connection of the 2025 protocols may watch. */
const MAX_WATCHED = 500;

interface ServeResources {
  readonly server: Server;
  readonly resources: ResourceOffer;
  readonly callerOf: (context: ServerContext) => Caller;
  /** Which clients this connection tells of changes: since 2026-07-28 the entry filters, before that it is asked here. */
  readonly tells: 'nobody' | 'whoever listens' | 'who subscribed';
}

/** Installs the resource methods and, where the connection lasts, tells of changes. */
export function serveResources({ server, resources, callerOf, tells }: ServeResources): void {
  server.setRequestHandler('resources/list', () => ({ resources: [...resources.list] }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [...resources.templates] }));
  server.setRequestHandler('resources/read', ({ params }, context) => resources.read(params.uri, callerOf(context)));
  if (tells === 'nobody' || !resources.watch) return;

  const watched = new Set<string>();
  if (tells === 'who subscribed') {
    server.setRequestHandler('resources/subscribe', ({ params }) => {
      if (watched.size >= MAX_WATCHED && !watched.has(params.uri)) {
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `At most ${MAX_WATCHED} resources can be subscribed to at once.`);
      }
      watched.add(params.uri);
      return {};
    });
    server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      watched.delete(params.uri);
      return {};
    });
  }
  const stop = resources.watch((uri) => {
    if (tells === 'who subscribed' && !watched.has(uri)) return;
    // A notification that cannot be delivered is dropped: the resource can be read at any time.
    if (server.transport) server.sendResourceUpdated({ uri }).catch(() => undefined);
  });
  server.onclose = stop;
}
