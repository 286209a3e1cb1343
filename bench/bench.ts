import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from './report.ts';

/** What is measured, and what the measurements share. */
export interface Bench {
  /** Program and arguments of the server under measurement. */
  readonly command: readonly string[];
  /** Shorter rounds: figures to look at, not to rely on. */
  readonly isQuick: boolean;
  /**
   * Environment of one more server, with jobs of its own.
   * @param inventorySeconds 0: every list that a call shows was read for it
   */
  state(inventorySeconds: number): Readonly<Record<string, string>>;
  /** Takes a figure into the table as soon as there is one. */
  add(...rows: readonly Row[]): void;
}

/** Latency of every answer of Proxmox where a measurement is about waiting for it. */
export const LATENCY_MS = 20;

/** A bench whose servers keep their state in a folder of their own until `close`. */
export async function createBench(
  given: Pick<Bench, 'command' | 'isQuick'>,
): Promise<Bench & { readonly rows: readonly Row[]; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-state-'));
  const rows: Row[] = [];
  let states = 0;
  return {
    ...given,
    rows,
    state: (inventorySeconds) => ({
      PROXMOX_MCP_STATE_DIR: join(folder, String(states++)),
      PROXMOX_INVENTORY_SECONDS: String(inventorySeconds),
      LOG_LEVEL: 'ERROR',
    }),
    add(...more) {
      rows.push(...more);
      for (const { work, measured, met } of more) process.stderr.write(`${met === false ? 'MISS ' : ''}${work}: ${measured}\n`);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
