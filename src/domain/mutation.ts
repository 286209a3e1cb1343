import type { RepeatClass } from './repeat-class.ts';

/** A parameter as Proxmox takes it: booleans travel as 0/1, arrays as repeated keys. */
export type ParamValue = string | number | boolean | readonly (string | number)[];
export type Params = Readonly<Record<string, ParamValue>>;

/** The worker that a request starts, as its UPID will name it. */
export interface ExpectedTask {
  /** Types the UPID may have; several where HA answers in place of the guest (`qmstart`, `hastart`). */
  readonly types: readonly string[];
  /** The id field of the UPID: a vmid, a file name, or empty. */
  readonly id: string;
}

/** What any write declares before it happens, whatever carries it (the API, the guest agent, SSH). */
export interface Intent {
  /** The node that does the work and whose task list will show the worker. */
  readonly node: string;
  /** What this write holds alone while it is under way: `guest/101`, `volume/local:iso/x.iso`. */
  readonly targets: readonly string[];
  /** The worker it starts; null when the work is done by the time the answer comes. */
  readonly task: ExpectedTask | null;
  /** Overrides the class of the operation, e.g. for the stop that comes before a destroy. */
  readonly repeat?: RepeatClass;
}

/**
 * One write to the Proxmox API, described and not yet sent. Operations return it; only the jobs room lets it be sent,
 * after it was recorded. `path` is built and validated by the typed routes.
 */
export interface Mutation extends Intent {
  readonly kind: 'request';
  readonly method: 'POST' | 'PUT' | 'DELETE';
  /** Route with placeholders, e.g. `/nodes/{node}/qemu/{vmid}/status/start`. */
  readonly route: string;
  /** The route filled in, below `/api2/json`. */
  readonly path: string;
  readonly params: Params;
  /** Names of params that hold secrets: sent, and never recorded or shown. */
  readonly secretParams: readonly string[];
}

/** A fixed script of ours that an operation runs in a guest for a deed of its own; only its parameters are the caller's. */
export type GuestScript = { readonly name: 'write_file'; readonly path: string } | { readonly name: 'update_keys' };

/** A command for the inside of a guest, described and not yet run. What is judged, run and audited is this one argv. */
export interface GuestCommand extends Intent {
  readonly kind: 'command';
  readonly channel: 'guest-agent' | 'ssh';
  readonly vmid: number;
  readonly argv: readonly string[];
  /** Set when the argv is a script of ours. Without it the argv is the caller's own and is judged as a command. */
  readonly script?: GuestScript;
  /** Bytes for the command's stdin. */
  readonly stdin?: Uint8Array;
  readonly timeoutSeconds: number;
}

/** One write of either kind. */
export type Step = Mutation | GuestCommand;

/** A step as it may be recorded and shown: secrets replaced, stdin as its length, a script of ours as its name. */
export type StepDescription =
  | { readonly method: string; readonly path: string; readonly params: Params }
  | { readonly channel: string; readonly argv: readonly string[]; readonly stdin_bytes: number };

export function describeStep(step: Step): StepDescription {
  if (step.kind === 'command') return { channel: step.channel, argv: shownArgv(step), stdin_bytes: step.stdin?.byteLength ?? 0 };
  const params = Object.fromEntries(
    Object.entries(step.params).map(([name, value]) => [name, step.secretParams.includes(name) ? '<secret>' : value]),
  );
  return { method: step.method, path: step.path, params };
}

/** `sh -c <text> name parameters…` of a script of ours, with its name in place of its text. */
function shownArgv({ argv, script }: GuestCommand): readonly string[] {
  return script === undefined ? argv : argv.map((word, index) => (index === 2 ? `<script ${script.name}>` : word));
}
