import { OperationError } from '../domain/operation-error.ts';
import { SCOPES } from '../domain/principal.ts';
import { createSecrets } from '../domain/secrets.ts';
import { systemClock } from '../domain/clock.ts';
import { createAuditLog } from '../dispatch/audit-log.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { renderTable } from '../cli/render-table.ts';
import { readConfigFile, writeConfigFile } from './config-file.ts';
import { readConfig } from './read-config.ts';
import { auditFolder } from './state-paths.ts';

interface StoredKey {
  readonly name: string;
  readonly hash: string;
  readonly scopes: readonly string[];
  readonly expires?: string;
}

/** API keys of the HTTP service: their hashes live in the config file. */
export const keysCommands: readonly Command[] = [
  {
    name: 'keys add',
    summary: 'make a key with a name and scopes; it is shown once, and its hash is kept in the config file',
    details: 'A running server knows the key after its next start.',
    arguments: [{ name: 'name', summary: 'Names the holder in jobs, audit and logs.', isRequired: true }],
    flags: {
      scope: { type: 'string', isList: 'commas', choices: SCOPES, isRequired: true, summary: 'What the key may do.' },
      expires: { type: 'string', placeholder: 'DATE', summary: 'When it stops to count: 2030-12-31.' },
    },
    async run(invocation) {
      const { name = '' } = invocation.arguments;
      const { scope, expires, json } = invocation.flags;
      const { hashKey, newKey } = await import('../http/keyring.ts');
      const key = newKey();
      const entry: StoredKey = {
        name,
        hash: hashKey(key),
        scopes: scope as readonly string[],
        ...(typeof expires === 'string' ? { expires } : {}),
      };
      await changeKeys(invocation, 'add', name, (keys) => {
        if (keys.some((other) => other.name === name)) {
          throw new OperationError('conflict', `There is a key ${name} already.`, {
            hint: `Take another name, or revoke it first: proxmox-mcp-plus keys revoke ${name}`,
          });
        }
        return [...keys, entry];
      });
      if (json === true)
        invocation.terminal.out(`${JSON.stringify({ name, key, scopes: entry.scopes, expires: expires ?? null }, null, 2)}\n`);
      else {
        invocation.terminal.out(`${key}\n`);
        invocation.terminal.err('This is the only time that it is shown. It counts after the next start of the server.\n');
      }
      return 0;
    },
  },
  {
    name: 'keys list',
    summary: 'the named keys and their scopes',
    async run({ environment, flags, terminal }) {
      const keys = readConfig(environment).config.keys.map(({ name, scopes, expires }) => ({ name, scopes, expires: expires ?? null }));
      if (flags['json'] === true) terminal.out(`${JSON.stringify(keys, null, 2)}\n`);
      else terminal.out(keys.length === 0 ? 'No named keys.\n' : `${renderTable(keys, terminal.columns)}\n`);
      return 0;
    },
  },
  {
    name: 'keys revoke',
    summary: 'take a key out of the config file',
    details: 'A running server forgets the key with its next start.',
    arguments: [{ name: 'name', summary: 'Name of the key.', isRequired: true }],
    async run(invocation) {
      const { name = '' } = invocation.arguments;
      await changeKeys(invocation, 'revoke', name, (keys) => {
        if (keys.some((key) => key.name === name)) return keys.filter((key) => key.name !== name);
        throw new OperationError('not_found', `There is no key ${JSON.stringify(name)}.`, { hint: 'See proxmox-mcp-plus keys list.' });
      });
      if (invocation.flags['json'] === true) invocation.terminal.out(`${JSON.stringify({ name, revoked: true })}\n`);
      else invocation.terminal.err(`${name} is revoked after the next start of the server.\n`);
      return 0;
    },
  },
];

/** Changes the list in the config file, which must be good before and after. */
async function changeKeys(
  { environment }: Invocation,
  deed: 'add' | 'revoke',
  name: string,
  change: (keys: readonly StoredKey[]) => readonly StoredKey[],
): Promise<void> {
  const path = environment['PROXMOX_MCP_CONFIG'];
  const content = path === undefined ? undefined : await readConfigFile(path);
  if (path === undefined || content === undefined) {
    throw new OperationError('invalid_input', 'Keys live in the config file, and there is none.', {
      hint: 'Name one with --config or PROXMOX_MCP_CONFIG; proxmox-mcp-plus init writes one.',
    });
  }
  const { config } = readConfig(environment);
  const keys = change(config.keys as readonly StoredKey[]);
  const { configSchema } = await import('./config-schema.ts');
  const judged = configSchema.shape.keys.safeParse(keys);
  if (!judged.success) {
    throw new OperationError(
      'invalid_input',
      `The key cannot be stored: ${judged.error.issues.map((issue) => `${String(issue.path[1])}: ${issue.message}`).join('; ')}.`,
    );
  }
  const audit = createAuditLog({
    folder: auditFolder(config.audit.folder, environment),
    clock: systemClock,
    secrets: createSecrets(),
    withinMs: config.audit.timeout_ms,
  });
  try {
    await audit.record({ event: 'key_change', principal: 'local', surface: 'cli', facts: { deed, name, config: path } });
  } finally {
    await audit.close();
  }
  await writeConfigFile(path, { ...content, keys });
}
