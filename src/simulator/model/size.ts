const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

export const KIB = 1024;
export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;

/** Bytes of a disk size such as `32G`; undefined when the text is none. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text) ?? [];
  const factor = UNITS[unit ?? ''];
  return digits === undefined || factor === undefined ? undefined : Math.round(Number(digits) * factor);
}

/** The shortest exact disk size: 1610612736 is `1536M`. @see pve-common PVE/JSONSchema.pm format_size */
export function printSize(bytes: number): string {
  for (const [unit, factor] of [
    ['T', 1024 ** 4],
    ['G', GIB],
    ['M', MIB],
    ['K', KIB],
  ] as const)
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  return String(bytes);
}

/** Bytes for people: `1.1 GiB`. @see pve-common PVE/Format.pm render_bytes */
export function humanBytes(bytes: number, digits = 1): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(digits)} ${units[unit] ?? 'B'}`;
}

/** Seconds for people: `1m 13s`. @see pve-common PVE/Format.pm render_duration */
export function humanDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ] as const;
  const shown = parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount}${unit}`);
  return shown.length === 0 ? '0s' : shown.join(' ');
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-22 08:37:05`, in UTC as the simulated nodes run. */
export function logTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  return `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
}

/** `2026_11_22-08_37_05`, as in the names of backups. */
export const fileTime = (epochSeconds: number): string =>
  logTime(epochSeconds)
    .replace(' ', '-')
    .replace(/-(\d\d)-(\d\d)-/, '_$1_$2-')
    .replace(/:/g, '_');

/** `00:01:18` */
export const clockDuration = (seconds: number): string =>
  `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(Math.floor(seconds) % 60)}`;
