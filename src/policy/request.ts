import type { GuestType } from '../domain/guest.ts';
import type { Principal } from '../domain/principal.ts';
import type { Risk } from '../domain/risk.ts';

/** One call as policy sees it: facts only, gathered by the dispatcher before anything is decided. */
export interface PolicyRequest {
  readonly operation: OperationFacts;
  /** Who calls, and over which surface. */
  readonly principal: Principal;
  /** What the call touches. Empty for operations that touch nothing by name; a write without targets is judged as touching an unknown guest. */
  readonly targets: readonly TargetFacts[];
  /** How many things the whole call writes to, where its targets are judged one by one. Default: as many as `targets` has. */
  readonly targetsOfCall?: number | undefined;
  readonly usage: Usage;
  /** Whether the session has read text that guests or tenants wrote. */
  readonly untrustedTextRead: boolean;
  /** Whether a person can be asked at the client, within this call. */
  readonly canAskCaller: boolean;
  /** The command, for operations that take one: an argv, or a string that is split by `splitWords`. */
  readonly command?: readonly string[] | string | undefined;
  /** A whole shell script; a command beside it is the program that is given the script. */
  readonly script?: string | undefined;
  /** The file in a guest that the call reads, for operations that read one. */
  readonly file?: string | undefined;
  /** What the static approval token opened; undefined when the operation has no such argument. */
  readonly approvalToken?: TokenCheck | undefined;
  /** True when the call would leave its targets with neither the protection flag nor a protected tag. */
  readonly removesProtection?: boolean | undefined;
}

/** What policy needs to know of an operation. Without toolset or risk it is unknown, and denied. */
export interface OperationFacts {
  readonly name: string;
  readonly toolset?: string | undefined;
  readonly risk?: Risk | undefined;
  /** True for operations that run a command or a script in a guest. */
  readonly takesCommand?: boolean | undefined;
  /** For risk `destroy`: whether the guest itself is lost or a part of its history (snapshot, backup). Default `guest`. */
  readonly destroys?: 'guest' | 'part' | undefined;
}

/** One thing a call touches. What could not be found out is undefined; it then counts against the call. */
export interface TargetFacts {
  /** `guest` by default. Conditions on guests (vmids, tags, pools, …) do not apply to other things, e.g. a node or a volume. */
  readonly kind?: 'guest' | 'other' | undefined;
  readonly vmid?: number | undefined;
  readonly node?: string | undefined;
  readonly guestType?: GuestType | undefined;
  readonly tags?: readonly string[] | undefined;
  /** The guest's pool; null when it is in none. */
  readonly pool?: string | null | undefined;
  readonly template?: boolean | undefined;
  /** Proxmox's own protection flag. */
  readonly protected?: boolean | undefined;
  readonly name?: string | undefined;
}

/** What was done before, by everyone together, as the caller of policy counted it. */
export interface Usage {
  readonly writesLastHour: number;
  readonly destroyedLastHour: number;
  readonly destroyedLastDay: number;
}

/** What comparing the given `approval_token` with the configured ones showed. */
export interface TokenCheck {
  readonly given: boolean;
  readonly opensCommands: boolean;
  readonly opensHighRisk: boolean;
}
