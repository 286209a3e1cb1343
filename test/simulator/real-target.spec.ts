import { describe, expect } from 'vitest';
import { realTarget } from './parity/real-target.ts';
import { call } from './pve-target.ts';
import { test } from './with-simulator.ts';

describe('a real Proxmox VE to compare with', () => {
  const named = { PVE_NODE: 'pve1', PVE_VM: '105', PVE_CT: '205' };

  test('is asked for by naming every variable that is missing', () => {
    expect(() => realTarget({ ...named, PVE_TOKEN: '' })).toThrow(/^To compare .*\n  PVE_URL .*\n  PVE_TOKEN .*\n  PVE_FINGERPRINT .*$/);
  });

  test('is reached by the fingerprint of its certificate, and no other is talked to', async ({ sim }) => {
    const token = `${sim.token.user}!${sim.token.tokenName}=${sim.token.tokenValue}`;
    const reached = realTarget({ ...named, PVE_URL: `${sim.url}/`, PVE_TOKEN: token, PVE_FINGERPRINT: sim.fingerprint });
    expect(await call(reached.pve, 'GET', '/version')).toMatchObject({ status: 200 });
    sim.requests.clear();
    const other = realTarget({ ...named, PVE_URL: sim.url, PVE_TOKEN: token, PVE_FINGERPRINT: '00'.repeat(32) });
    await expect(call(other.pve, 'GET', '/version')).rejects.toThrow(`presents the certificate ${sim.fingerprint}`);
    expect(sim.requests.count()).toBe(0);
  });
});
