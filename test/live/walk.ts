import { OperationError, toOperationError } from '../../src/domain/operation-error.ts';
import type { LiveSettings } from './live-settings.ts';

export type Output = Readonly<Record<string, unknown>>;
/** Calls an operation and waits for its job. @throws OperationError */
export type CallOperation = (operation: string, input: Output) => Promise<Output>;

/** What became of one operation. */
export interface Step {
  readonly operation: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
  readonly ms: number;
}

/** Guests of the test are known by their names: nothing else on a reserved id is ever touched. */
export const NAME_PREFIX = 'mcp-live-';
const ENDED_WELL = new Set(['completed', 'unchanged']);

interface WalkOptions {
  readonly call: CallOperation;
  readonly settings: LiveSettings;
  /** Ends the walk early; what was made is still removed. */
  readonly signal: AbortSignal;
  /** Told of each step as it ends. */
  onStep(step: Step): void;
}

/** Walks the catalogue on reserved ids and removes what it has made, whatever happens. @throws Error when a reserved id is taken */
export async function walk({ call, settings, signal, onStep }: WalkOptions): Promise<readonly Step[]> {
  const {
    node,
    storage,
    backup_storage: backupStorage,
    image_storage: imageStorage,
    container_template: template,
    iso_url: isoUrl,
    first_vmid: first,
  } = settings;
  const [vm, copy, restored, container] = [first, first + 1, first + 2, first + 3];
  const steps: Step[] = [];

  const told = (step: Step): void => {
    steps.push(step);
    onStep(step);
  };
  const skip = (operation: string, detail: string): void => told({ operation, outcome: 'skipped', detail, ms: 0 });
  const step = async (operation: string, input: Output, refusal?: string): Promise<Output> => {
    if (signal.aborted) throw new Error('interrupted');
    const startedAt = performance.now();
    const ms = (): number => Math.round(performance.now() - startedAt);
    try {
      const output = await call(operation, input);
      const { status, message } = output;
      const isJob = typeof output['effect'] === 'string' && Array.isArray(output['targets']);
      const several =
        status === 'several' && (output['targets'] as readonly { status: string }[]).every((target) => target.status === 'completed');
      const isWell = refusal === undefined && (!isJob || several || ENDED_WELL.has(String(status)) || operation.endsWith('_job'));
      told({ operation, outcome: isWell ? 'passed' : 'failed', detail: isWell ? '' : `${String(status)}: ${String(message)}`, ms: ms() });
      return output;
    } catch (thrown) {
      const { code, message } = toOperationError(thrown);
      const isExpected = code === refusal;
      told({
        operation,
        outcome: isExpected ? 'passed' : 'failed',
        detail: isExpected ? `refused as it must be: ${code}` : `${code}: ${message}`,
        ms: ms(),
      });
      return {};
    }
  };

  await assertFree(call, first);
  await cleanUp(call, settings);
  try {
    for (const operation of [
      'get_nodes',
      'get_storage',
      'get_cluster_status',
      'get_vms',
      'get_containers',
      'list_isos',
      'list_templates',
      'list_backups',
    ])
      await step(operation, {});
    await step('get_node_status', { node });
    const created = await step('create_vm', {
      node,
      vmid: vm,
      name: `${NAME_PREFIX}vm`,
      cpus: 1,
      memory: 128,
      disk_size: 1,
      storage,
      tags: ['mcp-live'],
      agent: false,
    });
    for (const operation of ['start_vm', 'reset_vm', 'stop_vm']) await step(operation, { vmid: vm });
    await step('create_snapshot', { vmid: vm, snapname: 'live' });
    await step('list_snapshots', { vmid: vm });
    await step('rollback_snapshot', { vmid: vm, snapname: 'live' });
    await step('delete_snapshot', { vmid: vm, snapname: 'live' });
    await step('clone_vm', { source_vmid: vm, target_vmid: copy, name: `${NAME_PREFIX}copy` });
    await step('shutdown_vm', { vmid: copy });
    await step('create_backup', { vmid: vm, storage: backupStorage });
    const [archive] = await backupsMade(call, settings);
    if (archive === undefined) skip('restore_backup', 'there is no backup');
    else await step('restore_backup', { archive, node, vmid: restored, storage });

    if (template === undefined) for (const operation of CONTAINER_STEPS) skip(operation, 'live.container_template is not set');
    else {
      await step('create_container', {
        node,
        vmid: container,
        hostname: `${NAME_PREFIX}ct`,
        ostemplate: template,
        storage,
        disk_size: 1,
        memory: 128,
        network_bridge: 'none',
      });
      const selector = String(container);
      for (const operation of ['start_container', 'restart_container']) await step(operation, { selector });
      await step('get_container_config', { vmid: container });
      await step('get_container_ip', { vmid: container });
      await step('get_guest_network', { vmid: container });
      await step('update_container_resources', { selector, memory: 192 });
      await step('stop_container', { selector });
      await step('delete_container', { selector });
    }
    if (isoUrl === undefined) for (const operation of ['download_iso', 'delete_iso']) skip(operation, 'live.iso_url is not set');
    else {
      const filename = isoName(settings);
      await step('download_iso', { node, storage: imageStorage, url: isoUrl, filename });
      await step('delete_iso', { node, storage: imageStorage, filename });
    }
    for (const operation of COMMAND_STEPS) skip(operation, 'needs a guest with an agent, or SSH to the node');
    const jobId = created['job_id'];
    if (typeof jobId === 'string') {
      await step('list_jobs', { limit: 5 });
      for (const operation of ['get_job', 'poll_job']) await step(operation, { job_id: jobId });
      await step('get_task_log', { upid: created['task_id'] });
      for (const operation of ['cancel_job', 'retry_job']) await step(operation, { job_id: jobId }, 'conflict');
      await step('resolve_job', { job_id: jobId, outcome: 'failed', reason: 'the live test' }, 'conflict');
    }
    for (const volid of await backupsMade(call, settings)) await step('delete_backup', { volid, storage: backupStorage, node });
    for (const vmid of [restored, copy, vm]) await step('delete_vm', { vmid, force: true });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await cleanUp(call, settings);
  }
  return steps;
}

const CONTAINER_STEPS = [
  'create_container',
  'start_container',
  'restart_container',
  'get_container_config',
  'get_container_ip',
  'get_guest_network',
  'update_container_resources',
  'stop_container',
  'delete_container',
];

const COMMAND_STEPS = [
  'execute_vm_command',
  'execute_container_command',
  'update_container_ssh_keys',
  'get_job_output',
  'read_guest_file',
  'write_guest_file',
];

interface Guest {
  readonly vmid: number;
  readonly name: string | null;
}

async function reservedGuests(call: CallOperation, first: number): Promise<readonly (Guest & { readonly kind: 'vm' | 'container' })[]> {
  const of = async (operation: string, kind: 'vm' | 'container') => {
    const { guests } = await call(operation, { after: first - 1, limit: 1000 });
    return (guests as readonly Guest[]).filter(({ vmid }) => vmid < first + 10).map((guest) => ({ ...guest, kind }));
  };
  return [...(await of('get_vms', 'vm')), ...(await of('get_containers', 'container'))];
}

/** A stranger on a reserved id ends the test before it begins. */
async function assertFree(call: CallOperation, first: number): Promise<void> {
  const stranger = (await reservedGuests(call, first)).find(({ name }) => name?.startsWith(NAME_PREFIX) !== true);
  if (stranger) throw new Error(`Id ${stranger.vmid} is taken by another guest: set live.first_vmid to where ten ids are free.`);
}

/**
 * Removes what this run or an earlier one has made: all of it is known by its name, nothing else is touched.
 * @throws Error that names what is still there
 */
async function cleanUp(call: CallOperation, settings: LiveSettings): Promise<void> {
  const { first_vmid: first, backup_storage: storage, image_storage: imageStorage, node } = settings;
  const ours = async () => (await reservedGuests(call, first)).filter(({ name }) => name?.startsWith(NAME_PREFIX) === true);
  const left: string[] = [];
  for (const guest of await ours()) await tried(left, `guest ${guest.vmid}`, () => remove(call, guest));
  for (const { vmid } of await ours()) left.push(`guest ${vmid}`);
  for (const volid of await backupsMade(call, settings)) await tried(left, volid, () => call('delete_backup', { volid, storage, node }));
  const filename = isoName(settings);
  if (settings.iso_url !== undefined) await tried(left, filename, () => call('delete_iso', { node, storage: imageStorage, filename }));
  if (left.length > 0) throw new Error(`These could not be removed: ${[...new Set(left)].join(', ')}.`);
}

/** One thing that cannot be removed does not keep the others. */
async function tried(left: string[], what: string, deed: () => Promise<Output>): Promise<void> {
  try {
    const { status } = await deed();
    if (!ENDED_WELL.has(String(status)) && status !== 'several') left.push(what);
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== 'not_found') left.push(what);
  }
}

function remove(call: CallOperation, { vmid, kind }: { readonly vmid: number; readonly kind: 'vm' | 'container' }): Promise<Output> {
  return kind === 'vm' ? call('delete_vm', { vmid, force: true }) : call('delete_container', { selector: String(vmid), force: true });
}

const isoName = ({ first_vmid: first }: LiveSettings): string => `${NAME_PREFIX}${first}.iso`;

/** Backups of the test's VM. One of somebody who had the id before says another name in its notes. */
async function backupsMade(call: CallOperation, { first_vmid: vmid, backup_storage: storage }: LiveSettings): Promise<readonly string[]> {
  const { backups } = await call('list_backups', { vmid, storage });
  return (backups as readonly { volid: string; notes: string | null }[])
    .filter(({ notes }) => notes?.startsWith(NAME_PREFIX) === true)
    .map(({ volid }) => volid);
}
