const PERCENT_LINES: readonly RegExp[] = [
  // vzdump of a VM: `INFO:   4% (46.0 MiB of 1.1 GiB) in 3s, read: 15.3 MiB/s, write: 0 B/s`
  /^INFO: +(\d+)% \([\d.]+ \w+ of [\d.]+ \w+\) in .+, read: .+, write: .+$/,
  // restore of a VM: `progress 42% (read 1234 bytes, duration 5 sec)`
  /^progress (\d+)% \(read \d+ bytes, duration \d+ sec\)$/,
  // qemu-img: `transferred 1.0 GiB of 4.0 GiB (25.00%)`
  /^transferred [\d.]+ \w+ of [\d.]+ \w+ \((\d+(?:\.\d+)?)%\)$/,
  // download: `     0K ........ ........ ........ ........ 79% 4.08M 2s`
  /^\s*\d+K (?:[. ]+)\s(\d+)% +[\d.,]+[KMGT]?(?: ?\S+)?$/,
];
// Mirror of one disk of several: `mirror-scsi0: transferred 10.2 MiB of 96.0 MiB (10.61%) in 0s`
const MIRROR = /^(?:[\d-]{10} [\d:]{8} )?(?:mirror-|drive-)?(\w+): transferred [\d.]+ \w+ of [\d.]+ \w+ \((\d+(?:\.\d+)?)%\) in .+$/;
// `migration active, transferred 1.2 GiB of 4.0 GiB VM-state, 120.3 MiB/s`, after a timestamp
const MIGRATION = /migration active, transferred ([\d.]+) (\w+) of ([\d.]+) (\w+) VM-state/;

/** Lines that carry a percentage are shorter; the patterns are not tried on what somebody made long. */
const LONGEST_LINE = 1000;

const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50 };

function percentOf(line: string): number | null {
  if (line.length > LONGEST_LINE) return null;
  for (const pattern of PERCENT_LINES) {
    const match = pattern.exec(line);
    if (match?.[1] !== undefined) return Number(match[1]);
  }
  const mirror = MIRROR.exec(line);
  if (mirror?.[2] !== undefined) return Number(mirror[2]);
  const migration = MIGRATION.exec(line);
  if (!migration) return null;
  const [, done = '0', doneUnit = 'B', all = '1', allUnit = 'B'] = migration;
  const total = Number(all) * (BYTES[allUnit] ?? 1);
  return total > 0 ? (Number(done) * (BYTES[doneUnit] ?? 1) * 100) / total : null;
}

/**
 * Percent of a task, 0 to 99, after one more line of its log; null while the log has not said. Lines of vzdump, restore,
 * qemu-img, mirror, migration and download carry a percentage, all others change nothing. A task that works on several disks
 * or guests starts again at 0. It stays under 100: nothing counts as done before the task has ended.
 * @see pve-manager PVE/VZDump/QemuServer.pm, qemu-server PVE/QemuServer/{BlockJob,ImportDisk}.pm, pve-storage PVE/API2/Storage/Status.pm
 */
export function readProgressLine(known: number | null, line: string): number | null {
  const percent = percentOf(line);
  return percent === null ? known : Math.min(99, Math.max(0, Math.floor(percent)));
}

/** `WARN: …` lines say what a task that ended with `WARNINGS: n` warned of. */
export function warningOf(line: string): string | null {
  const match = /^WARN: (.+)$/.exec(line);
  return match?.[1]?.trim().slice(0, 500) ?? null;
}
