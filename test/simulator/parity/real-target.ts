import { readFileSync } from 'node:fs';
import type { PveTarget } from '../pve-target.ts';
import { connectPinned } from './pinned-connection.ts';

/** A real Proxmox VE, and what tests may touch there. */
export interface RealTarget {
  readonly pve: PveTarget;
  readonly node: string;
  /** A stopped VM that may be started, changed, snapshotted and backed up. */
  readonly vm: number;
  /** A stopped container that may be started and stopped. */
  readonly container: number;
}

const NEEDED = {
  PVE_URL: 'https://ADDRESS:8006',
  PVE_TOKEN: 'USER@REALM!ID=SECRET, with Administrator on /',
  PVE_NODE: 'the name of the node',
  PVE_VM: 'the id of a stopped VM on it, with a disk that can be snapshotted, that tests may start and change',
  PVE_CT: 'the id of a stopped container on it that tests may start and stop',
} as const;

/**
 * Reads the PVE_… variables.
 * @throws Error that names every variable that is missing
 */
export function realTarget(environment: NodeJS.ProcessEnv): RealTarget {
  const missing = Object.entries(NEEDED)
    .filter(([name]) => (environment[name] ?? '') === '')
    .map(([name, meaning]) => `  ${name}  ${meaning}`);
  const fingerprint = environment['PVE_FINGERPRINT'];
  const authority = environment['PVE_CA_FILE'];
  if (fingerprint === undefined && authority === undefined && environment['PVE_INSECURE'] !== '1')
    missing.push('  PVE_FINGERPRINT  SHA-256 of the certificate of that address (or PVE_CA_FILE, or PVE_INSECURE=1)');
  if (missing.length > 0) throw new Error(`To compare with a real Proxmox VE, set\n${missing.join('\n')}`);
  const url = new URL(environment['PVE_URL'] ?? '').origin;
  return {
    pve: {
      url,
      token: environment['PVE_TOKEN'] ?? '',
      ...(authority === undefined ? {} : { ca: readFileSync(authority, 'utf8') }),
      ...(fingerprint === undefined ? {} : { connect: () => connectPinned(url, fingerprint) }),
    },
    node: environment['PVE_NODE'] ?? '',
    vm: Number(environment['PVE_VM']),
    container: Number(environment['PVE_CT']),
  };
}
