const MIN_LENGTH = 4;
const REPLACEMENT = '<secret>';

/** Remembers values that must never be shown, and takes them out of text. */
export interface Secrets {
  /** False for values of fewer than 4 characters, which are not remembered: taking them out would garble everything else. */
  add(value: string | null | undefined): boolean;
  /** The text with every remembered value, plain or URL-encoded or inside JSON, replaced. */
  scrub(text: string): string;
  /** A copy, as JSON keeps it, with every text in it scrubbed. Names of fields, numbers and the shape stay, whatever a secret reads like. */
  scrubTexts<T>(value: T): T;
}

export function createSecrets(): Secrets {
  let values: readonly string[] = [];
  function scrub(text: string): string {
    let scrubbed = text;
    for (const value of values) scrubbed = scrubbed.replaceAll(value, REPLACEMENT);
    return scrubbed;
  }
  return {
    add(value) {
      if (typeof value !== 'string' || value.length < MIN_LENGTH) return false;
      const spellings = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
      // The longest first: a secret that begins another one would leave the rest of it behind.
      values = [...new Set([...values, ...spellings])].toSorted((a, b) => b.length - a.length);
      return true;
    },
    scrub,
    scrubTexts<T>(value: T): T {
      // Text by text: within finished JSON a secret such as "null" would break the whole.
      return JSON.parse(JSON.stringify(value), (_name, item: unknown) => (typeof item === 'string' ? scrub(item) : item)) as T;
    },
  };
}
