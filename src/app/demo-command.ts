import type { Command } from '../cli/command.ts';

/** The whole product against the embedded simulator. */
export const demoCommand: Command = {
  name: 'demo',
  summary: 'the whole product against an embedded Proxmox VE simulator',
  details: 'Starts a simulated cluster of three nodes, walks through the product as an MCP client, and stays up for clients of your own.',
  flags: { once: { type: 'boolean', summary: 'End after the tour; the exit code tells whether every step held.' } },
  answersJson: false,
  async run({ flags }) {
    const { runDemo } = await import('./demo.ts');
    return runDemo({ once: flags['once'] === true });
  },
};
