import { OperationError } from '../../domain/operation-error.ts';
import { createReader } from '../../proxmox/reader.ts';
import { configSchema } from '../config-schema.ts';
import { connectToProxmox } from '../connect-to-proxmox.ts';

/**
 * Sees whether Proxmox VE takes a token, before it is written down.
 * @throws OperationError `unauthenticated` for a token that does not exist, has expired, or came with another secret
 */
export async function proveToken(sections: Readonly<Record<'proxmox' | 'auth', object>>): Promise<void> {
  const api = connectToProxmox(configSchema.parse(sections));
  try {
    await createReader(api).version();
  } catch (error) {
    // Elsewhere it is a fault of the server's configuration; here the person who gave the token is at the keyboard.
    if (!(error instanceof OperationError) || error.details['proxmox_status'] !== 401) throw error;
    const { message, hint, details } = error;
    throw new OperationError('unauthenticated', message, { hint, details });
  } finally {
    await api.close();
  }
}
