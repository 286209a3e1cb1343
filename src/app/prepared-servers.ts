import type { PreparedAnswers } from '../mcp/prepared-conversation.ts';

/** What a server with an ordinary policy says before it is asked to do anything. */
export interface PreparedServer {
  /** Whether it offers commands and files in containers. */
  readonly hasSsh: boolean;
  readonly isReadOnly: boolean;
  readonly answers: PreparedAnswers;
}

/** Recorded from the servers themselves at build time; none when run from source. The build fills the list. */
export const PREPARED_SERVERS: readonly PreparedServer[] = [];
