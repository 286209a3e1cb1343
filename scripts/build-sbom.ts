import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { BundledPackage } from './build-notices.ts';

/** A CycloneDX 1.6 document of what is in the bundle. The same packages give the same document. */
export function sbomOf(packages: readonly BundledPackage[]): Readonly<Record<string, unknown>> {
  const { name, version, license, description } = JSON.parse(readFileSync('package.json', 'utf8')) as Readonly<Record<string, string>>;
  const root = `pkg:npm/${name}@${version}`;
  const components = packages.map((bundled) => ({
    type: 'library',
    'bom-ref': purlOf(bundled),
    name: bundled.name,
    version: bundled.version,
    purl: purlOf(bundled),
    licenses: [/^[\w.+-]+$/.test(bundled.license) ? { license: { id: bundled.license } } : { expression: bundled.license }],
    ...(bundled.homepage === null ? {} : { externalReferences: [{ type: 'website', url: bundled.homepage }] }),
  }));
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(components) + root)}`,
    version: 1,
    metadata: {
      component: { type: 'application', 'bom-ref': root, name, version, purl: root, description, licenses: [{ license: { id: license } }] },
    },
    components,
    dependencies: [{ ref: root, dependsOn: components.map((component) => component['bom-ref']) }],
  };
}

function purlOf({ name, version }: BundledPackage): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** Name-based: SHA-256 in the form of a version 8 UUID. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
