const MIN_LENGTH = 4;
const REPLACEMENT = '<secret>';

/** Remembers values that must never be shown, and takes them out of text. */
export interface Secrets {
  /** Values shorter than 4 characters are not remembered: taking them out would garble everything else. */
  add(value: string | null | undefined): void;
  /** The text with every remembered value, plain or URL-encoded or inside JSON, replaced. */
  scrub(text: string): string;
}

export function createSecrets(): Secrets {
  const values = new Set<string>();
  return {
    add(value) {
      if (typeof value !== 'string' || value.length < MIN_LENGTH) return;
      for (const spelling of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]) values.add(spelling);
    },
    scrub(text) {
      let scrubbed = text;
      for (const value of values) scrubbed = scrubbed.replaceAll(value, REPLACEMENT);
      return scrubbed;
    },
  };
}
