import { show, type Row } from './report.ts';
import { startStdio } from './stdio-client.ts';

const MOST_GROWTH = 1.1;

/** Reads without a pause and compares the memory after a tenth of the time with that at the end. */
export async function measureSoak(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  milliseconds: number,
): Promise<Row> {
  const server = await startStdio(command, environment);
  const startedAt = performance.now();
  let early: number | null = null;
  let calls = 0;
  for (let passed = 0; passed < milliseconds; passed = performance.now() - startedAt) {
    await server.request('tools/call', { name: calls % 2 === 0 ? 'get_vms' : 'get_storage', arguments: {} });
    calls += 1;
    if (early === null && passed > milliseconds / 10) early = await server.residentMegabytes();
  }
  const late = await server.residentMegabytes();
  await server.close();
  const growth = early === null || late === null ? null : late / early;
  return {
    work: `soak of ${show(milliseconds / 60_000)} minutes, ${calls} reads`,
    target: 'flat memory',
    measured: growth === null ? 'not told by this system' : `${show(early ?? 0)} MB early, ${show(late ?? 0)} MB late`,
    met: growth === null ? null : growth <= MOST_GROWTH,
    figures: { early_megabytes: early, late_megabytes: late, calls },
  };
}
