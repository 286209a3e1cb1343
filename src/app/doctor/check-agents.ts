import { OperationError, toOperationError } from '../../domain/operation-error.ts';
import { failed, ok, skipped, warning, type Finding } from '../../cli/finding.ts';
import type { ProxmoxApi } from '../../proxmox/api.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { route } from '../../proxmox/route.ts';

/** Asking each VM of a large cluster would take minutes; these tell enough. */
const SAMPLE = 12;
const WITHIN_MS = 5000;

/** Whether the guest agents of running VMs answer: commands and addresses of VMs need them. */
export async function checkGuestAgents(api: ProxmoxApi, reader: Pick<ProxmoxReader, 'guests'>): Promise<Finding> {
  try {
    const running = (await reader.guests()).filter(({ type, status, template }) => type === 'qemu' && status === 'running' && !template);
    if (running.length === 0) return skipped('agents', 'No VM runs, so no guest agent was asked.');
    const asked = running.slice(0, SAMPLE);
    const answers = await Promise.all(asked.map(async ({ node, vmid }) => ({ vmid, answer: await askAgent(api, node, vmid) })));
    const silent = answers.filter(({ answer }) => answer === 'silent').map(({ vmid }) => vmid);
    if (answers.every(({ answer }) => answer === 'forbidden')) return skipped('agents', 'The token may not ask guest agents.');
    if (silent.length === 0) return ok('agents', `The guest agents of ${asked.length} running VMs answer.`);
    return warning(
      'agents',
      `${silent.length} of ${asked.length} running VMs have no guest agent that answers: ${silent.join(', ')}.`,
      'Commands in these VMs will not work. Install qemu-guest-agent in the VM, and switch the agent on in its options; then stop and start it.',
      { silent },
    );
  } catch (thrown) {
    const { code, message, hint } = toOperationError(thrown);
    return failed('agents', code, message, hint);
  }
}

async function askAgent(api: ProxmoxApi, node: string, vmid: number): Promise<'answers' | 'silent' | 'forbidden'> {
  try {
    await api.read(route('/nodes/{node}/qemu/{vmid}/agent/info', { node, vmid }), { timeoutMs: WITHIN_MS });
    return 'answers';
  } catch (error) {
    return error instanceof OperationError && error.code === 'missing_privilege' ? 'forbidden' : 'silent';
  }
}
