import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgram } from '../../src/app/create-program.ts';
import { runProgram } from '../../src/cli/run-program.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/start-simulator.ts';

/** What a command left behind. */
export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** Standard output as JSON. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  json<T = Readonly<Record<string, unknown>>>(): T;
}

interface RunOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly isInteractive?: boolean;
  readonly columns?: number | null;
  readonly signal?: AbortSignal;
}

/** Runs one command line in this process. */
export async function run(
  argv: readonly string[],
  { environment = {}, isInteractive = false, columns = null, signal = new AbortController().signal }: RunOptions = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    isInteractive,
    columns,
  };
  const exitCode = await runProgram(createProgram(), argv, { terminal, environment, signal });
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  return { exitCode, out, err, json: <T>() => JSON.parse(out) as T };
}

/** A command line with a cluster behind it. */
export interface CommandLine extends AsyncDisposable {
  readonly sim: Simulator;
  readonly folder: string;
  readonly configFile: string;
  readonly environment: NodeJS.ProcessEnv;
  run(argv: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Puts other values into the config file. */
  configure(sections: Readonly<Record<string, unknown>>): void;
}

type Options = SimulatorOptions & { readonly token?: (sim: Simulator) => { user: string; tokenName: string; tokenValue: string } };

/** Everything on loopback: a simulated cluster, a config file that points at it, and a state folder. */
export async function startCommandLine({ token, ...options }: Options = {}): Promise<CommandLine> {
  const folder = mkdtempSync(join(tmpdir(), 'proxmox-cli-test-'));
  const sim = await startSimulator({ speed: 200, authenticationDelaySeconds: 0, ...options });
  const { user, tokenName, tokenValue } = token?.(sim) ?? sim.token;
  const configFile = join(folder, 'config.json');
  const base = {
    proxmox: { host: sim.host, port: sim.port, fingerprint: sim.fingerprint },
    auth: { user, token_name: tokenName, token_value: tokenValue },
  };
  const configure = (sections: Readonly<Record<string, unknown>>): void =>
    writeFileSync(configFile, JSON.stringify({ ...base, ...sections }), { mode: 0o600 });
  configure({});
  const environment = { PROXMOX_MCP_CONFIG: configFile, PROXMOX_MCP_STATE_DIR: folder, HOME: folder };
  return {
    sim,
    folder,
    configFile,
    environment,
    configure,
    run: (argv, more = {}) => run(argv, { environment, ...more }),
    async [Symbol.asyncDispose]() {
      await sim.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
