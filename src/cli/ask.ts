import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { OperationError } from '../domain/operation-error.ts';

/** The person ended the questions: Ctrl-C, or the end of the input. */
export class GivenUp extends OperationError {
  constructor() {
    super('invalid_input', 'Given up; nothing more was changed.');
  }
}

/** A person who answers questions. */
export interface Ask {
  /** One line; an empty answer is the default. */
  text(question: string, fallback?: string): Promise<string>;
  /** Not shown while it is typed. */
  secret(question: string): Promise<string>;
  confirm(question: string, fallback: boolean): Promise<boolean>;
  close(): void;
}

/** Asks on standard error, so that standard output stays for answers. */
export function askOnTerminal(process: Pick<NodeJS.Process, 'stdin' | 'stderr'>, signal: AbortSignal): Ask {
  let isHidden = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isHidden) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const question = async (text: string): Promise<string> => {
    try {
      return await lines.question(text, { signal });
    } catch {
      throw new GivenUp();
    }
  };
  return {
    async text(text, fallback) {
      const answer = (await question(`${text}${fallback === undefined ? '' : ` [${fallback}]`}: `)).trim();
      return answer === '' ? (fallback ?? '') : answer;
    },
    async secret(text) {
      process.stderr.write(`${text}: `);
      isHidden = true;
      try {
        return await question('');
      } finally {
        isHidden = false;
        process.stderr.write('\n');
      }
    },
    async confirm(text, fallback) {
      const answer = (await question(`${text} [${fallback ? 'Y/n' : 'y/N'}]: `)).trim().toLowerCase();
      return answer === '' ? fallback : answer.startsWith('y');
    },
    close: () => lines.close(),
  };
}
