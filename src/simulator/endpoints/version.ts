import type { Endpoint } from '../api/endpoint.ts';

/** The release that is simulated. */
export const RELEASE = { release: '9.2', repoid: '14a22df35955d97d', version: '9.2.11' } as const;

/** @see pve-manager PVE/API2.pm version */
export const versionEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/version', handler: () => RELEASE },
  { method: 'GET', path: '/nodes/{node}/version', handler: () => RELEASE },
];
