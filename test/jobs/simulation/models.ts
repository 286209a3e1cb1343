import type { MachineFaults } from './machine.ts';
import type { WorldFaults } from './world.ts';

/** What a run may throw at the protocol. */
export interface FaultModel {
  readonly name: 'bounded delay' | 'unbounded delay' | 'long pauses' | 'foreign tasks';
  readonly machine: MachineFaults;
  readonly world: WorldFaults;
}

const machine: MachineFaults = { kill: 1 / 500, pause: 1 / 1500, pauseMs: [100, 3000] };

const world: WorldFaults = {
  refusedConnection: 0.03,
  lostRequest: 0.06,
  lostResponse: 0.06,
  late: 0.05,
  lateMs: [1000, 80_000],
  hiddenTask: 0.03,
  refuseForNow: 0.04,
  failedTask: 0.06,
  unexpectedEnd: 0.05,
  warnings: 0.04,
  failedRead: 0.06,
  nodeDown: 240_000,
  nodeDownMs: [5000, 90_000],
  administrator: 6_000,
  foreignTask: 0,
};

export const MODELS: readonly FaultModel[] = [
  { name: 'bounded delay', machine, world },
  { name: 'unbounded delay', machine, world: { ...world, late: 0.1, lateMs: [1000, 1_200_000] } },
  { name: 'long pauses', machine: { kill: 1 / 1000, pause: 1 / 250, pauseMs: [1000, 400_000] }, world },
  { name: 'foreign tasks', machine, world: { ...world, foreignTask: 2_500 } },
];

/** A cluster and processes in which nothing goes wrong. */
export const CALM: FaultModel = {
  name: 'bounded delay',
  machine: { kill: 0, pause: 0, pauseMs: [0, 0] },
  world: {
    refusedConnection: 0,
    lostRequest: 0,
    lostResponse: 0,
    late: 0,
    lateMs: [0, 0],
    hiddenTask: 0,
    refuseForNow: 0,
    failedTask: 0,
    unexpectedEnd: 0,
    warnings: 0,
    failedRead: 0,
    nodeDown: 0,
    nodeDownMs: [0, 0],
    administrator: 0,
    foreignTask: 0,
  },
};
