import { randomUUID } from 'node:crypto';
import {
  createRequestStateCodec,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  type InputRequest,
  type InputRequiredResult,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server';
import { recordIn } from '../domain/record.ts';
import type { ApprovalQuestion, Approvals } from '../dispatch/approvals.ts';
import type { Caller } from './caller.ts';
import { createUsedOnce } from './used-once.ts';

/** What travels to the client and back while its person is asked. Signed, readable, bound to caller and method. */
interface Asked {
  readonly job: string;
  readonly tool: string;
  /** 1 for the first time. */
  readonly round: number;
  readonly nonce: string;
}

/** What became of a question. */
export type PersonsAnswer =
  | { readonly kind: 'approved' | 'refused' | 'dismissed'; readonly jobId: string }
  /** What was typed is not what was asked for; nothing is decided. */
  | { readonly kind: 'mistyped'; readonly jobId: string; readonly round: number }
  /** The answer was used before, or the job no longer waits. */
  | { readonly kind: 'too late'; readonly jobId: string };

/** What this surface needs of approvals: it asks and passes the answer on, and decides nothing. */
export type AskableApprovals = Pick<Approvals, 'questionOf' | 'decide'>;

/** Asks the person at the client, through the protocol of either era. */
export interface AskPerson {
  /** The answer that came back with this request, checked and burnt; undefined when it is no answer. */
  answerIn(caller: Caller, tool: string): Promise<PersonsAnswer | undefined>;
  /** What to answer so that the client asks. Undefined when it cannot be asked, or the job does not wait. */
  ask(caller: Caller, context: ServerContext, tool: string, jobId: string, round?: number): Promise<InputRequiredResult | undefined>;
  /** For the server options. */
  readonly verifyState: NonNullable<NonNullable<ServerOptions['requestState']>['verify']>;
}

export interface AskPersonOptions {
  readonly approvals: Pick<Approvals, 'questionOf'>;
  /** At least 32 bytes, the same in every process that may get the answer. */
  readonly key: Uint8Array;
  /** How the caller of a request is named in the binding. */
  principalIdOf(context: ServerContext): string;
  /** Milliseconds. */
  now(): number;
  readonly ttlSeconds?: number;
}

const FIELD = 'approval';
const MAX_ROUNDS = 3;
const MAX_OPEN = 10_000;

export function createAskPerson({ approvals, key, principalIdOf, now, ttlSeconds = 600 }: AskPersonOptions): AskPerson {
  const codec = createRequestStateCodec<Asked>({
    key,
    ttlSeconds,
    bind: (context) => `${context.mcpReq.method}\0${principalIdOf(context)}`,
  });
  // A signed state can be sent again until it expires. Between processes, the job itself takes only one decision.
  const used = createUsedOnce({ keepMs: ttlSeconds * 1000, capacity: MAX_OPEN, now });

  return {
    verifyState: (state, context) => codec.verify(state, context),
    async answerIn({ request, principal }, tool) {
      const asked = request.requestState<Asked>();
      if (asked === undefined) return undefined;
      const { job: jobId, round, nonce } = asked;
      if (asked.tool !== tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'The state belongs to a call of another tool.');
      if (!used.use(nonce)) return { kind: 'too late', jobId };
      const question = await approvals.questionOf(jobId, principal);
      if (!question) return { kind: 'too late', jobId };
      const verdict = readAnswer(request.inputResponses?.[FIELD], question);
      return verdict === 'mistyped' ? { kind: verdict, jobId, round } : { kind: verdict, jobId };
    },
    async ask(caller, context, tool, jobId, round = 1) {
      if (!caller.abilities.form || round > MAX_ROUNDS) return undefined;
      const question = await approvals.questionOf(jobId, caller.principal);
      if (!question) return undefined;
      return inputRequired({
        inputRequests: { [FIELD]: formOf(question, round > 1) },
        requestState: await codec.mint({ job: jobId, tool, round, nonce: randomUUID() }, context),
      });
    },
  };
}

/** The form for a question: one text field that has to be filled in. */
export function formOf({ message, typed }: ApprovalQuestion, again = false): InputRequest {
  return inputRequired.elicit({
    mode: 'form',
    message: again ? `That was not it; nothing was done.\n${message}` : message,
    requestedSchema: {
      type: 'object',
      properties: { [FIELD]: { type: 'string', title: typed.label, description: `Type ${typed.expected} to approve.`, maxLength: 200 } },
      required: [FIELD],
    },
  });
}

/** Reads an answer to `formOf`. It comes from the client and can be anything. */
export function readAnswer(response: unknown, { typed: wanted }: ApprovalQuestion): 'approved' | 'refused' | 'dismissed' | 'mistyped' {
  const { action, content } = recordIn(response);
  if (action === 'decline') return 'refused';
  if (action !== 'accept') return 'dismissed';
  const typed = recordIn(content)[FIELD];
  return typeof typed === 'string' && typed.trim() === wanted.expected ? 'approved' : 'mistyped';
}

/** What an answer decides, and the reason that is kept with the job. */
export function decisionOf(answer: 'approved' | 'refused'): { readonly approve: boolean; readonly reason: string } {
  const approve = answer === 'approved';
  return { approve, reason: approve ? 'approved at the client' : 'declined at the client' };
}
