import { monitorEventLoopDelay } from 'node:perf_hooks';
import { dropOldest } from '../domain/drop-oldest.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { isFinal, JOB_STATES } from '../jobs/job.ts';
import { createLatencySummary } from './latency-summary.ts';
import type { RequestRecord } from './request-context.ts';

/** One call through the dispatcher, from any surface. */
export interface CallRecord {
  readonly operation: string;
  readonly surface: string;
  /** `ok` or the error's code. */
  readonly outcome: string;
  readonly durationMs: number;
}

/** One request to Proxmox; the route is a template. */
export interface ProxmoxRecord {
  readonly method: string;
  readonly route: string;
  readonly outcome: number | string;
  readonly durationMs: number;
}

/** Counts what happens and tells it in the format of Prometheus. Every label has few values. */
export interface Metrics {
  readonly contentType: string;
  onRequest(record: RequestRecord): void;
  onCall(record: CallRecord): void;
  onProxmoxRequest(record: ProxmoxRecord): void;
  render(): Promise<string>;
  close(): void;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const ENDED_REMEMBERED = 5000;

/** Loads the library and starts counting. */
export async function createMetrics(jobs: Pick<Jobs, 'status' | 'subscribe'>): Promise<Metrics> {
  const { Counter, Gauge, Histogram, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();

  const http = createLatencySummary({ Counter, Gauge }, registers, {
    calls: ['proxmox_mcp_http_requests_total', 'HTTP requests by route, method and status'],
    latency: ['proxmox_mcp_http_latency_ms', 'Latency of HTTP requests in milliseconds'],
    labels: ['route', 'method', 'status'],
  });
  const tools = createLatencySummary({ Counter, Gauge }, registers, {
    calls: ['proxmox_mcp_tool_calls_total', 'Calls of operations by outcome'],
    latency: ['proxmox_mcp_tool_latency_ms', 'Latency of calls of operations in milliseconds'],
    labels: ['tool', 'status'],
  });
  const histogram = (name: string, help: string, labelNames: readonly string[]) =>
    new Histogram({ name, help, labelNames: [...labelNames], buckets: SECONDS, registers });
  const httpSeconds = histogram('proxmox_mcp_http_request_duration_seconds', 'Duration of HTTP requests', ['route', 'method']);
  const callSeconds = histogram('proxmox_mcp_tool_duration_seconds', 'Duration of calls of operations', ['tool', 'surface']);
  const proxmoxSeconds = histogram('proxmox_mcp_proxmox_request_duration_seconds', 'Duration of requests to Proxmox VE', [
    'route',
    'method',
    'outcome',
  ]);
  const ended = new Counter({
    name: 'proxmox_mcp_jobs_ended_total',
    help: 'Jobs that ended while this server ran',
    labelNames: ['state'],
    registers,
  });
  const byState = new Gauge({ name: 'proxmox_mcp_jobs', help: 'Jobs in the store by state', labelNames: ['state'], registers });
  const writable = new Gauge({ name: 'proxmox_mcp_job_store_writable', help: '1 while jobs can be recorded', registers });
  const lag = new Gauge({ name: 'proxmox_mcp_follower_lag_seconds', help: 'Age of what is known of running tasks', registers });
  const delays = new Gauge({
    name: 'proxmox_mcp_event_loop_delay_seconds',
    help: 'Delay of the event loop since the last scrape',
    labelNames: ['quantile'],
    registers,
  });
  const memory = new Gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes', registers });

  const seen = new Set<string>();
  const unsubscribe = jobs.subscribe((job) => {
    const key = `${job.jobId} ${job.retryCount}`;
    if (!isFinal(job.state) || seen.has(key)) return;
    seen.add(key);
    dropOldest(seen, ENDED_REMEMBERED);
    ended.inc({ state: job.state });
  });

  function readProcess(): void {
    for (const quantile of [50, 90, 99]) delays.set({ quantile: String(quantile / 100) }, delay.percentile(quantile) / 1e9);
    delays.set({ quantile: '1' }, delay.max / 1e9);
    delay.reset();
    memory.set(process.memoryUsage.rss());
  }

  async function readJobs(): Promise<void> {
    try {
      const status = await jobs.status();
      for (const state of JOB_STATES) byState.set({ state }, status.counts[state]);
      writable.set(status.writable ? 1 : 0);
      lag.set(status.followerLagMs / 1000);
    } catch {
      writable.set(0);
    }
  }

  return {
    contentType: registry.contentType,
    onRequest({ route, method, status, durationMs }) {
      http.observe([route, method, String(status)], durationMs);
      httpSeconds.observe({ route, method }, durationMs / 1000);
    },
    onCall({ operation, surface, outcome, durationMs }) {
      tools.observe([operation, outcome], durationMs);
      callSeconds.observe({ tool: operation, surface }, durationMs / 1000);
    },
    onProxmoxRequest({ route, method, outcome, durationMs }) {
      const kind = typeof outcome === 'number' ? `${Math.floor(outcome / 100)}xx` : outcome;
      proxmoxSeconds.observe({ route, method, outcome: kind }, durationMs / 1000);
    },
    async render() {
      readProcess();
      http.collect();
      tools.collect();
      await readJobs();
      return registry.metrics();
    },
    close() {
      unsubscribe();
      delay.disable();
      registry.clear();
    },
  };
}
