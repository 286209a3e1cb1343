import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeParams } from '../../src/proxmox/encode-params.ts';
import { parameterSchema, type ApiSchema } from '../../src/simulator/api/schema.ts';
import type { LoggedRequest } from '../../src/simulator/start-simulator.ts';
import { startProduct } from '../product.ts';

/** Parameters that a release does not have yet. What needs them says so by its own name. */
const LATER: Readonly<Record<string, readonly string[]>> = {
  '7.4': ['import-from', 'protected'],
  '8.4': [],
  '9.2': [],
};

const release = (version: string): ApiSchema => JSON.parse(readFileSync(`data/pve-api/${version}.json`, 'utf8')) as ApiSchema;

/** One call of each write, with everything that callers usually say. */
const WRITES: readonly (readonly [name: string, args: Readonly<Record<string, unknown>>])[] = [
  ['create_vm', { name: 'new', vmid: 900, node: 'pve1', cpus: 2, memory: 2048, disk_size: 10, storage: 'local-lvm' }],
  ['clone_vm', { source_vmid: 105, target_vmid: 901, node: 'pve1', name: 'copy' }],
  ['start_vm', { vmid: 105 }],
  ['reset_vm', { vmid: 105 }],
  ['create_snapshot', { vmid: 105, snapname: 'snap1', description: 'a; b = c' }],
  ['rollback_snapshot', { vmid: 105, snapname: 'snap1' }],
  ['delete_snapshot', { vmid: 105, snapname: 'snap1' }],
  ['stop_vm', { vmid: 105 }],
  ['create_backup', { vmid: 105, storage: 'nfs-backup', notes: 'before', mode: 'stop' }],
  [
    'create_container',
    {
      node: 'pve1',
      vmid: 902,
      ostemplate: 'nfs-backup:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst',
      hostname: 'ct',
      storage: 'local-lvm',
      password: 'a-long-secret',
    },
  ],
  ['start_container', { selector: '902' }],
  ['restart_container', { selector: '902' }],
  ['update_container_resources', { selector: '902', cores: 2, memory: 1024, disk_gb: 1 }],
  ['stop_container', { selector: '902', graceful: false }],
  ['delete_container', { selector: '902' }],
  ['delete_vm', { vmid: 901, node: 'pve1' }],
  ['download_iso', { node: 'pve1', storage: 'local', url: 'https://images.example.org/x.iso', filename: 'x.iso' }],
];

describe('what is sent', () => {
  test('is known to Proxmox VE 7.4, 8.4 and 9.2, wherever the endpoint exists there', async () => {
    await using product = await startProduct({ config: { proxmox: { timeout: 20 } } });
    product.sim.cluster.remoteFile('https://images.example.org/x.iso', { size: 1024 * 1024 });
    for (const [name, args] of WRITES) {
      const { isError, text, output } = await product.call(name, { ...args, wait_seconds: 50 });
      expect(isError, `${name}: ${text}`).toBe(false);
      expect(['completed', 'unchanged'], `${name}: ${text}`).toContain(output['status']);
    }
    const requests = product.sim.requests.list();
    expect(requests.filter(({ method }) => method !== 'GET').length).toBeGreaterThanOrEqual(WRITES.length);
    for (const version of ['7.4', '8.4', '9.2']) {
      expect(
        requests
          .flatMap((request) => problemsOf(request, release(version)))
          .filter((problem) => !LATER[version]?.some((name) => problem.endsWith(` ${name}`))),
      ).toEqual([]);
    }
  }, 120_000);
});

function problemsOf(request: LoggedRequest, schema: ApiSchema): string[] {
  const [template, endpoints] = Object.entries(schema.paths).find(([path]) => matches(path, request.path)) ?? [];
  const endpoint = endpoints?.[request.method];
  if (template === undefined || endpoint === undefined) return [];
  const inPath = new Set([...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name));
  const given = new URLSearchParams(
    encodeParams({ ...(request.query as Record<string, string>), ...(request.body as Record<string, string>) }),
  );
  const declared = endpoint.parameters ?? {};
  const unknown = [...given.keys()].filter((name) => parameterSchema(declared, name) === undefined);
  const missing = Object.entries(declared).filter(
    ([name, parameter]) => parameter.optional !== true && !given.has(name) && !inPath.has(name),
  );
  return [
    ...unknown.map((name) => `${schema.version} ${request.method} ${template}: unknown ${name}`),
    ...missing.map(([name]) => `${schema.version} ${request.method} ${template}: missing ${name}`),
  ];
}

function matches(template: string, path: string): boolean {
  const parts = template.split('/');
  const actual = path.split('/');
  if (parts.at(-1) === '{volume}' ? actual.length < parts.length : actual.length !== parts.length) return false;
  return parts.every((part, index) => part.startsWith('{') || part === actual[index]);
}
