/**
 * A UPID names one task of Proxmox VE for ever:
 * `UPID:<node>:<pid, hex>:<pstart, hex>:<starttime, hex epoch seconds>:<type>:<id>:<user>:`.
 * @see pve-common PVE/Tools.pm, upid_decode
 */
const UPID_PATTERN =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/;

export type Upid = string;

export interface UpidParts {
  readonly node: string;
  readonly pid: number;
  readonly pstart: number;
  /** Epoch seconds on the node's own clock. */
  readonly startTime: number;
  /** Task type, e.g. `qmstart`. */
  readonly type: string;
  /** What it works on: a vmid, a file name, or empty. */
  readonly id: string;
  /** User or token, e.g. `root@pam!mcp`. */
  readonly user: string;
}

export function isUpid(value: unknown): value is Upid {
  return typeof value === 'string' && UPID_PATTERN.test(value);
}

/** @throws TypeError when the text is no UPID */
export function parseUpid(upid: Upid): UpidParts {
  const match = UPID_PATTERN.exec(upid);
  if (!match) throw new TypeError(`not a UPID: ${JSON.stringify(upid.slice(0, 120))}`);
  const [, node = '', pid = '', pstart = '', startTime = '', type = '', id = '', user = ''] = match;
  return { node, pid: parseInt(pid, 16), pstart: parseInt(pstart, 16), startTime: parseInt(startTime, 16), type, id, user };
}
