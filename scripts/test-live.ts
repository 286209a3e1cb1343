import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../src/app/compose.ts';
import { loadConfig } from '../src/app/load-config.ts';
import { createLogger } from '../src/app/logging.ts';
import { createSecrets } from '../src/domain/secrets.ts';
import { callAndWait } from '../test/live/call-and-wait.ts';
import { liveConfigPath, readLiveSettings } from '../test/live/live-settings.ts';
import { walk, type Step } from '../test/live/walk.ts';

/** Walks the catalogue against a real cluster: npm run test:live. Jobs are kept in a folder of their own. */
const MARKS = { passed: 'ok  ', failed: 'FAIL', skipped: '-   ' } as const;
const path = liveConfigPath(process.env);
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // A second one is not to end the cleaning up.
    process.stderr.write('Interrupted: what was made is being removed as soon as the step that runs has ended. Please wait.\n');
    interrupt.abort();
  });
}

// The timers of the product do not keep a process alive: its servers do.
const alive = setInterval(() => undefined, 60_000);
const folder = mkdtempSync(join(tmpdir(), 'proxmox-mcp-live-'));
try {
  const settings = readLiveSettings(path);
  const environment = { ...process.env, PROXMOX_MCP_CONFIG: path, PROXMOX_MCP_STATE_DIR: folder };
  const { config } = loadConfig(environment);
  const secrets = createSecrets();
  const product = await compose({
    config: { ...config, jobs: { ...config.jobs, sqlite_path: join(folder, 'jobs.sqlite3'), database_url: undefined } },
    environment,
    logger: createLogger({ level: 'CRITICAL' }, secrets),
    secrets,
  });
  try {
    process.stdout.write(`Against ${config.proxmox.host}, on node ${settings.node}, with ids from ${settings.first_vmid}\n\n`);
    const onStep = ({ operation, outcome, detail, ms }: Step): void => {
      process.stdout.write(`${MARKS[outcome]}  ${operation.padEnd(28)} ${String(ms).padStart(7)} ms  ${detail}\n`);
    };
    const steps = await walk({ call: callAndWait(product.dispatcher), settings, signal: interrupt.signal, onStep });
    const count = (outcome: Step['outcome']): number => steps.filter((step) => step.outcome === outcome).length;
    process.stdout.write(
      `\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped${interrupt.signal.aborted ? ', interrupted' : ''}\n`,
    );
    process.exitCode = count('failed') === 0 && !interrupt.signal.aborted ? 0 : 1;
  } finally {
    await product.close();
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
} finally {
  clearInterval(alive);
  rmSync(folder, { recursive: true, force: true });
}
