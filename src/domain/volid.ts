import { GRAMMAR } from './grammar.ts';

export interface VolidParts {
  readonly storage: string;
  /** Everything after the first colon, e.g. `iso/debian.iso`. */
  readonly volume: string;
}

/** Splits `storage:volume`; undefined when the text is no volid. */
export function parseVolid(volid: string): VolidParts | undefined {
  if (!GRAMMAR.volid.test(volid)) return undefined;
  const colon = volid.indexOf(':');
  return { storage: volid.slice(0, colon), volume: volid.slice(colon + 1) };
}
