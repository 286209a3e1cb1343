import type { ProxmoxApi } from './api.ts';
import { readNumber, readRecord, readText } from './lenient.ts';
import { route } from './route.ts';

export interface NodeStatus {
  readonly node: string;
  readonly uptimeSeconds: number | null;
  readonly cpuModel: string | null;
  readonly cpus: number | null;
  readonly sockets: number | null;
  /** 0 to 1. */
  readonly cpuUsage: number | null;
  /** Averages over 1, 5 and 15 minutes. */
  readonly loadAverage: readonly number[];
  readonly memoryUsedBytes: number | null;
  readonly memoryTotalBytes: number | null;
  readonly swapUsedBytes: number | null;
  readonly swapTotalBytes: number | null;
  readonly rootUsedBytes: number | null;
  readonly rootTotalBytes: number | null;
  readonly kernel: string | null;
  readonly pveVersion: string | null;
}

/** Reads about one node. @see pve-manager PVE/API2/Nodes.pm */
export function nodeReads(api: ProxmoxApi) {
  return {
    async nodeStatus(node: string): Promise<NodeStatus> {
      const row = readRecord((await api.read(route('/nodes/{node}/status', { node }))).data);
      const cpu = readRecord(row['cpuinfo']);
      const memory = readRecord(row['memory']);
      const swap = readRecord(row['swap']);
      const root = readRecord(row['rootfs']);
      const load = row['loadavg'];
      return {
        node,
        uptimeSeconds: readNumber(row['uptime']),
        cpuModel: readText(cpu['model']),
        cpus: readNumber(cpu['cpus']),
        sockets: readNumber(cpu['sockets']),
        cpuUsage: readNumber(row['cpu']),
        loadAverage: Array.isArray(load) ? load.flatMap((value) => readNumber(value) ?? []) : [],
        memoryUsedBytes: readNumber(memory['used']),
        memoryTotalBytes: readNumber(memory['total']),
        swapUsedBytes: readNumber(swap['used']),
        swapTotalBytes: readNumber(swap['total']),
        rootUsedBytes: readNumber(root['used']),
        rootTotalBytes: readNumber(root['total']),
        kernel: readText(row['kversion']),
        pveVersion: readText(row['pveversion']),
      };
    },
  };
}
