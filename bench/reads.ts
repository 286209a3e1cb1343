import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { setTimeout as pause } from 'node:timers/promises';
import { show, type Row } from './report.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';
import type { StdioClient } from './stdio-client.ts';
import { throughput, timed, timingOf } from './statistics.ts';

const call = (server: StdioClient, name: string, args: object = {}) => server.request('tools/call', { name, arguments: args });

/** The list of all guests against the plain request behind it. */
export async function measureGuestList(server: StdioClient, cluster: SimulatedCluster, guests: number, judged: boolean): Promise<Row> {
  const raw = await timed(9, () => cluster.raw('GET', '/cluster/resources?type=vm'));
  await cluster.requests();
  const ours = await timed(9, async () => {
    await call(server, 'get_vms', { limit: 20 });
  });
  const requests = (await cluster.requests()) / 12;
  const { content } = await call(server, 'get_vms', { limit: 20 });
  const tokens = countTokens(String((content as { text: string }[])[0]?.text));
  const ratio = ours.medianMs / raw.medianMs;
  return {
    work: `get_vms, ${guests} guests, page of 20`,
    target: judged ? 'at most 1.5 x the raw read; one request; 2,000 tokens' : '',
    measured: `${show(ours.medianMs)} ms = ${show(ratio)} x raw ${show(raw.medianMs)} ms; ${show(requests)} requests; ${tokens} tokens`,
    met: judged ? ratio <= 1.5 && requests <= 1 && tokens <= 2000 : null,
    figures: { ms: ours.medianMs, raw_ms: raw.medianMs, ratio, requests, tokens },
  };
}

/** Lists that are gathered from every storage. */
export async function measureStorageReads(server: StdioClient, cluster: SimulatedCluster, latencyMs: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const name of ['get_storage', 'list_isos', 'list_backups']) {
    await cluster.requests();
    const { medianMs } = await timed(3, () => call(server, name, name === 'get_storage' ? {} : { limit: 20 }), 1);
    const requests = (await cluster.requests()) / 4;
    rows.push({
      work: `${name} on large, ${latencyMs} ms`,
      target: 'at most 3 x one request, distinct storages once',
      measured: `${show(medianMs)} ms = ${show(medianMs / latencyMs)} x; ${show(requests)} requests`,
      met: medianMs <= 3 * latencyMs,
      figures: { ms: medianMs, ratio: medianMs / latencyMs, requests },
    });
  }
  return rows;
}

/** Many callers at once, each waiting for what Proxmox says. */
export async function measureThroughput(work: string, read: () => Promise<unknown>, target: number): Promise<Row> {
  await throughput(8, 500, read);
  const { perSecond, p99Ms } = await throughput(32, 4000, read);
  return {
    work,
    target: `at least ${target}/s`,
    measured: `${show(perSecond)}/s, p99 ${show(p99Ms)} ms`,
    met: perSecond >= target,
    figures: { per_second: perSecond, p99_ms: p99Ms },
  };
}

/** How long others wait while long lists are read again and again. */
export async function measurePing(server: StdioClient): Promise<Row> {
  const over = new AbortController();
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) await call(server, 'list_backups', { limit: 20 });
    }),
  );
  const samples: number[] = [];
  for (let n = 0; n < 200; n++) {
    const startedAt = performance.now();
    await server.request('ping');
    samples.push(performance.now() - startedAt);
    await pause(5);
  }
  over.abort();
  await load;
  const { medianMs, p99Ms } = timingOf(samples);
  const worst = Math.max(...samples);
  return {
    work: 'ping while 4 clients list backups',
    target: 'under 5 ms',
    measured: `median ${show(medianMs)} ms, p99 ${show(p99Ms)} ms, worst ${show(worst)} ms`,
    met: p99Ms < 5,
    figures: { ms: medianMs, p99_ms: p99Ms, worst_ms: worst },
  };
}
