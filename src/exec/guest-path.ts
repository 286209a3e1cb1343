import { OperationError } from '../domain/operation-error.ts';

const MAX_PATH_BYTES = 4096;

/**
 * Checks the path of a file in a container: absolute, without `.` and `..`, naming a file and not a folder.
 * @throws OperationError invalid_input
 */
export function checkGuestPath(path: string): void {
  const segments = path.split('/').slice(1);
  const isClean = path.startsWith('/') && segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (!isClean || Buffer.byteLength(path) > MAX_PATH_BYTES || path.includes('\0')) {
    throw new OperationError('invalid_input', `${JSON.stringify(path.slice(0, 200))} is no path of a file.`, {
      hint: 'Give an absolute path without "//", "." and "..".',
      details: { field: 'path', sent: false },
    });
  }
}
