import type { Command } from '../cli/command.ts';
import { leastPrivilege, pveumCommands, type PveMajor } from './least-privilege.ts';
import { operationsOf, TOOLSETS } from './toolsets.ts';

/** The least-privilege role, as commands for a Proxmox node. */
export const permissionsCommand: Command = {
  name: 'permissions',
  summary: 'print the pveum commands that give a token what the toolsets need, and no more',
  details: 'Run them as root on any node. pveum user token add prints the secret of the token, once.',
  flags: {
    toolset: { type: 'string', isList: 'commas', choices: TOOLSETS, summary: 'Only these toolsets; all of them by default.' },
    pve: { type: 'string', choices: ['8', '9'], summary: 'Release of Proxmox VE, 9 by default: privileges differ.' },
    user: { type: 'string', summary: 'User of the token, mcp@pve by default.' },
    'token-name': { type: 'string', summary: 'Id of the token, agent by default.' },
  },
  async run({ flags, terminal }) {
    const { toolset, pve, json, user = 'mcp@pve', 'token-name': tokenName = 'agent' } = flags;
    const wanted = (Array.isArray(toolset) ? toolset : TOOLSETS) as readonly string[];
    const major: PveMajor = pve === '8' ? 8 : 9;
    const grants = leastPrivilege(operationsOf(wanted), major);
    const commands = pveumCommands(grants, { user: String(user), tokenName: String(tokenName) });
    if (json === true) terminal.out(`${JSON.stringify({ toolsets: wanted, pve: major, grants, commands }, null, 2)}\n`);
    else terminal.out(`${commands.join('\n')}\n`);
    return 0;
  },
};
