import { z } from 'zod';
import type { Command } from '../cli/command.ts';
import { configSchema } from './config-schema.ts';
import { trustOf } from './connect-to-proxmox.ts';
import { readConfig, readPolicy } from './read-config.ts';

/** The configuration, judged and described. */
export const configCommands: readonly Command[] = [
  {
    name: 'config check',
    summary: 'read the configuration, and the files it names, as the server would and tell what is wrong',
    async run({ environment, terminal, flags }) {
      const { source, warnings, config } = readConfig(environment);
      trustOf(config);
      await readPolicy(config);
      if (flags['json'] === true) terminal.out(`${JSON.stringify({ ok: true, source, host: config.proxmox.host, warnings }, null, 2)}\n`);
      else terminal.out(`The configuration from ${source} can be used.\n${warnings.map((warning) => `Warning: ${warning}\n`).join('')}`);
      return 0;
    },
  },
  {
    name: 'config schema',
    summary: 'print the JSON schema of the config file',
    answersJson: false,
    async run({ terminal }) {
      terminal.out(`${JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' }), null, 2)}\n`);
      return 0;
    },
  },
];
