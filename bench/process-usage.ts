import { readdir, readFile } from 'node:fs/promises';

/** What a process holds and has used; null where the system does not tell. */
export interface ProcessUsage {
  readonly residentMegabytes: number | null;
  readonly openFiles: number | null;
  readonly cpuSeconds: number | null;
}

const TICKS_PER_SECOND = 100;

/** Reads it from /proc. @see proc_pid_stat(5) */
export async function usageOf(pid: number): Promise<ProcessUsage> {
  const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const kilobytes = /VmRSS:\s+(\d+)/.exec(await read('status'))?.[1];
  const files = await readdir(`/proc/${pid}/fd`).catch(() => null);
  // The second field is a name that may hold anything, in parentheses.
  const [, fields = ''] = /\) (.*)/s.exec(await read('stat')) ?? [];
  const [user, system] = fields.split(' ').slice(11, 13);
  return {
    residentMegabytes: kilobytes === undefined ? null : Number(kilobytes) / 1024,
    openFiles: files === null ? null : files.length,
    cpuSeconds: user === undefined || system === undefined ? null : (Number(user) + Number(system)) / TICKS_PER_SECOND,
  };
}
