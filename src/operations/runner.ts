import { OperationError } from '../domain/operation-error.ts';
import type { Facts, Plan } from '../domain/plan.ts';
import type { ProxmoxPlanner } from '../proxmox/planner.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';
import { createContainerFiles, type ContainerFiles } from './container-files.ts';
import type { EachContext, Query, Task, TaskContext } from './define.ts';
import { explainRefusal } from './explain-refusal.ts';

/** Runs operations against the cluster, reading only: queries answer, tasks plan. */
export interface Runner {
  query(operation: Query, input: Facts): Promise<Facts>;
  /** One input per target; the input itself for operations that settle nothing. */
  each(operation: Task, settled: Omit<EachContext<Facts>, 'pve'>): Promise<readonly Facts[]>;
  plan(operation: Task, planned: Omit<TaskContext<Facts>, 'pve'>): Promise<Plan>;
  /** @throws OperationError when the world cannot be read */
  verify(operation: Task, planned: Omit<TaskContext<Facts>, 'pve'>): Promise<'achieved' | 'absent' | 'unclear'>;
  /** The error of a refused call, with the privilege that is missing where Proxmox VE does not name it. */
  explain(operation: Query | Task, input: Facts, thrown: unknown): Promise<unknown>;
}

/** @param shown what queries read from, which may be a moment old; what tasks read is always fresh */
export function createRunner(
  pve: ProxmoxPlanner,
  files: ContainerFiles = createContainerFiles(undefined),
  shown: ProxmoxReader = pve,
): Runner {
  const explain: Runner['explain'] = ({ permissions }, input, thrown) => explainRefusal(thrown, { permissions, input, pve });
  async function explained<T>(operation: Query | Task, input: Facts, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw await explain(operation, input, error);
    }
  }
  return {
    explain,
    query: (operation, input) => explained(operation, input, () => operation.run({ input, pve: shown, files })),
    each: (operation, settled) =>
      explained(operation, settled.input, async () => (operation.each ? operation.each({ ...settled, pve }) : [settled.input])),
    plan: (operation, planned) => explained(operation, planned.input, () => operation.run({ ...planned, pve })),
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
