import type { Command } from '../cli/command.ts';
import { completionCommands } from '../cli/completion-commands.ts';
import { helpOfProgram } from '../cli/help.ts';
import type { Program } from '../cli/run-program.ts';
import { approvalsCommands } from './approvals-commands.ts';
import { auditCommands } from './audit-commands.ts';
import { callCommands } from './call-commands.ts';
import { configCommands } from './config-commands.ts';
import { demoCommand } from './demo-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { initCommand } from './init-command.ts';
import { jobsCommands } from './jobs-commands.ts';
import { keysCommands } from './keys-commands.ts';
import { policyCommands } from './policy-commands.ts';
import { permissionsCommand } from './permissions-command.ts';
import { serveCommands } from './serve-command.ts';
import { toolsCommand } from './tools-command.ts';
import { VERSION } from './version.ts';

/** The one table of commands, in the order in which help lists them. */
export function createProgram(): Program {
  const own: readonly Command[] = [
    ...serveCommands,
    initCommand,
    doctorCommand,
    demoCommand,
    ...callCommands(),
    toolsCommand,
    ...jobsCommands,
    ...approvalsCommands,
    ...policyCommands,
    ...auditCommands,
    ...keysCommands,
    permissionsCommand,
    ...configCommands,
  ];
  const commands: Command[] = [...own, ...completionCommands(() => commands), ...aboutCommands(() => commands)];
  return { version: VERSION, commands };
}

function aboutCommands(all: () => readonly Command[]): readonly Command[] {
  return [
    {
      name: 'version',
      summary: 'print the version',
      async run({ flags, terminal }) {
        terminal.out(flags['json'] === true ? `${JSON.stringify({ version: VERSION, node: process.versions.node })}\n` : `${VERSION}\n`);
        return 0;
      },
    },
    {
      name: 'help',
      summary: 'this list; help COMMAND explains one',
      answersJson: false,
      async run({ terminal }) {
        terminal.out(helpOfProgram(VERSION, all()));
        return 0;
      },
    },
  ];
}
