/** The parts of a unique process id. `user` may be a token (`root@pam!mcp`). */
export interface UpidParts {
  node: string;
  pid: number;
  pstart: number;
  starttime: number;
  type: string;
  id: string;
  user: string;
}

const UPID =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/;

const hex = (value: number): string => Math.floor(value).toString(16).toUpperCase().padStart(8, '0');

/** @see pve-common PVE/Tools.pm upid_encode */
export const printUpid = (parts: UpidParts): string =>
  `UPID:${parts.node}:${hex(parts.pid)}:${hex(parts.pstart)}:${hex(parts.starttime)}:${parts.type}:${parts.id}:${parts.user}:`;

/** The parts of a UPID, or undefined when the text is none. @see pve-common PVE/Tools.pm upid_decode */
export function parseUpid(text: string): UpidParts | undefined {
  const [, node, pid, pstart, starttime, type, id, user] = UPID.exec(text) ?? [];
  if (
    node === undefined ||
    pid === undefined ||
    pstart === undefined ||
    starttime === undefined ||
    type === undefined ||
    id === undefined ||
    user === undefined
  )
    return undefined;
  return {
    node,
    pid: Number.parseInt(pid, 16),
    pstart: Number.parseInt(pstart, 16),
    starttime: Number.parseInt(starttime, 16),
    type,
    id,
    user,
  };
}
