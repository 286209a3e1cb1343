import { CATALOG } from '../operations/catalog.ts';
import type { Operation } from '../operations/define.ts';

/** The names of all toolsets, in the order of the catalogue. */
export const TOOLSETS: readonly string[] = Object.keys(CATALOG);

/** The part of the catalogue that these toolsets are. */
export function catalogOf(toolsets: readonly string[]): Readonly<Record<string, readonly Operation[]>> {
  return Object.fromEntries(Object.entries(CATALOG).filter(([toolset]) => toolsets.includes(toolset)));
}

/** The operations of these toolsets. */
export function operationsOf(toolsets: readonly string[]): readonly Operation[] {
  return Object.values(catalogOf(toolsets)).flat();
}
