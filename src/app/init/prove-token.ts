import { OperationError } from '../../domain/operation-error.ts';
import { createReader } from '../../proxmox/reader.ts';
import { configSchema } from '../config-schema.ts';
import { connectToProxmox } from '../connect-to-proxmox.ts';

/**
 * Sees whether Proxmox VE takes a token, before it is written down.
 * @throws OperationError that says what Proxmox VE refused
 */
export async function proveToken(sections: Readonly<Record<'proxmox' | 'auth', object>>): Promise<void> {
  const api = connectToProxmox(configSchema.parse(sections));
  try {
    await createReader(api).version();
  } finally {
    await api.close();
  }
}

/** True for a token that does not exist, has expired, or came with another secret. */
export function isRefusedToken(error: unknown): error is OperationError {
  return error instanceof OperationError && error.details['proxmox_status'] === 401;
}
