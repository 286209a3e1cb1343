import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBaselines } from './baselines.ts';
import { createBench, type Bench } from './bench.ts';
import { measureCrowd } from './crowd.ts';
import { measureGrowth } from './growth.ts';
import { measureGuestLists } from './guest-lists.ts';
import { measureOtherCommand, measureOtherUrl } from './other-server.ts';
import { measureReads } from './reads.ts';
import { tableOf } from './report.ts';
import { measureRunningJobs } from './running-jobs.ts';
import { measureSoak } from './soak.ts';
import { measureStart, withPackage } from './start-up.ts';
import { measureStorageLists } from './storage-lists.ts';
import { measureWaiting } from './waiting.ts';
import { measureWrites } from './writes.ts';

const GROUPS: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  start: measureStart,
  guests: measureGuestLists,
  storages: measureStorageLists,
  writes: measureWrites,
  waiting: measureWaiting,
  baselines: measureBaselines,
  reads: measureReads,
  jobs: (bench) => measureRunningJobs(bench, [10_000]),
  crowd: measureCrowd,
};
/** Asked for by name only. */
const MORE: typeof GROUPS = {
  growth: async (bench) => {
    await measureGrowth(bench);
    await measureRunningJobs(bench, [10, 100, 1000]);
  },
};

const USAGE = `npm run bench -- [--only GROUP,...] [--json FILE] [--quick]
  Groups: ${Object.keys(GROUPS).join(', ')}; by name only: ${Object.keys(MORE).join(', ')}. Needs npm run build.
npm run bench -- --soak MINUTES
  Reads and writes with faults for so long.
npm run bench -- --command "uvx some-server" [--env NAME=VALUE ...] [--tool NAME] [--args JSON]
  Another MCP server over stdio. {host}, {port}, {user}, {token_name}, {token_value} and {fingerprint} in VALUE are the simulator's.
npm run bench -- --url http://127.0.0.1:9000/mcp [--tool NAME] [--args JSON]
  Another MCP server that listens already.
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    soak: { type: 'string' },
    command: { type: 'string' },
    url: { type: 'string' },
    env: { type: 'string', multiple: true, default: [] },
    tool: { type: 'string', default: 'get_vms' },
    args: { type: 'string', default: '{}' },
    help: { type: 'boolean', default: false },
  },
});

async function measure(command: readonly string[], work: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await createBench({ command, isQuick: values.quick });
  try {
    await work(bench);
  } finally {
    await bench.close();
    process.stdout.write(`${tableOf(bench.rows)}\n`);
    if (values.json !== undefined) {
      const figures = { node: process.version, platform: `${process.platform} ${process.arch}`, rows: bench.rows };
      await writeFile(resolve(values.json), `${JSON.stringify(figures, null, 2)}\n`);
    }
  }
}

const other = { tool: values.tool, args: JSON.parse(values.args) as object, environment: values.env };
if (values.help) {
  process.stdout.write(USAGE);
} else if (values.url !== undefined) {
  const { url } = values;
  await measure([], (bench) => measureOtherUrl(bench, other, url));
} else if (values.command !== undefined) {
  await measure(
    values.command.split(' ').filter((word) => word !== ''),
    (bench) => measureOtherCommand(bench, other),
  );
} else {
  const names = values.soak === undefined ? (values.only?.split(',') ?? Object.keys(GROUPS)) : [];
  const unknown = names.filter((name) => !(name in GROUPS || name in MORE));
  if (unknown.length > 0) throw new Error(`There is no group ${unknown.join(', ')}.\n${USAGE}`);
  await withPackage((folder) =>
    measure([process.execPath, join(folder, 'bin/proxmox-mcp-plus.cjs')], async (bench) => {
      for (const name of names) await (GROUPS[name] ?? MORE[name])?.(bench);
      if (values.soak !== undefined) await measureSoak(bench, Number(values.soak));
    }),
  );
}
