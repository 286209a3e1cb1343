import type { Clock } from '../domain/clock.ts';
import type { KeptOutputs, OutputStream } from '../jobs/kept-outputs.ts';
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
  /** Where output goes that is too long to be told. */
  readonly outputs: Pick<KeptOutputs, 'keep'>;
  readonly clock: Clock;
  /** Aborts when the server stops: what still runs is then in doubt. */
  readonly stopping: AbortSignal;
}

/** The ways of one job's command. */
export interface JobWays extends Omit<CommandWays, 'outputs'> {
  /** Keeps a whole output; answers its bytes, 0 when it could not be kept. */
  keep(stream: OutputStream, text: string): Promise<number>;
}
