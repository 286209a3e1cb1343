import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperationError } from '../domain/operation-error.ts';
import { isRecord } from '../domain/record.ts';
import { systemCode, systemReason } from '../domain/thrown.ts';

/** The JSON object in a config file; undefined when there is no file. @throws OperationError `invalid_input` */
export async function readConfigFile(path: string): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new OperationError('invalid_input', `${path} cannot be read: ${systemReason(error)}.`);
  }
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (isRecord(parsed)) return { ...parsed };
  } catch {
    // Told below, without the text, which holds the token.
  }
  throw new OperationError('invalid_input', `${path} does not hold one JSON object.`);
}

/** Makes the folder of a config file where it is missing. @throws OperationError `invalid_input` when no file can be made in it */
export async function assertWritable(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    throw new OperationError('invalid_input', `${path} cannot be written: ${systemReason(error)}.`, {
      hint: 'Name another place, or free this one.',
    });
  }
}

/** Writes a config file for its owner only, whole or not at all. */
export async function writeConfigFile(path: string, content: Readonly<Record<string, unknown>>): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw new OperationError('internal', `${path} cannot be written: ${systemReason(error)}.`, {
      hint: 'Name another place, or free this one.',
    });
  }
}
