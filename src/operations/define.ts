import type { z } from 'zod';
import type { Facts, Plan, SendPlan } from '../domain/plan.ts';
import type { Permissions, Privileges } from '../domain/privilege.ts';
import type { Principal } from '../domain/principal.ts';
import type { RepeatClass } from '../domain/repeat-class.ts';
import type { WriteRisk } from '../domain/risk.ts';
import type { Job } from '../jobs/job.ts';
import type { KeptOutputs } from '../jobs/kept-outputs.ts';
import type { Jobs, NewJob } from '../jobs/jobs.ts';
import type { CompactJobView } from '../jobs/view.ts';
import type { ProxmoxPlanner } from '../proxmox/planner.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';
import type { ContainerFiles } from './container-files.ts';

type FieldsOf<Path extends string> = Path extends `${string}{${infer Field}}${infer Rest}` ? Field | FieldsOf<Rest> : never;
/** A container selector resolves to a vmid, so a path may name it. */
type NameableFields<Input> = keyof Input | ('selector' extends keyof Input ? 'vmid' : never);
type PermissionsOf<Path extends string, Input> = {
  readonly [P in Path]: FieldsOf<P> extends NameableFields<Input> ? Privileges : `${P} names a field that the input lacks`;
};

interface Described<Input extends z.ZodObject, Name extends string> {
  /** The MCP tool name, HTTP route and CLI command. The file is named after it. */
  readonly name: Name;
  readonly title: string;
  /** For agents and people: what it does and when to use it, in at most 300 characters. */
  readonly description: string;
  /** Closed; every field described, every integer bounded. */
  readonly input: Input;
  /** What the configuration must have for the operation to exist. */
  readonly needs?: 'ssh';
  /** True where the predecessor takes its static approval token: where one is configured, it is an argument. */
  readonly takesToken?: boolean;
}

interface NeedsProxmox<Input extends z.ZodObject, Path extends string, Name extends string> extends Described<Input, Name> {
  /** What a token needs, and no more. The contract test proves it. */
  readonly permissions: PermissionsOf<Path, z.output<Input>>;
}

export interface QueryDefinition<
  Input extends z.ZodObject,
  Output extends z.ZodObject,
  Path extends string,
  Name extends string = string,
> extends NeedsProxmox<Input, Path, Name> {
  readonly output: Output;
  /** Whether the answer carries text at length that guests or tenants wrote: notes, logs, files. */
  showsGuestText?(output: z.output<Output>): boolean;
  /** True when the input `path` names a file in a guest: policy keeps files of credentials closed. */
  readonly readsGuestFile?: boolean;
  /** The same facts as the output, for people and agents: short lines, no decoration. */
  text(output: z.output<Output>, input: z.output<Input>): string;
  run(context: QueryContext<z.output<Input>>): Promise<z.output<Output>>;
}

/** What a query holds: ways to read, and none to write. */
export interface QueryContext<Input> {
  readonly input: Input;
  readonly pve: ProxmoxReader;
  readonly files: ContainerFiles;
}

/** Calls that the arguments keep from the worst that their operation can do. */
export interface LesserRisk<Input> {
  readonly risk: WriteRisk;
  /** Asked by people also of calls that they only outline: what is missing has its default. */
  when(input: Partial<Input>): boolean;
  /** When that is, for people, after the risk: `without overwrite`. */
  readonly told: string;
}

interface WriteDefinition<Input extends z.ZodObject, Path extends string, Name extends string> extends NeedsProxmox<Input, Path, Name> {
  /** The worst that a call can do: what clients are told before any call. */
  readonly risk: WriteRisk;
  /** Where the arguments decide: the first that holds is the risk of the call, by which policy goes. */
  readonly lesserRisks?: readonly LesserRisk<z.output<Input>>[];
  readonly repeat: RepeatClass;
  /** One line that names the deed and its object: `Start VM 101`. */
  summary(input: z.output<Input>): string;
  /** Input fields that hold secrets: sent to Proxmox, never stored or shown. */
  readonly secrets?: readonly (keyof z.output<Input> & string)[];
  /** True when a command or script of the caller's runs in a guest: policy then judges what the plan would run. */
  readonly takesCommand?: boolean;
  /** True when the result of its jobs carries what guests print. */
  readonly showsGuestText?: boolean;
  /** For risk `destroy`: whether the guest itself is lost (default) or a part of what belongs to it (snapshot, backup, image). */
  readonly destroys?: 'guest' | 'part';
  /** What is lost for ever, in one sentence for whoever approves. */
  readonly loses?: string;
}

export interface TaskDefinition<Input extends z.ZodObject, Path extends string, Name extends string = string> extends WriteDefinition<
  Input,
  Path,
  Name
> {
  /** Settles what the job must know before it is recorded: one input per guest of a selector, the id of a new guest. */
  each?(context: EachContext<z.output<Input>>): Promise<readonly z.output<Input>[]>;
  /**
   * Reads the cluster and says what to write next; sends nothing by itself. It is run again before every step of the job,
   * so it must decide from what it reads now.
   */
  run(context: TaskContext<z.output<Input>>): Promise<Plan>;
  /**
   * Whether the world shows what this job wants, asked when a task's own end does not tell. Without it a plan that finds
   * nothing left to do counts as `achieved`.
   */
  verify?(context: TaskContext<z.output<Input>>): Promise<'achieved' | 'absent' | 'unclear'>;
}

export interface TaskContext<Input> {
  readonly input: Input;
  readonly pve: ProxmoxPlanner;
  /** The id of the job, planted in notes and descriptions so that the job knows its own work again. */
  readonly jobId: string;
  /** Result facts of the plan that this job was recorded with; null while it is planned for the first time. */
  readonly planned: Facts | null;
}

export interface EachContext<Input> {
  readonly input: Input;
  readonly pve: ProxmoxPlanner;
  /** Ids that other jobs hold, so that a new guest gets another one. */
  readonly taken: readonly number[];
}

/** What a control holds: the jobs, who calls, and the way back through policy. */
export interface ControlContext<Input> {
  readonly input: Input;
  readonly jobs: Jobs;
  readonly outputs: Pick<KeptOutputs, 'read'>;
  readonly principal: Principal;
  /** Ends the waiting of the call. */
  readonly signal: AbortSignal;
  /** Sees the job change while the call waits for it. */
  readonly onProgress: (job: Job) => void;
  /**
   * Plans the operation of a job again and asks policy again.
   * @throws OperationError `denied`, or whatever makes the operation impossible now
   */
  replan(job: Job, secrets: Facts): Promise<Replanned>;
}

/** Another attempt of a job: what it would send first, and what a person is asked before, if anything. */
export interface Replanned {
  readonly plan: SendPlan;
  readonly approval: NewJob['approval'];
}

export interface ControlDefinition<Input extends z.ZodObject, Output extends z.ZodObject, Name extends string = string> extends Described<
  Input,
  Name
> {
  /** How the audit log calls what it does to a job; a decision where it does nothing of the kind. */
  readonly auditedAs?: 'cancel' | 'retry' | 'resolution';
  /** True for what only a person may say: it is not shown to models, and refused from them. */
  readonly forPeople?: boolean;
  readonly risk: 'read' | WriteRisk;
  readonly output: Output;
  /** The jobs that an answer shows, beside the one that the input `job_id` names. */
  jobsShown?(output: z.output<Output>): readonly CompactJobView[];
  text(output: z.output<Output>, input: z.output<Input>): string;
  run(context: ControlContext<z.output<Input>>): Promise<z.output<Output>>;
}

/** Observes: holds a client that cannot write, and answers its `output`. */
export function defineQuery<
  Input extends z.ZodObject,
  Output extends z.ZodObject,
  const Path extends string = never,
  const Name extends string = string,
>(definition: QueryDefinition<Input, Output, Path, Name>) {
  return { kind: 'query' as const, risk: 'read' as const, ...definition };
}

/** Writes as a job: plans a request whose worker (or synchronous answer) the job follows to its end. */
export function defineTask<Input extends z.ZodObject, const Path extends string = never, const Name extends string = string>(
  definition: TaskDefinition<Input, Path, Name>,
) {
  return { kind: 'task' as const, ...definition };
}

/** Steers a job; holds no cluster. */
export function defineControl<Input extends z.ZodObject, Output extends z.ZodObject, const Name extends string = string>(
  definition: ControlDefinition<Input, Output, Name>,
) {
  return { kind: 'control' as const, ...definition };
}

type AnyInput = z.ZodObject;
type Erased<Definition> = Omit<Definition, 'permissions'> & { readonly permissions: Permissions };

/** Any operation, as dispatch and the surfaces see it: inputs are whatever its own schema has let through. */
export type Query = { readonly kind: 'query'; readonly risk: 'read' } & Erased<QueryDefinition<AnyInput, z.ZodObject, string>>;
export type Task = { readonly kind: 'task' } & Erased<TaskDefinition<AnyInput, string>>;
export type Control = { readonly kind: 'control' } & ControlDefinition<AnyInput, z.ZodObject>;
export type Operation = Query | Task | Control;
