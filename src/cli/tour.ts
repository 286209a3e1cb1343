import { createMcpClient, type ToolAnswer } from './mcp-client.ts';
import { progressBar } from './progress-bar.ts';

export interface TourOptions {
  /** Where the server's `/mcp` is. */
  readonly url: string;
  readonly simulatorUrl: string;
  write(text: string): unknown;
  /** True on a terminal: progress is drawn in place. */
  readonly interactive: boolean;
}

interface Step {
  readonly title: string;
  /** Says what is wrong, or nothing when all is well. */
  run(call: (name: string, input?: Readonly<Record<string, unknown>>) => Promise<ToolAnswer>): Promise<string | undefined>;
}

const VM_TO_START = 105;
const VM_THAT_FAILS = 106;
const VM_TO_SAVE = 101;
const SNAPSHOT = 'before-upgrade';
const BACKUP_STORAGE = 'local';

const STEPS: readonly Step[] = [
  {
    title: 'Look around: one request to Proxmox VE each',
    async run(call) {
      const status = await call('get_cluster_status');
      await call('get_nodes');
      const vms = await call('get_vms');
      if (status.facts['quorate'] !== true) return 'the cluster has no quorum';
      return Number(vms.facts['total']) > 0 ? undefined : 'no VM was found';
    },
  },
  {
    title: 'Ask first what would be sent',
    async run(call) {
      const answer = await call('start_vm', { vmid: VM_TO_START, dry_run: true });
      return answer.facts['status'] === 'dry_run' ? undefined : 'the dry run was not dry';
    },
  },
  {
    title: 'Start a VM and follow its job to the end',
    async run(call) {
      const answer = await call('start_vm', { vmid: VM_TO_START, wait_seconds: 30 });
      return answer.facts['status'] === 'completed' ? undefined : 'the VM was not started';
    },
  },
  {
    title: 'Do it again: nothing is sent twice',
    async run(call) {
      const answer = await call('start_vm', { vmid: VM_TO_START });
      return answer.facts['status'] === 'unchanged' ? undefined : 'a running VM was started again';
    },
  },
  {
    title: 'Take a snapshot, and go back to it',
    async run(call) {
      const taken = await call('create_snapshot', { vmid: VM_TO_SAVE, snapname: SNAPSHOT, wait_seconds: 30 });
      if (taken.facts['status'] !== 'completed') return 'the snapshot was not taken';
      const back = await call('rollback_snapshot', { vmid: VM_TO_SAVE, snapname: SNAPSHOT, wait_seconds: 30 });
      return back.facts['status'] === 'completed' ? undefined : 'the VM did not go back to its snapshot';
    },
  },
  {
    title: 'Back up a VM and watch it',
    async run(call) {
      const answer = await call('create_backup', { vmid: VM_TO_START, storage: BACKUP_STORAGE, wait_seconds: 50 });
      return answer.facts['status'] === 'completed' ? undefined : 'the backup was not made';
    },
  },
  {
    title: 'A failure says what is wrong and what happened',
    async run(call) {
      const answer = await call('start_vm', { vmid: VM_THAT_FAILS, wait_seconds: 30 });
      return answer.facts['status'] === 'failed' ? undefined : 'the failure was not told';
    },
  },
  {
    title: 'A wrong name is answered with the way on',
    async run(call) {
      const answer = await call('stop_vm', { vmid: 4711 });
      return answer.failed ? undefined : 'a VM that does not exist was stopped';
    },
  },
];

/** Walks through the product as an MCP client and prints what it sees. Resolves with whether every step held. */
export async function runTour({ url, simulatorUrl, write, interactive }: TourOptions): Promise<boolean> {
  const client = createMcpClient(url);
  const tools = await client.listTools();
  write(`A simulated Proxmox VE cluster at ${simulatorUrl}, and an MCP server with ${tools.length} tools in front of it.\n`);

  const call = async (name: string, input: Readonly<Record<string, unknown>> = {}): Promise<ToolAnswer> => {
    write(`\n  > ${name} ${JSON.stringify(input)}\n`);
    const answer = await client.callTool(name, input, (percent) => {
      write(interactive ? `\r    ${progressBar(percent)}` : `    ${progressBar(percent)}\n`);
    });
    write(`${interactive ? '\r\x1b[K' : ''}${answer.text.replaceAll(/^/gm, '    ')}\n`);
    return answer;
  };

  for (const [index, step] of STEPS.entries()) {
    write(`\n${index + 1}. ${step.title}\n`);
    const wrong = await step.run(call);
    if (wrong !== undefined) {
      write(`\nThe tour stops here: ${wrong}.\n`);
      return false;
    }
  }
  write('\nThe tour is complete.\n');
  return true;
}
