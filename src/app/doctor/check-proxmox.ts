import { toOperationError, type OperationError } from '../../domain/operation-error.ts';
import { failed, ok, warning, type Finding } from '../../cli/finding.ts';
import type { ClusterStatus } from '../../proxmox/cluster.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { pveMajorOf, type PveMajor } from '../least-privilege.ts';
import { speaksPlainHttp, type Address } from './check-network.ts';

/** Apart by more than this, the histories of tasks and tokens that expire are misread. */
const MAX_SKEW_MS = 60_000;

/** The first request: it shows whether the certificate, the service behind it and the token are right. */
export async function checkFirstAnswer(
  reader: Pick<ProxmoxReader, 'version'>,
  address: Address,
): Promise<{ readonly findings: readonly Finding[]; readonly major: PveMajor | null }> {
  try {
    const { version } = await reader.version();
    return {
      findings: [
        ok('tls', 'The certificate is the one that is trusted.'),
        ok('api', `Proxmox VE ${version} answers.`),
        ok('token', 'The API token is accepted.'),
      ],
      major: pveMajorOf(version),
    };
  } catch (thrown) {
    return { findings: await explain(toOperationError(thrown), address), major: null };
  }
}

async function explain(error: OperationError, address: Address): Promise<readonly Finding[]> {
  const { code, message, hint, details } = error;
  if (details['proxmox_status'] === 401) {
    return [
      ok('tls', 'The certificate is the one that is trusted.'),
      ok('api', 'Proxmox VE answers.'),
      failed('token', 'unauthenticated', message, hint, details),
    ];
  }
  if (typeof details['reason'] === 'string') return [failed('tls', code, message, hint, details)];
  const isTls = typeof details['code'] === 'string' && details['code'].startsWith('ERR_SSL');
  if ((isTls || code === 'proxmox_unreachable') && (await speaksPlainHttp(address))) {
    return [
      failed(
        'tls',
        code,
        `${address.host}:${address.port} speaks plain HTTP, not HTTPS, so the token was not sent.`,
        'Point proxmox.host and proxmox.port at Proxmox VE itself: port 8006 of a node.',
        details,
      ),
    ];
  }
  return [failed(isTls ? 'tls' : 'api', code, message, hint, details)];
}

/** How far the clock of the node is from the one here. */
export function checkClock(skewMs: number | null): Finding {
  if (skewMs === null) return warning('clock', 'The node does not tell its time.');
  const seconds = Math.round(skewMs / 1000);
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return ok('clock', 'The clocks agree.', { skew_seconds: seconds });
  return warning(
    'clock',
    `The clock of Proxmox VE is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the one here.`,
    'Let both follow the same time servers: timedatectl, and chronyc sources on the node.',
    { skew_seconds: seconds },
  );
}

/** Members, quorum, and who is offline. */
export async function checkCluster(
  reader: Pick<ProxmoxReader, 'clusterStatus'>,
): Promise<{ readonly findings: readonly Finding[]; readonly status: ClusterStatus | null }> {
  try {
    const status = await reader.clusterStatus();
    const offline = status.nodes.filter(({ online }) => !online).map(({ name }) => name);
    const online = status.nodes.filter((node) => node.online).map(({ name }) => name);
    const quorum =
      status.quorate === false
        ? failed(
            'quorum',
            'conflict',
            `The cluster ${status.name ?? ''} has no quorum, so nothing can be changed.`,
            'Bring back enough nodes: pvecm status on a node shows the votes.',
            { offline },
          )
        : ok('quorum', status.quorate === null ? 'One node, no cluster.' : `The cluster ${status.name ?? ''} has quorum.`);
    const members =
      offline.length === 0
        ? ok('nodes', `Online: ${online.join(', ')}.`)
        : warning(
            'nodes',
            `Node ${offline.join(', ')} is offline.`,
            `Its guests are unknown until it is back. Online: ${online.join(', ')}.`,
            { offline },
          );
    return { findings: [quorum, members], status };
  } catch (thrown) {
    const { code, message, hint } = toOperationError(thrown);
    return { findings: [failed('quorum', code, message, hint)], status: null };
  }
}
