import { OperationError } from '../domain/operation-error.ts';
import type { Facts, Plan } from '../domain/plan.ts';
import type { ProxmoxPlanner } from '../proxmox/planner.ts';
import { createContainerFiles, type ContainerFiles } from './container-files.ts';
import type { EachContext, Query, Task, TaskContext } from './define.ts';

/** Runs operations against the cluster, reading only: queries answer, tasks plan. */
export interface Runner {
  query(operation: Query, input: Facts): Promise<Facts>;
  /** One input per target; the input itself for operations that settle nothing. */
  each(operation: Task, settled: Omit<EachContext<Facts>, 'pve'>): Promise<readonly Facts[]>;
  plan(operation: Task, planned: Omit<TaskContext<Facts>, 'pve'>): Promise<Plan>;
  /** @throws OperationError when the world cannot be read */
  verify(operation: Task, planned: Omit<TaskContext<Facts>, 'pve'>): Promise<'achieved' | 'absent' | 'unclear'>;
}

export function createRunner(pve: ProxmoxPlanner, files: ContainerFiles = createContainerFiles(undefined)): Runner {
  return {
    query: (operation, input) => operation.run({ input, pve, files }),
    each: async (operation, settled) => (operation.each ? operation.each({ ...settled, pve }) : [settled.input]),
    plan: (operation, planned) => operation.run({ ...planned, pve }),
    verify: (operation, planned) => verify(operation, { ...planned, pve }),
  };
}

/** Planning anew is the general way to look: nothing left to do means that the world is as wanted. */
async function verify(operation: Task, context: TaskContext<Facts>): Promise<'achieved' | 'absent' | 'unclear'> {
  if (operation.verify) return operation.verify(context);
  try {
    const plan = await operation.run(context);
    return plan.kind === 'unchanged' ? 'achieved' : 'absent';
  } catch (error) {
    if (error instanceof OperationError && (error.code === 'conflict' || error.code === 'not_found')) return 'unclear';
    throw error;
  }
}
