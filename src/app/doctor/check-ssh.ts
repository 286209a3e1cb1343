import { toOperationError } from '../../domain/operation-error.ts';
import { failed, ok, type Finding } from '../../cli/finding.ts';
import { connectSsh } from '../../exec/ssh-connection.ts';
import { completeSshSettings, sshTarget, type SshSettingsInput } from '../../exec/ssh-settings.ts';

/** Nodes that are tried at once. */
const AT_ONCE = 8;

/** Whether each node takes an SSH login with a host key that is trusted. Runs no command. */
export async function checkSsh(given: SshSettingsInput, nodes: readonly string[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (let start = 0; start < nodes.length; start += AT_ONCE) {
    findings.push(...(await Promise.all(nodes.slice(start, start + AT_ONCE).map((node) => checkNode(given, node)))));
  }
  return findings;
}

async function checkNode(given: SshSettingsInput, node: string): Promise<Finding> {
  const check = `ssh:${node}`;
  try {
    const settings = completeSshSettings({ connectTimeoutSeconds: 10, ...given });
    const target = sshTarget(settings, node);
    const connection = await connectSsh(settings, target);
    connection.end();
    return ok(check, `${settings.user}@${target.host}:${target.port} lets us in.`);
  } catch (thrown) {
    const { code, message, hint, details } = toOperationError(thrown);
    return failed(check, code, message, hint, details);
  }
}
