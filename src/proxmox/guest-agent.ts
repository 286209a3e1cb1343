import type { Mutation } from '../domain/mutation.ts';
import type { ProxmoxApi } from './api.ts';
import type { InterfaceAddress } from './container-addresses.ts';
import { readFlag, readNumber, readRecord, readRecords, readText, type RawRecord } from './lenient.ts';
import { mutate } from './mutate.ts';
import { route } from './route.ts';

/** A VM, and where it is. */
export interface VmPlace {
  readonly node: string;
  readonly vmid: number;
}

/** A process that the QEMU guest agent has started. Bytes are as the program wrote them. */
export type AgentProcess =
  | { readonly exited: false }
  | {
      readonly exited: true;
      readonly exitCode: number | null;
      /** Number of the signal, or on Windows of the exception, that ended it. */
      readonly signal: number | null;
      readonly stdout: Uint8Array;
      readonly stderr: Uint8Array;
      /** True when the agent kept only the beginning, which it does after 16 MiB. */
      readonly stdoutTruncated: boolean;
      readonly stderrTruncated: boolean;
    };

/** A file in a VM as the agent reads it: at most its first 16 MiB. */
export interface AgentFile {
  readonly content: Uint8Array;
  readonly truncated: boolean;
}

export interface VmInterface {
  readonly name: string;
  readonly hwaddr: string | null;
  readonly addresses: readonly InterfaceAddress[];
}

/** Most bytes that a command in a VM may get on stdin, and that may be written to a file at once. @see PVE/API2/Qemu/Agent.pm */
export const AGENT_STDIN_BYTES = 64 * 1024;
/** The API takes 60 KiB of base64. */
export const AGENT_WRITE_BYTES = 45 * 1024;
/** 16 MiB of each stream, most of whose bytes take one or two bytes of JSON. */
const ANSWER_BYTES = 64 * 1024 * 1024;
/** So that the last look fits into the time that a job allows a command beyond its limit. */
const LOOK_WITHIN_MS = 20_000;

/** Starts a program; the answer is its pid. `argv` must be ASCII: other letters break the agent's channel. */
export function agentExec({ node, vmid }: VmPlace, argv: readonly string[], stdin: Uint8Array | undefined): Mutation {
  return mutate(
    'POST',
    '/nodes/{node}/qemu/{vmid}/agent/exec',
    { node, vmid },
    {
      node,
      targets: [],
      task: null,
      params: { command: argv, 'input-data': stdin === undefined ? undefined : asCharacters(stdin) },
    },
  );
}

/** Writes a whole file, replacing what is there. */
export function agentFileWrite({ node, vmid }: VmPlace, path: string, content: Uint8Array, targets: readonly string[]): Mutation {
  return mutate(
    'POST',
    '/nodes/{node}/qemu/{vmid}/agent/file-write',
    { node, vmid },
    {
      node,
      targets,
      task: null,
      params: { file: path, content: Buffer.from(content).toString('base64'), encode: false },
      secretParams: ['content'],
    },
  );
}

/**
 * Looks at a process. Once it has ended, the agent tells so exactly once and then forgets it.
 * @throws OperationError `not_found` when the agent does not know the pid
 */
export async function agentProcess(api: ProxmoxApi, { node, vmid }: VmPlace, pid: number): Promise<AgentProcess> {
  const { data } = await api.read(route('/nodes/{node}/qemu/{vmid}/agent/exec-status', { node, vmid }), {
    params: { pid },
    maxBytes: ANSWER_BYTES,
    timeoutMs: LOOK_WITHIN_MS,
  });
  const row = readRecord(data);
  if (!readFlag(row['exited'])) return { exited: false };
  return {
    exited: true,
    exitCode: readNumber(row['exitcode']),
    signal: readNumber(row['signal']),
    stdout: asBytes(row['out-data']),
    stderr: asBytes(row['err-data']),
    stdoutTruncated: readFlag(row['out-truncated']),
    stderrTruncated: readFlag(row['err-truncated']),
  };
}

/** Reads through the QEMU guest agent. @see qemu-server PVE/API2/Qemu/Agent.pm */
export function guestAgentReads(api: ProxmoxApi) {
  return {
    /** Network interfaces that a running VM has. @throws OperationError `conflict` when no agent answers */
    async vmInterfaces({ node, vmid }: VmPlace): Promise<readonly VmInterface[]> {
      const { data } = await api.read(route('/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces', { node, vmid }));
      return readRecords(readRecord(data)['result']).flatMap(readInterface);
    },
    /** @throws OperationError `not_found` when there is no such file */
    async vmFile({ node, vmid }: VmPlace, path: string): Promise<AgentFile> {
      const { data } = await api.read(route('/nodes/{node}/qemu/{vmid}/agent/file-read', { node, vmid }), {
        params: { file: path },
        maxBytes: ANSWER_BYTES,
      });
      const row = readRecord(data);
      return { content: asBytes(row['content']), truncated: readFlag(row['truncated']) };
    },
  };
}

function readInterface(row: RawRecord): VmInterface[] {
  const name = readText(row['name']);
  if (name === null) return [];
  const addresses = readRecords(row['ip-addresses']).flatMap((entry): InterfaceAddress[] => {
    const address = readText(entry['ip-address']);
    if (address === null) return [];
    return [{ address, prefixLength: readNumber(entry['prefix']), family: address.includes(':') ? 'inet6' : 'inet' }];
  });
  return [{ name, hwaddr: readText(row['hardware-address']), addresses }];
}

/** Each byte as the character of the same number, which is how Proxmox takes and gives bytes. */
function asCharacters(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function asBytes(characters: unknown): Uint8Array {
  return Buffer.from(typeof characters === 'string' ? characters : '', 'latin1');
}
