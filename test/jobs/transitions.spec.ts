import { expect, test } from 'vitest';
import { FINAL_STATES, JOB_STATES, isFinal } from '../../src/jobs/job.ts';
import type { JobState } from '../../src/jobs/job.ts';
import { TRANSITIONS, nextState } from '../../src/jobs/transitions.ts';
import type { TransitionEvent } from '../../src/jobs/transitions.ts';

const EVENTS = Object.keys(TRANSITIONS) as TransitionEvent[];
const BY_A_PERSON: readonly TransitionEvent[] = ['retried', 'retried_asking', 'resolved_succeeded', 'resolved_failed'];

function successors(state: JobState): Set<JobState> {
  return new Set(EVENTS.map((event) => nextState(state, event)).filter((next) => next !== undefined));
}

test('the table says of every state and event what follows', () => {
  for (const state of JOB_STATES)
    for (const event of EVENTS) {
      const rule: { from: readonly JobState[]; to: JobState } = TRANSITIONS[event];
      expect(nextState(state, event)).toBe(rule.from.includes(state) ? rule.to : undefined);
    }
});

test('only a person moves a job out of a final state', () => {
  for (const state of FINAL_STATES)
    for (const event of EVENTS) if (nextState(state, event) !== undefined) expect(BY_A_PERSON).toContain(event);
});

test('nothing moves a job that has succeeded', () => {
  expect(successors('succeeded')).toEqual(new Set());
  expect(successors('succeeded_with_warnings')).toEqual(new Set());
});

test('every state can be reached and every open state can end', () => {
  const reached = new Set<JobState>(['awaiting_approval', 'ready']);
  for (let grown = 0; grown < reached.size;) {
    grown = reached.size;
    for (const next of [...reached].flatMap((state) => [...successors(state)])) reached.add(next);
  }
  expect([...reached].sort()).toEqual([...JOB_STATES].sort());
  for (const state of JOB_STATES) if (!isFinal(state)) expect(successors(state).size).toBeGreaterThan(0);
});

test('doubt never turns into failure', () => {
  expect([...successors('in_doubt')].sort()).toEqual(['not_observed', 'ready', 'running', 'unknown', 'verifying']);
});

test('only a READY job is sent', () => {
  for (const state of JOB_STATES) expect(successors(state).has('sending')).toBe(state === 'ready');
});
