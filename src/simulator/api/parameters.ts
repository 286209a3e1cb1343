/** A parameter after checking: integers and numbers are numbers, booleans are 0 or 1, arrays are arrays of text. */
export type ParameterValue = string | number | readonly string[];

/** Splits a Proxmox list: commas, semicolons, blanks or NULs. @see pve-common PVE/Tools.pm split_list */
export const splitList = (text: string): string[] => text.split(/[,;\s\0]+/).filter((part) => part !== '');

/** The checked parameters of one call, read by their type. */
export class Parameters {
  readonly values: Readonly<Record<string, ParameterValue>>;

  constructor(values: Readonly<Record<string, ParameterValue>>) {
    this.values = values;
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  /** A required text; the schema has made sure that it is there. */
  string(name: string): string {
    return this.optionalString(name) ?? '';
  }

  optionalString(name: string): string | undefined {
    const value = this.values[name];
    return value === undefined ? undefined : Array.isArray(value) ? value.join(',') : String(value);
  }

  /** A required number. */
  number(name: string): number {
    return this.optionalNumber(name) ?? 0;
  }

  optionalNumber(name: string): number | undefined {
    const value = this.values[name];
    return value === undefined ? undefined : Number(value);
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.values[name];
    return value === undefined ? otherwise : Number(value) !== 0;
  }

  /** A list, whether it came as one text or as several values. */
  list(name: string): string[] {
    const value = this.values[name];
    if (value === undefined) return [];
    return Array.isArray(value) ? [...value] : splitList(String(value));
  }
}
