import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { usageOf } from './process-usage.ts';
import { show } from './report.ts';
import { startCluster, type SimulatedCluster } from './simulated-cluster.ts';
import { startStdio } from './stdio-client.ts';

const NODES = 50;
const FIRST_VMID = 100;
const SETTLE_MS = 5000;

/** What it costs to follow jobs whose tasks do not end, at several numbers of jobs. */
export async function measureRunningJobs(bench: Bench, sizes: readonly number[]): Promise<void> {
  for (const jobs of sizes) {
    const cluster = await startCluster({ kind: 'stopped', nodes: NODES, guests: jobs, latencyMs: 0, speed: 0.0001 });
    const environment = { ...cluster.environment, ...bench.state(2) };
    const first = await startStdio(bench.command, environment);
    await first.call('start_vm', { vmid: FIRST_VMID });
    await first.close();
    multiply(join(environment['PROXMOX_MCP_STATE_DIR'] ?? '', 'proxmox-jobs.sqlite3'), await startTasks(cluster, jobs));

    const server = await startStdio(bench.command, environment);
    await server.call('list_jobs', { limit: 1 });
    await pause(SETTLE_MS);
    const seconds = bench.isQuick ? 5 : 30;
    await cluster.requests();
    const before = await usageOf(server.pid);
    await pause(seconds * 1000);
    const after = await usageOf(server.pid);
    const requests = (await cluster.requests()) / seconds;
    const { total } = (await server.call('list_jobs', { limit: 1, status: 'running' }))['structuredContent'] as { total?: number };
    await server.close();
    await cluster.close();
    const cpu = before.cpuSeconds === null || after.cpuSeconds === null ? null : ((after.cpuSeconds - before.cpuSeconds) / seconds) * 100;
    const judged = jobs >= 10_000;
    bench.add({
      work: `${jobs} running jobs on ${NODES} nodes`,
      target: judged ? 'at most 6 Proxmox requests/s, under 5 % of one core' : '',
      measured: `${show(requests)} requests/s, ${cpu === null ? 'CPU not told by this system' : `${show(cpu)} % of one core`}, ${show(after.residentMegabytes ?? 0)} MB${total === undefined ? '' : `, ${total} still running`}`,
      met: judged && cpu !== null ? requests <= 6 && cpu < 5 : null,
      figures: { requests_per_second: requests, cpu_percent: cpu, megabytes: after.residentMegabytes },
    });
  }
}

interface Task {
  readonly vmid: number;
  readonly node: string;
  readonly upid: string;
}

/** Starts all guests but the first in the simulator itself. */
async function startTasks(cluster: SimulatedCluster, jobs: number): Promise<readonly Task[]> {
  const tasks: Task[] = [];
  let next = 1;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let n = next++; n < jobs; n = next++) {
        const [vmid, node] = [FIRST_VMID + n, `pve${(n % NODES) + 1}`];
        const { data } = (await cluster.raw('POST', `/nodes/${node}/qemu/${vmid}/status/start`)) as { data: string };
        tasks.push({ vmid, node, upid: data });
      }
    }),
  );
  return tasks;
}

/** Gives each task a job like the one that the product has recorded by itself. */
function multiply(file: string, tasks: readonly Task[]): void {
  const db = new DatabaseSync(file);
  const { value } = db.prepare('select value from change_counter').get() as { value: number };
  const model = db.prepare("select * from jobs where state = 'running'").get() as Record<string, SQLInputValue> | undefined;
  if (model === undefined) throw new Error('The first job is not running.');
  const names = Object.keys(model);
  const insert = db.prepare(`insert into jobs (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`);
  const link = db.prepare('insert into job_upids (upid, job_id) values (?, ?)');
  const claim = db.prepare('insert into job_targets (target, job_id) values (?, ?)');
  db.exec('begin');
  for (const [index, { vmid, node, upid }] of tasks.entries()) {
    const target = `guest/${vmid}`;
    const job = {
      ...model,
      job_id: randomUUID(),
      seq: value + index + 1,
      node,
      upid,
      summary: `Start VM ${vmid}`,
      input: JSON.stringify({ vmid }),
      targets: JSON.stringify([target]),
      implied_key: null,
    };
    insert.run(...Object.values(job));
    link.run(upid, job.job_id);
    claim.run(target, job.job_id);
  }
  db.prepare('update change_counter set value = ?').run(value + tasks.length);
  db.exec('commit');
  db.close();
}
