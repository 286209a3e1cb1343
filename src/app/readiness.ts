import type { Clock } from '../domain/clock.ts';
import { OperationError, toOperationError } from '../domain/operation-error.ts';
import type { CheckReadiness, ReadinessCheck } from '../http/readiness.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';

export interface ReadinessOptions {
  readonly reader: Pick<ProxmoxReader, 'version' | 'clusterStatus'>;
  readonly jobs: Pick<Jobs, 'status'>;
  readonly clock: Clock;
  /** Proxmox's own clock as its latest answer told it, and when that was; null before the first answer. */
  readonly serverDate: () => { readonly date: Date; readonly receivedAt: Date } | null;
}

const PROXMOX_WITHIN_MS = 8000;
const MAX_SKEW_MS = 60_000;
const MAX_LAG_MS = 60_000;

/** Looks at Proxmox (reachable, token, quorum, clock) and at the jobs room (store, follower). */
export function createReadiness({ reader, jobs, clock, serverDate }: ReadinessOptions): CheckReadiness {
  const check = (name: ReadinessCheck['name'], required: boolean, ok: boolean, detail: string): ReadinessCheck => ({
    name,
    ok,
    required,
    detail,
  });

  async function proxmoxChecks(): Promise<readonly ReadinessCheck[]> {
    const [version, cluster] = await Promise.allSettled([withinTime(reader.version(), clock), withinTime(reader.clusterStatus(), clock)]);
    if (version.status === 'rejected') return refusedChecks(toOperationError(version.reason));
    return [
      check('proxmox', true, true, `Proxmox VE ${version.value.version} answers.`),
      check('token', true, true, 'Proxmox VE accepts the API token.'),
      quorumCheck(cluster),
      clockCheck(),
    ];
  }

  function refusedChecks(error: OperationError): readonly ReadinessCheck[] {
    const isToken = error.code === 'proxmox_failed' && error.details['proxmox_status'] === 401;
    if (isToken) return [check('proxmox', true, true, 'Proxmox VE answers.'), check('token', true, false, error.message)];
    return [check('proxmox', true, false, error.code === 'internal' ? 'Proxmox VE cannot be asked.' : error.message)];
  }

  function quorumCheck(cluster: PromiseSettledResult<{ readonly quorate: boolean | null }>): ReadinessCheck {
    if (cluster.status === 'fulfilled') {
      const isLost = cluster.value.quorate === false;
      return check('quorum', true, !isLost, isLost ? 'The cluster has no quorum: nothing can be changed.' : 'Nothing is missing.');
    }
    const error = toOperationError(cluster.reason);
    // A token of few privileges works all the same.
    if (error.code === 'missing_privilege') return check('quorum', true, true, 'The API token may not see it (Sys.Audit on /).');
    return check('quorum', true, false, error.code === 'internal' ? 'The cluster cannot be asked.' : error.message);
  }

  function clockCheck(): ReadinessCheck {
    const latest = serverDate();
    const skewMs = latest === null ? 0 : latest.date.getTime() - latest.receivedAt.getTime();
    const ok = Math.abs(skewMs) <= MAX_SKEW_MS;
    return check(
      'clock',
      false,
      ok,
      ok ? 'The clocks agree.' : `The clock of Proxmox VE differs by ${Math.round(skewMs / 1000)} s from the one here.`,
    );
  }

  async function jobChecks(): Promise<readonly ReadinessCheck[]> {
    try {
      const { writable, followerLagMs } = await jobs.status();
      const lags = followerLagMs > MAX_LAG_MS;
      return [
        check('job_store', true, writable, writable ? 'Jobs can be recorded.' : 'Jobs cannot be recorded, so nothing can be changed.'),
        check(
          'follower',
          false,
          !lags,
          lags ? `Running tasks were last looked at ${Math.round(followerLagMs / 1000)} s ago.` : 'Running tasks are followed.',
        ),
      ];
    } catch {
      return [check('job_store', true, false, 'The job store does not answer.')];
    }
  }

  return async () => (await Promise.all([proxmoxChecks(), jobChecks()])).flat();
}

/** @throws OperationError `timeout` when the answer takes longer than a probe waits */
async function withinTime<T>(answer: Promise<T>, clock: Clock): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([
      answer,
      clock.sleep(PROXMOX_WITHIN_MS, over.signal).then((): never => {
        throw new OperationError('timeout', `Proxmox VE does not answer within ${PROXMOX_WITHIN_MS / 1000} s.`);
      }),
    ]);
  } finally {
    over.abort();
  }
}
