// Prints what the tools and typical answers of the MCP server cost a model: `npm run tokens`.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { isCompatName } from '../src/operations/compat-names.ts';
import { startProduct } from '../test/product.ts';
import { countTokens, tokensOfTool, tokensOfTools } from './count-tokens.ts';

/** Questions that are asked often, on the three-node example cluster. */
const ANSWERS: readonly (readonly [tool: string, args: Readonly<Record<string, unknown>>])[] = [
  ['get_cluster_status', {}],
  ['get_nodes', {}],
  ['get_node_status', { node: 'pve1' }],
  ['get_storage', {}],
  ['get_vms', {}],
  ['get_containers', {}],
  ['list_snapshots', { vmid: 105 }],
  ['list_backups', {}],
  ['list_isos', {}],
  ['start_vm', { vmid: 105, dry_run: true }],
  ['start_vm', { vmid: 105, wait_seconds: 30 }],
  ['start_vm', { vmid: 105 }],
  ['stop_vm', { vmid: 4711 }],
  ['list_jobs', {}],
];

const print = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};
const row = (tokens: number, what: string): void => print(`${String(tokens).padStart(7)}  ${what}`);

async function toolsIn(mode: string) {
  await using product = await startProduct({ config: { mcp: { tools: mode } } });
  const client = new Client({ name: 'tokens', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(product.url)));
  const { tools } = await client.listTools();
  const instructions = client.getInstructions() ?? '';
  await client.close();
  return { tools, instructions };
}

const all = await toolsIn('all');
print('Tools, as a model sees them (name, description, inputSchema), in tokens of o200k_base');
for (const tool of all.tools.toSorted((a, b) => tokensOfTool(b) - tokensOfTool(a))) row(tokensOfTool(tool), tool.name);
const compat = all.tools.filter(({ name }) => isCompatName(name));
row(tokensOfTools(compat), `the ${compat.length} tools of the predecessor`);
row(tokensOfTools(all.tools), `all ${all.tools.length} tools`);
row(countTokens(all.instructions), 'instructions');

const toolSearch = await toolsIn('search');
print('\nTool search (PROXMOX_MCP_TOOLS=search)');
for (const tool of toolSearch.tools) row(tokensOfTool(tool), tool.name);
row(tokensOfTools(toolSearch.tools), `all ${toolSearch.tools.length} tools`);
row(countTokens(toolSearch.instructions), 'instructions');

print('\nAnswers: text, and in brackets the structured content');
await using product = await startProduct();
for (const [tool, args] of ANSWERS) {
  const { text, output } = await product.call(tool, args);
  row(countTokens(text), `${tool} ${JSON.stringify(args)} (${countTokens(JSON.stringify(output))})`);
}
await using large = await startProduct({ scenario: 'large' });
const { text, output } = await large.call('get_vms');
row(countTokens(text), `get_vms on a cluster of ${String(output['total'])} VMs, first page (${countTokens(JSON.stringify(output))})`);
