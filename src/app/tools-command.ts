import type { Command } from '../cli/command.ts';
import { renderTable } from '../cli/render-table.ts';
import { registerCatalog } from '../dispatch/registered-operation.ts';
import { CATALOG } from '../operations/catalog.ts';
import { TOOLSETS } from './toolsets.ts';

/** What there is to call. */
export const toolsCommand: Command = {
  name: 'tools',
  summary: 'list the operations with toolset and risk; --json has their schemas',
  flags: { toolset: { type: 'string', isList: 'commas', choices: TOOLSETS, summary: 'Only these toolsets.' } },
  async run({ flags, terminal }) {
    const { toolset, json } = flags;
    const wanted = Array.isArray(toolset) ? toolset : TOOLSETS;
    const shown = registerCatalog(CATALOG).filter((registered) => wanted.includes(registered.toolset));
    if (json === true) {
      const facts = shown.map(({ operation, toolset: of, inputSchema, outputSchema }) => ({
        name: operation.name,
        title: operation.title,
        description: operation.description,
        toolset: of,
        kind: operation.kind,
        risk: operation.risk,
        input_schema: inputSchema,
        output_schema: outputSchema,
      }));
      terminal.out(`${JSON.stringify(facts, null, 2)}\n`);
      return 0;
    }
    const rows = shown.map(({ operation, toolset: of }) => ({
      operation: operation.name,
      toolset: of,
      risk: operation.risk,
      title: operation.title,
    }));
    terminal.out(`${renderTable(rows, terminal.columns, ['title'])}\n`);
    return 0;
  },
};
