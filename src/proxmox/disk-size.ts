const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `8G`, `512M`, `1.5T` -> bytes; null when it is no size. @see pve-common PVE/JSONSchema.pm, parse_size */
export function readDiskSize(text: string | undefined): number | null {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text ?? '') ?? [];
  if (digits === undefined) return null;
  return Math.trunc(Number(digits) * (UNIT_BYTES[unit] ?? 1));
}

/** Bytes in the largest unit that divides them: `8G`, `1536M`. @see pve-common PVE/JSONSchema.pm, format_size */
export function printDiskSize(bytes: number): string {
  const unit = ['T', 'G', 'M', 'K'].find((name) => bytes >= (UNIT_BYTES[name] ?? 1) && bytes % (UNIT_BYTES[name] ?? 1) === 0) ?? '';
  return `${bytes / (UNIT_BYTES[unit] ?? 1)}${unit}`;
}
