import { expect, test } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import { scrubAnswer } from '../../src/operations/scrub-answer.ts';

test.each(['null', 'tus":500', '"status":', 'proxmox_failed'])(
  'a password that reads like a part of an error (%j) takes nothing from it but itself',
  (password) => {
    const error = new OperationError('proxmox_failed', `Proxmox VE refused ${password}.`, {
      effect: 'unknown',
      details: { status: 500, task: null, said: password },
    });
    const answer = scrubAnswer({ kind: 'in_doubt', error }, { password }, ['password']);
    expect(answer).toMatchObject({
      error: {
        code: 'proxmox_failed',
        effect: 'unknown',
        message: 'Proxmox VE refused <secret>.',
        details: { status: 500, task: null, said: '<secret>' },
      },
    });
  },
);
