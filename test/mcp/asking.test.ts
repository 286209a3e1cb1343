import { describe, expect, test } from 'vitest';
import { formOf, readAnswer } from '../../src/mcp/ask-person.ts';
import { createUsedOnce } from '../../src/mcp/used-once.ts';

const question = { message: 'Delete VM 105', typed: { label: 'Name of guest 105', expected: 'staging' } };

describe('the form a person fills in', () => {
  test('has one text field, which is required, so that an empty form is no answer', () => {
    expect(formOf(question)).toMatchObject({
      method: 'elicitation/create',
      params: {
        mode: 'form',
        message: 'Delete VM 105',
        requestedSchema: { properties: { approval: { type: 'string' } }, required: ['approval'] },
      },
    });
  });

  test.each([
    [{ action: 'accept', content: { approval: 'staging' } }, 'approved'],
    [{ action: 'accept', content: { approval: ' staging ' } }, 'approved'],
    [{ action: 'accept', content: { approval: 'Staging' } }, 'mistyped'],
    [{ action: 'accept', content: { approval: true } }, 'mistyped'],
    [{ action: 'accept', content: {} }, 'mistyped'],
    [{ action: 'accept' }, 'mistyped'],
    [{ action: 'decline' }, 'refused'],
    [{ action: 'cancel' }, 'dismissed'],
    [{ action: 'approve', content: { approval: 'staging' } }, 'dismissed'],
    [{}, 'dismissed'],
    [null, 'dismissed'],
    ['accept', 'dismissed'],
    [undefined, 'dismissed'],
  ] as const)('%j counts as %s', (response, verdict) => {
    expect(readAnswer(response, question)).toBe(verdict);
  });
});

describe('what may be used once', () => {
  test('is used the first time, and from then on until it has expired by itself', () => {
    let time = 0;
    const used = createUsedOnce({ keepMs: 100, capacity: 10, now: () => time });
    expect(used.use('a')).toBe(true);
    expect(used.use('a')).toBe(false);
    time = 99;
    expect(used.use('a')).toBe(false);
    time = 100;
    expect(used.use('b')).toBe(true);
  });

  test('is refused when too much is remembered, rather than taken twice', () => {
    const used = createUsedOnce({ keepMs: 100, capacity: 2, now: () => 0 });
    expect([used.use('a'), used.use('b'), used.use('c'), used.use('a')]).toEqual([true, true, false, false]);
  });
});
