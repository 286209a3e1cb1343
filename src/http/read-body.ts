import { OperationError } from '../domain/operation-error.ts';
import { surveyJson } from './survey-json.ts';
import { Refusal } from './refusal.ts';

/** Bytes of a request body. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** Objects and lists inside one another. Deeper ones serve only to exhaust a stack. */
const MAX_DEPTH = 32;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON body of a request, undefined for an empty one, whatever content type it claims: `curl -d` says it sends a form.
 * @throws Refusal 413 and 400, OperationError `invalid_input` for what is no JSON
 */
export async function readBody(request: Request): Promise<unknown> {
  const bytes = await readBytes(request);
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  if (bytes.length > 0 && encoding !== 'identity')
    throw new OperationError('invalid_input', `The body is encoded as ${JSON.stringify(encoding.slice(0, 40))}.`, {
      hint: 'Send it as it is, without Content-Encoding.',
      details: { in: 'header', field: 'Content-Encoding' },
    });
  const text = textOf(bytes);
  if (text.trim() === '') return undefined;
  const { depth, ambiguous } = surveyJson(text);
  if (depth > MAX_DEPTH)
    throw new OperationError('invalid_input', `The body nests deeper than ${MAX_DEPTH} levels.`, { details: { type: 'json_too_deep' } });
  try {
    const body = JSON.parse(text) as unknown;
    if (ambiguous === undefined) return body;
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new OperationError('invalid_input', 'JSON decode error', {
      hint: 'Send a JSON object as the body.',
      details: {
        type: 'json_invalid',
        ...(position === undefined ? {} : { field: position }),
        input: {},
        ctx: { error: 'The body is no JSON.' },
      },
    });
  }
  // Whoever looked at it on the way may have read another value than we would.
  throw new OperationError('invalid_input', `The body may not hold the name ${JSON.stringify(ambiguous.slice(0, 60))} like that.`, {
    hint: 'Every name once in each object, and never __proto__.',
    details: { type: 'json_ambiguous' },
  });
}

/** What is said of a body that is longer than any that is read. */
export function bodyTooLarge(): Refusal {
  return new Refusal(413, { detail: `The body is larger than ${MAX_BODY_BYTES} bytes` });
}

async function readBytes(request: Request): Promise<Buffer> {
  const length = request.headers.get('content-length');
  if (Number(length ?? 0) > MAX_BODY_BYTES) throw bodyTooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    // What says how long it is cannot be longer. Read at once, and without a look at `body`, no stream is made for it.
    if (length !== null) return Buffer.from(await request.arrayBuffer());
    if (request.body === null) return Buffer.alloc(0);
    // Leaving the loop early cancels the stream, so that the rest is never read.
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) throw bodyTooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    // A client that hangs up is no failure of the server.
    throw error instanceof Refusal ? error : new Refusal(400, { detail: 'The body did not arrive' });
  }
  return Buffer.concat(chunks);
}

/** Without the mark that some clients set in front. Anything but UTF-8 would become other names than were meant. */
function textOf(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new OperationError('invalid_input', 'The body is not UTF-8.', {
      hint: 'Send a JSON object as UTF-8.',
      details: { type: 'json_invalid' },
    });
  }
}
