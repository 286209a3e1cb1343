import { showJson } from '../domain/untrusted-text.ts';
import { ResourceNotFoundError, type ReadResourceResult, type Resource, type ResourceTemplateType } from '@modelcontextprotocol/server';
import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import type { Job } from '../jobs/job.ts';
import { OUTPUT_STREAMS } from '../jobs/kept-outputs.ts';
import { readFacts, type AskOperation } from './ask-operation.ts';
import { changedResources } from './changed-resources.ts';
import type { Caller } from './caller.ts';
import type { ResourceOffer } from './offer.ts';
import { describeOperation } from './describe-operation.ts';

const JSON_TYPE = 'application/json';
const LOG_LINES = 500;
const OUTPUT_BYTES = 64 * 1024;
/** At the end of templates of what is read in parts. */
const OFFSET = '{?offset}';

export interface ResourcesOptions {
  readonly ask: AskOperation;
  /** The operations that are shown: a resource is offered when those it is read with are. */
  readonly operations: readonly RegisteredOperation[];
  /** Calls the listener with each change of a job. */
  subscribe(listener: (job: Job) => void): () => void;
}

/** One kind of resource: a URI with at most one variable, and the operations it is read with. Long ones are read in parts. */
interface Kind {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly template: string;
  readonly mimeType: string;
  readonly needs: readonly string[];
  /** Undefined when there is no such thing. */
  read(value: string, caller: Caller, offset: number): Promise<Facts | string | undefined>;
}

/** What can be read of the cluster: every resource is an operation's answer, so policy holds for it as for a call. */
export function createResources({ ask, operations, subscribe }: ResourcesOptions): ResourceOffer {
  const shown = new Map(operations.map((registered) => [registered.operation.name, registered]));
  const kinds = kindsOf(ask, shown).filter(({ needs }) => needs.every((name) => shown.has(name)));
  const described = ({ name, title, description, mimeType }: Kind): Pick<Resource, 'name' | 'title' | 'description' | 'mimeType'> => ({
    name,
    title,
    description,
    mimeType,
  });

  return {
    list: kinds.filter((kind) => !isTemplate(kind)).map((kind): Resource => ({ uri: kind.template, ...described(kind) })),
    templates: kinds.filter(isTemplate).map((kind): ResourceTemplateType => ({ uriTemplate: kind.template, ...described(kind) })),
    async read(uri, caller): Promise<ReadResourceResult> {
      for (const kind of kinds) {
        const found = valueIn(uri, kind.template);
        if (found === undefined) continue;
        const content = await readOf(kind, found, caller);
        if (content === undefined) break;
        return { contents: [{ uri, mimeType: kind.mimeType, text: typeof content === 'string' ? content : showJson(content) }] };
      }
      throw new ResourceNotFoundError(uri.slice(0, 200));
    },
    watch: (listener) =>
      subscribe((job) => {
        for (const uri of changedResources(job)) listener(uri);
      }),
  };
}

async function readOf(kind: Kind, { value, offset }: Found, caller: Caller): Promise<Facts | string | undefined> {
  try {
    return await kind.read(value, caller, offset);
  } catch (error) {
    if (error instanceof OperationError && (error.code === 'not_found' || error.code === 'invalid_input')) return undefined;
    throw error;
  }
}

function isTemplate({ template }: Kind): boolean {
  return template.includes('{');
}

/** What a URI says within a template. */
interface Found {
  /** Of the template's variable; empty for one without. */
  readonly value: string;
  /** 0 where none is given. */
  readonly offset: number;
}

/** Only whole segments match, decoded once. */
function valueIn(uri: string, wholeTemplate: string): Found | undefined {
  const [template = '', paged] = wholeTemplate.split(OFFSET);
  const [, path = '', offset = '0'] = (paged === undefined ? undefined : /^([^?]*)\?offset=(\d{1,9})$/.exec(uri)) ?? ['', uri];
  const [before = '', after] = template.split(/\{\w+\}/);
  if (after === undefined) return uri === template ? { value: '', offset: 0 } : undefined;
  if (!path.startsWith(before) || !path.endsWith(after) || path.length < before.length + after.length) return undefined;
  const segment = path.slice(before.length, path.length - after.length);
  if (segment === '' || /[/?]/.test(segment) || segment.length > 200) return undefined;
  try {
    return { value: decodeURIComponent(segment), offset: Number(offset) };
  } catch {
    return undefined;
  }
}

function kindsOf(ask: AskOperation, shown: ReadonlyMap<string, RegisteredOperation>): readonly Kind[] {
  return [
    {
      name: 'cluster',
      title: 'Cluster',
      description: 'Quorum, nodes and their load.',
      template: 'proxmox://cluster',
      mimeType: JSON_TYPE,
      needs: ['get_cluster_status', 'get_nodes'],
      async read(_value, caller) {
        const [status, nodes] = await Promise.all([readFacts(ask, caller, 'get_cluster_status'), readFacts(ask, caller, 'get_nodes')]);
        return { ...status, usage: nodes['nodes'] };
      },
    },
    {
      name: 'node',
      title: 'Node',
      description: 'One node in detail.',
      template: 'proxmox://nodes/{node}',
      mimeType: JSON_TYPE,
      needs: ['get_node_status'],
      read: (node, caller) => readFacts(ask, caller, 'get_node_status', { node }),
    },
    {
      name: 'guest',
      title: 'VM or container',
      description: 'One guest, by its vmid.',
      template: 'proxmox://guests/{vmid}',
      mimeType: JSON_TYPE,
      needs: ['get_vms', 'get_containers'],
      read: (vmid, caller) => guestNamed(ask, caller, vmid),
    },
    {
      name: 'job_log',
      title: 'Task log of a job',
      description: "The newest lines of the log of a job's task.",
      template: 'proxmox://jobs/{job_id}/log',
      mimeType: 'text/plain',
      needs: ['get_job', 'get_task_log'],
      async read(jobId, caller) {
        const { upid } = await readFacts(ask, caller, 'get_job', { job_id: jobId });
        if (typeof upid !== 'string') return undefined;
        return (await ask(caller, 'get_task_log', { upid, limit: LOG_LINES })).text;
      },
    },
    ...OUTPUT_STREAMS.map((stream): Kind => ({
      name: `job_${stream}`,
      title: `Command's ${stream}`,
      description: `What the command of a job printed to ${stream}, page by page.`,
      template: `proxmox://jobs/{job_id}/${stream}${OFFSET}`,
      mimeType: 'text/plain',
      needs: ['get_job_output'],
      read: async (jobId, caller, offset) =>
        (await ask(caller, 'get_job_output', { job_id: jobId, stream, offset, limit: OUTPUT_BYTES })).text,
    })),
    {
      name: 'job',
      title: 'Job',
      description: 'One job with its history.',
      template: 'proxmox://jobs/{job_id}',
      mimeType: JSON_TYPE,
      needs: ['get_job'],
      read: (jobId, caller) => readFacts(ask, caller, 'get_job', { job_id: jobId }),
    },
    {
      name: 'operation',
      title: 'Operation',
      description: 'An operation with every argument, its bounds and its format.',
      template: 'proxmox://operations/{operation}',
      mimeType: JSON_TYPE,
      needs: [],
      async read(name) {
        const registered = shown.get(name);
        return registered && describeOperation(registered);
      },
    },
  ];
}

/** Finds one guest in the ordered lists: it is the first after the id before it. */
async function guestNamed(ask: AskOperation, caller: Caller, text: string): Promise<Facts | undefined> {
  const vmid = Number(text);
  if (!/^\d{3,9}$/.test(text)) return undefined;
  for (const [operation, type] of [
    ['get_vms', 'qemu'],
    ['get_containers', 'lxc'],
  ] as const) {
    const { guests } = await readFacts(ask, caller, operation, { after: vmid - 1, limit: 1 });
    const first = (Array.isArray(guests) ? guests[0] : undefined) as Facts | undefined;
    if (first?.['vmid'] === vmid) return { type, ...first };
  }
  return undefined;
}
