import { z } from 'zod';
import type { GuestType } from '../../domain/guest.ts';
import { OperationError } from '../../domain/operation-error.ts';
import { checkGuestPath } from '../../exec/guest-path.ts';

const WINDOWS_PATH = /^[A-Za-z]:[\\/](?:[^\\/:*?"<>|\0-\x1f]+[\\/])*[^\\/:*?"<>|\0-\x1f]+$/;

export const path = z.string().min(1).max(1024).describe('Absolute path of a file, e.g. /etc/hosts or C:\\hosts.txt.');

/**
 * Checks the path of a file in a guest; VMs may run Windows.
 * @throws OperationError `invalid_input`
 */
export function checkFilePath(type: GuestType, file: string): void {
  if (type === 'lxc') return checkGuestPath(file);
  if (/[^\0-\x7f]/.test(file)) {
    throw new OperationError('invalid_input', 'The path holds letters beyond ASCII, which break the channel of the QEMU guest agent.', {
      details: { field: 'path' },
    });
  }
  const isWindows = WINDOWS_PATH.test(file) && !file.split(/[\\/]/).some((segment) => segment === '.' || segment === '..');
  if (!isWindows) checkGuestPath(file);
}
