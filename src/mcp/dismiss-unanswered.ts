import type { Server } from '@modelcontextprotocol/server';

type Request = (message: { readonly method: string }, options?: { readonly signal?: AbortSignal }) => Promise<unknown>;

/**
 * Takes a question that a client of the 2025 protocols could not show, or that nobody answered in time, for one that was
 * dismissed: the call then answers the job that waits. Otherwise the protocol layer would answer an error that names no job.
 */
export function dismissUnanswered(server: Server): void {
  const send: Request = server.request.bind(server);
  const request: Request = async (message, options) => {
    try {
      return await send(message, options);
    } catch (error) {
      if (message.method !== 'elicitation/create' || options?.signal?.aborted === true) throw error;
      return { action: 'cancel' };
    }
  };
  server.request = request;
}
