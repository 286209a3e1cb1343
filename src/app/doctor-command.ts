import type { Command } from '../cli/command.ts';
import { TOOLSETS } from './toolsets.ts';

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
    const [{ examineConfigured }, { exitCodeOf, renderFindings, reportFindings }] = await Promise.all([
      import('./doctor/examine-configured.ts'),
      import('../cli/doctor-report.ts'),
    ]);
    const toolsets = (Array.isArray(flags['toolset']) ? flags['toolset'] : TOOLSETS) as readonly string[];
    const findings = await examineConfigured(environment, toolsets);
    if (flags['json'] === true) terminal.out(`${JSON.stringify(reportFindings(findings), null, 2)}\n`);
    else terminal.out(renderFindings(findings));
    return exitCodeOf(findings);
  },
};
