import type { Command } from '../cli/command.ts';
import { TOOLSETS } from './permissions-command.ts';
import { readConfig } from './read-config.ts';

/** Looks for what is wrong, and says what to do about it. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'look for what is wrong: network, certificate, token, privileges, cluster, SSH, guest agents, job store',
  details: 'The first line names the cause. Nothing is changed. Exits 0 when nothing has failed.',
  flags: {
    toolset: {
      type: 'string',
      isList: 'commas',
      choices: TOOLSETS,
      summary: 'Toolsets whose privileges are wanted; all of them by default.',
    },
  },
  async run({ environment, flags, terminal }) {
    const { config, source } = readConfig(environment);
    const [{ examine }, { exitCodeOf, renderFindings, reportFindings }] = await Promise.all([
      import('./doctor/examine.ts'),
      import('../cli/doctor-report.ts'),
    ]);
    const ssh = config.ssh ? (await import('./ssh-access.ts')).sshSettings(config.ssh, environment) : null;
    const toolsets = (Array.isArray(flags['toolset']) ? flags['toolset'] : TOOLSETS) as readonly string[];
    const findings = await examine({ config, source, environment, toolsets, ssh });
    if (flags['json'] === true) terminal.out(`${JSON.stringify(reportFindings(findings), null, 2)}\n`);
    else terminal.out(renderFindings(findings));
    return exitCodeOf(findings);
  },
};
