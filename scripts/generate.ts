import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { configSchema } from '../src/app/config-schema.ts';
import { registerCatalog, type JsonSchema, type RegisteredOperation } from '../src/dispatch/registered-operation.ts';
import { CATALOG } from '../src/operations/catalog.ts';
import { tellRisk } from '../src/operations/risk-of-call.ts';
import { configurationReference } from './configuration-reference.ts';
import { environmentReference } from './environment-reference.ts';
import { metricsReference } from './metrics-reference.ts';
import { schemaWords } from './schema-words.ts';
import { stateDiagram } from './state-diagram.ts';
import { cell } from './table-cell.ts';

/** Writes the files that follow from the code, or with --check tells which of them do not. */
const generated: Readonly<Record<string, string>> = {
  'config.schema.json': `${JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' }), null, 1)}\n`,
  'docs/reference/tools.md': toolReference(),
  'docs/reference/configuration.md': configurationReference(),
  'docs/reference/environment.md': environmentReference(),
  'docs/reference/metrics.md': await metricsReference(),
  'docs/job-protocol.md': readFileSync('docs/job-protocol.md', 'utf8').replace(
    /<!-- generated: states -->[\s\S]*?<!-- end generated -->/,
    () => `<!-- generated: states -->\n${stateDiagram()}\n<!-- end generated -->`,
  ),
  'README.md': readFileSync('README.md', 'utf8').replace(
    /<!-- generated: tools -->[\s\S]*?<!-- end generated -->/,
    () => `<!-- generated: tools -->\n${toolTable()}\n<!-- end generated -->`,
  ),
};

const stale = Object.entries(generated).filter(([path, content]) => read(path) !== content);
if (process.argv.includes('--check')) {
  for (const [path] of stale) process.stderr.write(`${path} is not what the code says. Run: npm run generate\n`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [path, content] of stale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    process.stdout.write(`${path}\n`);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function registered(): readonly (readonly [toolset: string, members: readonly RegisteredOperation[]])[] {
  return [...Map.groupBy(registerCatalog(CATALOG), ({ toolset }) => toolset)];
}

function toolTable(): string {
  const rows = registered().map(
    ([toolset, members]) => `| ${toolset} | ${members.map(({ operation }) => `\`${operation.name}\``).join(' ')} |`,
  );
  return ['| toolset | operations |', '|---|---|', ...rows].join('\n');
}

function toolReference(): string {
  const sections = registered().flatMap(([toolset, members]) => [`## ${toolset}\n`, ...members.map(toolSection)]);
  return `# Tools\n\nFor whoever wants to know what an operation takes, and how much harm it can do.\n\nGenerated from the catalogue by \`npm run generate\`. Required arguments are bold.\n\n${sections.join('\n')}`;
}

function toolSection({ operation, inputSchema }: RegisteredOperation): string {
  const required = new Set((inputSchema['required'] as readonly string[] | undefined) ?? []);
  const properties = Object.entries((inputSchema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const rows = properties.map(([name, schema]) => {
    const shown = required.has(name) ? `**\`${name}\`**` : `\`${name}\``;
    return `| ${shown} | ${typeOf(schema)} | ${cell(String(schema['description'] ?? ''))} |`;
  });
  const risk = operation.kind === 'task' ? `${tellRisk(operation)}. Repeat: ${operation.repeat}` : operation.risk;
  return [
    `### ${operation.name}\n`,
    `${operation.description}\n`,
    `Risk: ${risk}.\n`,
    ...(rows.length === 0 ? ['No arguments.\n'] : ['| argument | type | meaning |', '|---|---|---|', ...rows, '']),
  ].join('\n');
}

function typeOf(schema: JsonSchema): string {
  const fallback = schema['default'] === undefined ? '' : `, default \`${JSON.stringify(schema['default'])}\``;
  return cell(`${schemaWords(schema)}${fallback}`);
}
