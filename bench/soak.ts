import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { usageOf } from './process-usage.ts';
import { show } from './report.ts';
import { startCluster, type SimulatedCluster } from './simulated-cluster.ts';
import { startStdio, type StdioClient } from './stdio-client.ts';
import type { Weight } from './tell-weight.ts';

const MOST_GROWTH = 1.15;
const GUESTS = 300;
/** What strikes in turn. A hanging request is let go before its deadline. */
const FAULTS = ['GET /nodes/*/storage/*/content', 'GET /cluster/resources', 'POST /nodes/*/qemu/*/status/*', 'GET /nodes/*/tasks'];
const FAULT_EVERY_MS = 5000;

interface Account extends Weight {
  readonly residentMegabytes: number;
  readonly files: number;
  readonly databaseBytes: number;
  readonly logBytes: number;
  readonly jobs: number;
}

/**
 * Reads and writes without a pause while connections break and requests hang, and compares what the server holds in the
 * first fifth and at the end: what it holds after a collection, the memory beside the heap and its descriptors must stay, the
 * database may grow only by what a job takes. How much is resident is told as well; V8 lets its heap grow before it collects.
 */
export async function measureSoak(bench: Bench, minutes: number): Promise<void> {
  const cluster = await startCluster({ kind: 'plain', nodes: 3, guests: GUESTS, latencyMs: 5 });
  const state = bench.state(2);
  const server = await startStdio(bench.command, { ...cluster.environment, ...state }, { isWeighed: true });
  const milliseconds = minutes * 60_000;
  const over = new AbortController();
  const counts = { calls: 0, jobs: 0, failed: 0 };
  const workers = [reader(server, over.signal, counts), reader(server, over.signal, counts), writer(server, over.signal, counts)];
  const trouble = troubles(cluster, over.signal);
  const takeStock = async (): Promise<Account> => {
    const weight = await server.weigh();
    const { residentMegabytes, openFiles } = await usageOf(server.pid);
    const size = (name: string): Promise<number> =>
      stat(join(state['PROXMOX_MCP_STATE_DIR'] ?? '', name)).then(
        (entry) => entry.size,
        () => 0,
      );
    const databaseBytes = await size('proxmox-jobs.sqlite3');
    return {
      ...weight,
      residentMegabytes: residentMegabytes ?? 0,
      files: openFiles ?? 0,
      databaseBytes,
      logBytes: server.loggedBytes(),
      jobs: counts.jobs,
    };
  };
  await pause(milliseconds * 0.2);
  const early = await takeStock();
  await pause(milliseconds * 0.3);
  const middle = await takeStock();
  await pause(milliseconds * 0.5);
  const late = await takeStock();
  over.abort();
  await Promise.all([...workers, trouble]);
  await server.close();
  await cluster.close();
  const perJob = (from: Account, to: Account): number => (to.databaseBytes - from.databaseBytes) / Math.max(1, to.jobs - from.jobs);
  const [first, second] = [perJob(early, middle), perJob(middle, late)];
  bench.add({
    work: `soak of ${show(minutes)} minutes with faults`,
    target: 'flat memory, descriptors, database and log growth',
    measured: `${counts.calls} reads, ${late.jobs} jobs, ${counts.failed} calls failed; ${show(early.heapMegabytes)} to ${show(late.heapMegabytes)} MB held, ${show(early.otherMegabytes)} to ${show(late.otherMegabytes)} MB beside the heap (${show(early.residentMegabytes)} to ${show(late.residentMegabytes)} MB resident), ${early.files} to ${late.files} descriptors, ${show(first / 1024)} then ${show(second / 1024)} KiB of database per job, ${show((late.logBytes - early.logBytes) / 1024)} KiB logged`,
    met:
      late.heapMegabytes <= early.heapMegabytes * MOST_GROWTH &&
      late.otherMegabytes <= early.otherMegabytes * MOST_GROWTH &&
      late.files <= early.files + 10 &&
      second <= first * MOST_GROWTH + 512,
    figures: {
      early_heap_megabytes: early.heapMegabytes,
      late_heap_megabytes: late.heapMegabytes,
      early_other_megabytes: early.otherMegabytes,
      late_other_megabytes: late.otherMegabytes,
      early_megabytes: early.residentMegabytes,
      late_megabytes: late.residentMegabytes,
      early_files: early.files,
      late_files: late.files,
      database_bytes_per_job: second,
      logged_bytes: late.logBytes - early.logBytes,
      reads: counts.calls,
      jobs: late.jobs,
    },
  });
}

type Counts = Record<'calls' | 'jobs' | 'failed', number>;

async function reader(server: StdioClient, over: AbortSignal, counts: Counts): Promise<void> {
  const calls = [
    ['get_vms', { limit: 20 }],
    ['get_storage', {}],
    ['list_backups', {}],
    ['list_jobs', { limit: 5 }],
  ] as const;
  for (let n = 0; !over.aborted; n++) {
    const [name, args] = calls[n % calls.length] ?? calls[0];
    const { isError } = await server.call(name, args);
    counts.calls += 1;
    if (isError === true) counts.failed += 1;
  }
}

async function writer(server: StdioClient, over: AbortSignal, counts: Counts): Promise<void> {
  for (let n = 0; !over.aborted; n++) {
    // The first three guests, of which each node has one, are VMs, and so are those six further on.
    const vmid = 100 + 6 * (Math.floor(n / 2) % (GUESTS / 6));
    const { isError } = await server.call(n % 2 === 0 ? 'start_vm' : 'stop_vm', { vmid, wait_seconds: 5 });
    counts.jobs += 1;
    if (isError === true) counts.failed += 1;
  }
}

async function troubles(cluster: SimulatedCluster, over: AbortSignal): Promise<void> {
  for (let n = 0; !over.aborted; n++) {
    await pause(FAULT_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
    const pattern = FAULTS[Math.floor(n / 2) % FAULTS.length] ?? '';
    if (n % 2 === 0) await cluster.drop(pattern);
    else {
      await cluster.hang(pattern);
      await pause(1000);
      await cluster.mend();
    }
  }
  await cluster.mend();
}
