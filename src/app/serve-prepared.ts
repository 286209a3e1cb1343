import type { Environment } from '../domain/environment.ts';
import { hasOpenJobs } from '../jobs/has-open-jobs.ts';
import { createPreparedConversation, type PreparedConversation, type RequestId } from '../mcp/prepared-conversation.ts';
import { plainConfig } from './plain-config.ts';
import { PREPARED_SERVERS } from './prepared-servers.ts';
import { nextSignal } from './shut-down.ts';
import { jobsFile } from './state-paths.ts';

/** How often a server that nobody asks looks whether there are open jobs: of one that crashed, or of one that runs beside it. */
const LOOK_EVERY_MS = 2000;
/** A beginning of a conversation that is longer than this is not in any record. */
const LONGEST_LINE = 65_536;
/** More than this unread, and the client is one for the server's own bounds. */
const MOST_UNREAD = 1_048_576;

/** How it ended: the client has gone, or a server has to go on, to whom the client repeats requests that are answered already. */
export type PreparedEnd = 'gone' | { readonly answered: ReadonlySet<RequestId> };

/**
 * MCP on standard input and output before anything of the product, and of MCP itself, is loaded: many clients start a server,
 * ask what it has, and never ask it anything else. Ends with the first line that needs a server, or when there are open jobs to follow;
 * standard input then begins with all that the server must hear.
 */
export async function servePrepared(environment: Environment, servers = PREPARED_SERVERS): Promise<PreparedEnd> {
  const config = servers.length === 0 ? undefined : await plainConfig(environment);
  const prepared = config && servers.find(({ hasSsh, isReadOnly }) => hasSsh === config.hasSsh && isReadOnly === config.isReadOnly);
  if (!config || !prepared) return { answered: new Set() };
  const conversation = createPreparedConversation(prepared.answers);
  const talk = converse(conversation);
  const file = jobsFile(config.jobs.sqlite_path, environment);
  const timer = setInterval(() => void hasOpenJobs(file).then((has) => has && talk.leave('beyond')), LOOK_EVERY_MS);
  void nextSignal().then(() => talk.leave('gone'));
  const end = await talk.end;
  clearInterval(timer);
  return end === 'gone' ? 'gone' : { answered: conversation.answered };
}

interface Talk {
  readonly end: Promise<'gone' | 'beyond'>;
  leave(how: 'gone' | 'beyond'): void;
}

function converse({ hear, toRepeat }: PreparedConversation): Talk {
  const { stdin, stdout } = process;
  const end = Promise.withResolvers<'gone' | 'beyond'>();
  let unheard = Buffer.alloc(0);
  let isLeft = false;
  const leave = (how: 'gone' | 'beyond'): void => {
    if (isLeft) return;
    isLeft = true;
    stdin.off('data', take).off('end', go).off('close', go).pause();
    stdout.off('error', go);
    if (how === 'beyond') stdin.unshift(Buffer.concat([Buffer.from(toRepeat.map((line) => `${line}\n`).join('')), unheard]));
    end.resolve(how);
  };
  const go = (): void => leave('gone');
  const take = (chunk: Buffer): void => {
    unheard = Buffer.concat([unheard, chunk]);
    for (let at = unheard.indexOf('\n'); at >= 0; at = unheard.indexOf('\n')) {
      if (stdout.writableLength > MOST_UNREAD) return leave('beyond');
      const answers = hear(unheard.toString('utf8', 0, at));
      if (answers === 'beyond') return leave('beyond');
      unheard = unheard.subarray(at + 1);
      for (const answer of answers) stdout.write(`${answer}\n`);
    }
    if (unheard.length > LONGEST_LINE) leave('beyond');
  };
  stdin.on('data', take).once('end', go).once('close', go);
  stdout.on('error', go);
  return { end: end.promise, leave };
}
