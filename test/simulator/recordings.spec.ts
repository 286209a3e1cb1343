import { describe, expect, test } from 'vitest';
import { disagreements } from './agreement.ts';
import { recordings, replay } from './recordings.ts';

/** How many recorded exchanges of a real Proxmox VE 9.2 the simulator agrees with. */
const CLAIMED = 518;

describe('the simulator answers as the recorded Proxmox VE did', () => {
  const claimed = recordings();

  test(`${CLAIMED} recordings are claimed`, () => {
    expect(claimed).toHaveLength(CLAIMED);
    expect(new Set(claimed.map((recording) => recording.name)).size).toBe(CLAIMED);
  });

  test.each(claimed)('$name', async (recording) => {
    const { answer, exitstatus } = await replay(recording);
    expect(disagreements(recording.response, answer)).toEqual([]);
    if (recording.exitstatus !== undefined) expect(exitstatus).toBe(recording.exitstatus);
  });
});
