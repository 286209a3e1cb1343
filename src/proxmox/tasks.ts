import { systemClock } from '../domain/clock.ts';
import { OperationError } from '../domain/operation-error.ts';
import { shareRuns } from '../domain/shared-run.ts';
import { isUpid, parseUpid, type Upid } from '../domain/upid.ts';
import { ApiError } from './api-error.ts';
import type { ProxmoxApi } from './api.ts';
import { readNumber, readRecord, readRecords, readText, type RawRecord } from './lenient.ts';
import { mutate } from './mutate.ts';
import { route } from './route.ts';

export interface TaskState {
  readonly running: boolean;
  /** `OK`, `WARNINGS: n`, `unexpected status` or the error message; null while running. */
  readonly exitStatus: string | null;
}

export interface ListedTask {
  readonly upid: Upid;
  readonly running: boolean;
}

/** Newest finished tasks that one question of a task list covers. */
const LIST_LIMIT = 500;
const STOP_WITHIN_MS = 10_000;

/** Tasks of the nodes, as the jobs room wants them. @see pve-manager PVE/API2/Tasks.pm */
export function createTasks(api: ProxmoxApi) {
  const list = async (node: string, params: Readonly<Record<string, string | number>>): Promise<readonly ListedTask[]> => {
    const { data } = await api.read(route('/nodes/{node}/tasks', { node }), { params, fresh: true });
    return readRecords(data).flatMap(readTask);
  };
  const loggedUpids = shareRuns(async (): Promise<readonly Upid[]> => {
    const { data } = await api.read(route('/cluster/log', {}), { params: { max: 500 }, fresh: true });
    return readRecords(data).flatMap((row) => readText(row['msg'])?.match(/UPID:[^\s]+:/g) ?? []);
  });
  return {
    tokenId: api.context.tokenId,
    /** Fingerprint of the certificate authority that a cluster makes for itself when it is created, and keeps. */
    async clusterId(): Promise<string | null> {
      const { data } = await api.read(route('/nodes/{node}/certificates/info', { node: 'localhost' }));
      const authority = readRecords(data).find((row) => readText(row['filename']) === 'pve-root-ca.pem');
      return authority === undefined ? null : readText(authority['fingerprint']);
    },
    /** @throws OperationError `not_found` when Proxmox knows no such task */
    async status(upid: Upid): Promise<TaskState> {
      const { node } = parseUpid(upid);
      const row = readRecord((await api.read(route('/nodes/{node}/tasks/{upid}/status', { node, upid }))).data);
      if (row['status'] !== 'running' && row['status'] !== 'stopped') {
        throw new OperationError('proxmox_failed', 'Proxmox VE answered a task status that is neither running nor stopped.');
      }
      return { running: row['status'] === 'running', exitStatus: readText(row['exitstatus']) };
    },
    async log(upid: Upid, start: number, limit: number): Promise<{ lines: readonly string[]; total: number }> {
      const { node } = parseUpid(upid);
      const { data, total } = await api.read(route('/nodes/{node}/tasks/{upid}/log', { node, upid }), { params: { start, limit } });
      return { lines: readRecords(data).map((row) => readText(row['t']) ?? ''), total: total ?? 0 };
    },
    /** Tasks of one type and id that a token started, running ones included, newest first. */
    async ofType(
      node: string,
      task: { readonly types: readonly string[]; readonly id: string },
      tokenId: string,
    ): Promise<readonly ListedTask[]> {
      const ofGuest = /^\d{3,9}$/.test(task.id) ? { vmid: Number(task.id) } : undefined;
      // A list takes one type at most; all tasks of one guest are few enough to be asked for at once.
      const filters = ofGuest && task.types.length > 1 ? [ofGuest] : task.types.map((type) => ({ typefilter: type, ...ofGuest }));
      const lists = await Promise.all(filters.map((filter) => list(node, { source: 'all', limit: LIST_LIMIT, ...filter })));
      return lists.flat().filter(({ upid }) => {
        if (!isOf(tokenId, upid)) return false;
        const { type, id } = parseUpid(upid);
        return id === task.id && task.types.includes(type);
      });
    },
    /** Running tasks, whoever started them. */
    active(node: string): Promise<readonly ListedTask[]> {
      return list(node, { source: 'active', limit: 5000 });
    },
    /** Asks Proxmox to stop the worker; how it ended is told by its status afterwards. */
    async stop(upid: Upid): Promise<void> {
      const { node } = parseUpid(upid);
      const stopping = mutate('DELETE', '/nodes/{node}/tasks/{upid}', { node, upid }, { node, targets: [], task: null });
      await api.write(stopping, { sendBefore: systemClock.monotonic() + STOP_WITHIN_MS }).catch((error: unknown) => {
        throw error instanceof ApiError ? error.error : error;
      });
    },
    /** UPIDs of a token named by the newest lines of the cluster log, which is a short ring. */
    async clusterLog(tokenId: string): Promise<readonly Upid[]> {
      return (await loggedUpids()).filter((upid) => isOf(tokenId, upid));
    },
  };
}

/** With Sys.Audit the lists show tasks of everybody. */
function isOf(tokenId: string, upid: Upid): boolean {
  return upid.endsWith(`:${tokenId}:`) && isUpid(upid);
}

function readTask(row: RawRecord): ListedTask[] {
  const upid = readText(row['upid']);
  if (upid === null) return [];
  return [{ upid, running: readNumber(row['endtime']) === null }];
}
