/**
 * Writes data/pve-api/{7.4,8.4,9.2}.json: what each Proxmox VE release accepts at the endpoints the product
 * calls or its simulator models. Data only: names, types, bounds, permissions; never a description.
 *
 * Usage: node scripts/generate-pve-api.ts <folder with the full schemas, one JSON file per release>
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Paths whose declared methods are kept. `{...}` are path parameters, spelt as Proxmox spells them. */
const PATHS: readonly string[] = [
  '/version',
  ...[
    '',
    '/domains',
    '/permissions',
    '/ticket',
    '/users',
    '/users/{userid}',
    '/users/{userid}/token',
    '/users/{userid}/token/{tokenid}',
    '/groups',
    '/groups/{groupid}',
    '/roles',
    '/roles/{roleid}',
    '/acl',
  ].map((path) => `/access${path}`),
  ...[
    '',
    '/status',
    '/resources',
    '/nextid',
    '/tasks',
    '/log',
    '/options',
    '/ha/resources',
    '/ha/resources/{sid}',
    '/ha/status/current',
    '/ha/status/manager_status',
    '/ha/groups',
    '/ha/rules',
  ].map((path) => `/cluster${path}`),
  '/pools',
  '/pools/{poolid}',
  '/storage',
  '/storage/{storage}',
  '/nodes',
  '/nodes/{node}',
  ...[
    '/status',
    '/version',
    '/time',
    '/config',
    '/network',
    '/rrddata',
    '/tasks',
    '/tasks/{upid}',
    '/tasks/{upid}/log',
    '/tasks/{upid}/status',
    '/vzdump',
    '/vzdump/defaults',
    '/vzdump/extractconfig',
    '/aplinfo',
    '/query-url-metadata',
    '/certificates/info',
    '/capabilities/qemu/cpu',
    '/capabilities/qemu/machines',
    '/storage',
  ].map((path) => `/nodes/{node}${path}`),
  ...['', '/status', '/rrddata', '/content', '/content/{volume}', '/download-url', '/import-metadata', '/prunebackups'].map(
    (path) => `/nodes/{node}/storage/{storage}${path}`,
  ),
  ...[
    '',
    '/{vmid}',
    '/{vmid}/config',
    '/{vmid}/pending',
    '/{vmid}/clone',
    '/{vmid}/template',
    '/{vmid}/resize',
    '/{vmid}/migrate',
    '/{vmid}/feature',
    '/{vmid}/rrddata',
    '/{vmid}/snapshot',
    '/{vmid}/snapshot/{snapname}',
    '/{vmid}/snapshot/{snapname}/config',
    '/{vmid}/snapshot/{snapname}/rollback',
    ...['', '/current', '/start', '/stop', '/shutdown', '/reboot', '/reset', '/suspend', '/resume'].map((path) => `/{vmid}/status${path}`),
  ].flatMap((path) => [`/nodes/{node}/qemu${path}`, `/nodes/{node}/lxc${path}`]),
  ...[
    '/move_disk',
    '/cloudinit',
    '/cloudinit/dump',
    '/monitor',
    '/sendkey',
    '/agent',
    '/agent/ping',
    '/agent/info',
    '/agent/exec',
    '/agent/exec-status',
    '/agent/file-read',
    '/agent/file-write',
    '/agent/network-get-interfaces',
    '/agent/get-osinfo',
    '/agent/get-fsinfo',
    '/agent/get-host-name',
    '/agent/get-time',
    '/agent/get-users',
    '/agent/get-vcpus',
    '/agent/fsfreeze-freeze',
    '/agent/fsfreeze-status',
    '/agent/fsfreeze-thaw',
    '/agent/fstrim',
  ].map((path) => `/nodes/{node}/qemu/{vmid}${path}`),
  ...['/move_volume', '/interfaces'].map((path) => `/nodes/{node}/lxc/{vmid}${path}`),
];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Fields = { [key: string]: Json };

/** What is kept of one parameter, in every nesting of property strings. */
const PARAMETER_KEYS = [
  'type',
  'format',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'optional',
  'default',
  'requires',
  'items',
  'alias',
  'keyAlias',
  'default_key',
  'properties',
  'type-property',
  'instance-types',
  'oneOf',
];

const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] ?? null)]),
  );
}

/** One parameter without its prose; an inline property-string format moves into the table of shared formats. */
function trimParameter(name: string, parameter: Fields, shareFormat: (name: string, format: Fields) => string): Fields {
  const kept: Fields = {};
  for (const key of PARAMETER_KEYS) {
    const value = parameter[key];
    if (value === undefined) continue;
    if (key === 'format' && isFields(value)) {
      const trimmed = Object.fromEntries(
        Object.entries(value).map(([part, schema]) => [part, isFields(schema) ? trimParameter(part, schema, shareFormat) : schema]),
      );
      kept[key] = shareFormat(name, trimmed);
    } else if (key === 'items' && isFields(value)) kept[key] = trimParameter(name, value, shareFormat);
    else if (key === 'optional') {
      if (value) kept[key] = true;
    } else kept[key] = value;
  }
  return kept;
}

function trimRelease(full: Fields): Fields {
  const formats: Fields = {};
  const nameOf = new Map<string, string>();
  const shareFormat = (name: string, format: Fields): string => {
    const text = JSON.stringify(sorted(format));
    let shared = nameOf.get(text);
    if (shared === undefined) {
      const base = name.replace('[n]', '');
      let candidate = base;
      for (let n = 2; candidate in formats; n++) candidate = `${base}.${n}`;
      shared = candidate;
      nameOf.set(text, shared);
      formats[shared] = format;
    }
    return `#${shared}`;
  };
  const paths: Fields = {};
  const declared = full['paths'] as Fields;
  for (const path of [...PATHS].sort()) {
    const methods = declared[path];
    if (!isFields(methods)) continue;
    const keptMethods: Fields = {};
    for (const [method, endpoint] of Object.entries(methods)) {
      if (!isFields(endpoint)) continue;
      const kept: Fields = {};
      const parameters = endpoint['parameters'];
      if (isFields(parameters))
        kept['parameters'] = Object.fromEntries(
          Object.entries(parameters).map(([name, schema]) => [name, isFields(schema) ? trimParameter(name, schema, shareFormat) : schema]),
        );
      for (const flag of ['permissions', 'protected', 'proxyto', 'allowtoken']) {
        const value = endpoint[flag];
        if (value !== undefined) kept[flag] = value;
      }
      keptMethods[method] = kept;
    }
    paths[path] = keptMethods;
  }
  return { version: full['version'] ?? null, formats, paths };
}

function main(): void {
  const source = process.argv[2];
  if (source === undefined) throw new Error('usage: node scripts/generate-pve-api.ts <folder with the full schemas>');
  const target = join(fileURLToPath(new URL('..', import.meta.url)), 'data', 'pve-api');
  for (const release of ['7.4', '8.4', '9.2']) {
    const file = readdirSync(source).find((name) => name.startsWith(release) && name.endsWith('.json'));
    if (file === undefined) throw new Error(`no schema of release ${release} in ${source}`);
    const full = JSON.parse(readFileSync(join(source, file), 'utf8')) as Fields;
    writeFileSync(join(target, `${release}.json`), `${JSON.stringify(sorted(trimRelease(full)))}\n`);
  }
}

main();
