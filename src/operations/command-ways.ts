import type { Clock } from '../domain/clock.ts';
import type { ProxmoxApi } from '../proxmox/api.ts';
import type { Scrub } from './command-result.ts';
import type { OpenShell } from './container-files.ts';

/** How commands get into guests. */
export interface CommandWays {
  /** For VMs. */
  readonly api: ProxmoxApi;
  /** For containers; undefined without an `ssh` section. */
  readonly openShell: OpenShell | undefined;
  readonly scrub: Scrub;
  readonly clock: Clock;
  /** Aborts when the server stops: what still runs is then in doubt. */
  readonly stopping: AbortSignal;
}
