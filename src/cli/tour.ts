import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { progressBar } from './progress-bar.ts';

export interface TourOptions {
  /** Where the server's `/mcp` is. */
  readonly url: string;
  readonly simulatorUrl: string;
  write(text: string): unknown;
  /** True on a terminal: progress is drawn in place. */
  readonly interactive: boolean;
}

interface ToolAnswer {
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}

interface Step {
  readonly title: string;
  /** Says what is wrong, or nothing when all is well. */
  run(call: (name: string, input?: Readonly<Record<string, unknown>>) => Promise<ToolAnswer>): Promise<string | undefined>;
}

const VM_TO_START = 105;
const VM_THAT_FAILS = 106;

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
  const client = new Client({ name: 'proxmox-mcp-demo', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const { tools } = await client.listTools();
  write(`A simulated Proxmox VE cluster at ${simulatorUrl}, and an MCP server with ${tools.length} tools in front of it.\n`);

  const call = async (name: string, input: Readonly<Record<string, unknown>> = {}): Promise<ToolAnswer> => {
    write(`\n  > ${name} ${JSON.stringify(input)}\n`);
    const onprogress = ({ progress }: { progress: number }): void => {
      write(interactive ? `\r    ${progressBar(progress)}` : `    ${progressBar(progress)}\n`);
    };
    const result = await client.callTool({ name, arguments: { ...input } }, { onprogress, timeout: 60_000 });
    const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
    write(`${interactive ? '\r\x1b[K' : ''}${text.replaceAll(/^/gm, '    ')}\n`);
    return { text, facts: (result.structuredContent ?? {}) as Readonly<Record<string, unknown>>, failed: result.isError === true };
  };

  try {
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
  } finally {
    await client.close();
  }
}
