import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A package of others of which something is in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package declares it. */
  readonly license: string;
  readonly homepage: string | null;
  /** The texts of its licence and notice files. */
  readonly texts: readonly string[];
}

/**
 * The packages that module paths come from, by name.
 * @throws Error for a package that declares no licence
 */
export function bundledPackages(moduleIds: readonly string[]): readonly BundledPackage[] {
  const folders = new Set(moduleIds.flatMap((id) => /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? []));
  return [...folders].map(readPackage).toSorted((a, b) => `${a.name}@${a.version}`.localeCompare(`${b.name}@${b.version}`));
}

function readPackage(folder: string): BundledPackage {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Readonly<Record<string, unknown>>;
  const { name, version, license, licenses, homepage } = manifest;
  const declared =
    typeof license === 'string'
      ? license
      : Array.isArray(licenses)
        ? (licenses as { type: string }[]).map(({ type }) => type).join(' OR ')
        : undefined;
  if (declared === undefined) throw new Error(`${String(name)} declares no licence.`);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file)) : [];
  return {
    name: String(name),
    version: String(version),
    license: declared,
    homepage: typeof homepage === 'string' ? homepage : null,
    texts: files.toSorted().map((file) => readFileSync(join(folder, file), 'utf8').trim()),
  };
}

/** The notices that their licences ask for; a text that several packages share stands once. */
export function noticesOf(packages: readonly BundledPackage[]): string {
  const sections = [...Map.groupBy(packages, ({ texts }) => texts.join('\n\n'))].map(([text, sharers]) => {
    const heads = sharers.map(({ name, version, license }) => `${name} ${version} (${license})`);
    return [...heads, '-'.repeat(Math.max(...heads.map(({ length }) => length))), text || 'No licence text comes with it.', ''].join('\n');
  });
  return `This program contains parts of the following packages.\n\n${sections.join('\n')}`;
}
