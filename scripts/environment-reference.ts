import { configFields } from '../src/app/config-fields.ts';
import { configSchema } from '../src/app/config-schema.ts';
import { cell } from './table-cell.ts';

/** Variables that are read beside those of the configuration. */
const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  PROXMOX_MCP_CONFIG: 'The JSON config file, in place of the variables that count without a file.',
  PROXMOX_MCP_STATE_DIR: 'Folder of the job store, the audit log and long outputs.',
  PROXMOX_MCP_MODE: 'What `serve` opens: openapi (also api, rest), or mcp-http (also streamable-http, streamable, mcp).',
  PROXMOX_MCP_E2E_CONFIG: 'The config file of `npm run test:live`.',
};

/** The page of all environment variables. */
export function environmentReference(): string {
  const fields = configFields(configSchema).filter(({ env }) => env !== undefined);
  const rows = fields
    .map(({ path, env, overridesFile, secret, description }) => {
      const counts = overridesFile ? 'always' : 'without a file';
      return [String(env), `\`${path.join('.')}\``, counts, `${description}${secret ? ' Secret.' : ''}`];
    })
    .concat(Object.entries(OTHER_VARIABLES).map(([env, text]) => [env, '', 'always', text]))
    .toSorted(([a = ''], [b = '']) => a.localeCompare(b))
    .map(([env, ...cells]) => `| \`${env}\` | ${cells.map(cell).join(' | ')} |`);
  return [
    '# Environment variables\n',
    'For whoever sets the server up by variables, as in a client or a container.\n',
    "Generated from the schema by `npm run generate`. `COMMAND_POLICY_…` are the predecessor's, see [migrating](../migrating.md).\n",
    '| variable | setting | counts | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
