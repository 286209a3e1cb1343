import { open } from 'node:fs/promises';
import { OperationError } from '../domain/operation-error.ts';
import { isRecord } from '../domain/record.ts';
import { systemReason } from '../domain/thrown.ts';

const MAX_BYTES = 1024 * 1024;

/**
 * A JSON object from a file, or from standard input for `-`.
 * @throws OperationError `invalid_input`
 */
export async function readInputFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  const from = path === '-' ? 'Standard input' : path;
  const text = await readBounded(path, from);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // Node's own message quotes the text, which may hold a secret.
    throw new OperationError('invalid_input', `${from} holds no valid JSON.`);
  }
  if (!isRecord(parsed)) {
    throw new OperationError('invalid_input', `${from} must hold one JSON object.`, { hint: 'Write {"argument": value, …}.' });
  }
  return parsed;
}

async function readBounded(path: string, from: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const stream = path === '-' ? process.stdin : (await open(path)).createReadStream();
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      const buffer = Buffer.from(chunk as string);
      bytes += buffer.length;
      if (bytes > MAX_BYTES) throw new OperationError('invalid_input', `${from} is longer than ${MAX_BYTES} bytes.`);
      chunks.push(buffer);
    }
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw new OperationError('invalid_input', `${from} cannot be read: ${systemReason(error)}.`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
