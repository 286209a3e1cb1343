import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeParams } from '../../src/proxmox/encode-params.ts';
import { checkParameters } from '../../src/simulator/api/check-parameters.ts';
import { ApiFailure } from '../../src/simulator/api/failure.ts';
import type { ApiSchema } from '../../src/simulator/api/schema.ts';
import type { Simulator } from '../../src/simulator/start-simulator.ts';
import { startProduct } from '../product.ts';

/** Parameters that a release does not have yet. What needs them says so by its own name. */
const LATER: Readonly<Record<string, readonly string[]>> = { '7.4': ['compression'] };

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

const TEMPLATE = 'nfs-backup:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl a@example; b = c';

/** Everything else that a write can be told, tried dry: guests 900 to 909 are stated for it. */
const DRY: readonly (readonly [name: string, args: (sim: Simulator) => Readonly<Record<string, unknown>>])[] = [
  [
    'create_vm',
    () => ({
      name: 'windows.example.org',
      node: 'pve1',
      cpus: 4,
      sockets: 2,
      cpu: 'host,flags=+aes',
      memory: 8192,
      ostype: 'win11',
      bios: 'ovmf',
      tpm: true,
      machine: 'q35',
      iso: 'local:iso/debian-13.1.0-amd64-netinst.iso',
      drivers_iso: 'nfs-backup:iso/virtio-win-0.1.271.iso',
      disks: [
        { size: 64, cache: 'writeback', ssd: true, discard: true },
        { size: 1, bus: 'virtio', storage: 'ceph', format: 'raw' },
        { size: 1, bus: 'sata' },
      ],
      networks: [
        { tag: 4094, macaddr: 'BC:24:11:00:00:08', firewall: true, mtu: 1500, rate: 12.5 },
        { model: 'e1000', bridge: 'vmbr1' },
      ],
      pool: 'development',
      tags: ['a+b', 'c_d.e-f'],
      onboot: true,
      description: 'a = b; c\n'.repeat(700),
    }),
  ],
  [
    'create_vm',
    () => ({
      name: 'cloud',
      node: 'pve1',
      cpus: 1,
      memory: 1024,
      import_from: 'local:import/debian-13-genericcloud-amd64.qcow2',
      disk_size: 30,
      ciuser: 'admin',
      cipassword: 'a-long-secret',
      sshkeys: `${KEY}\n${KEY}\n`,
      ipconfig: ['ip=192.0.2.5/24,gw=192.0.2.1,ip6=2001:db8::5/64,gw6=2001:db8::1', 'ip=dhcp', 'ip6=auto'],
      nameserver: '192.0.2.53 2001:db8::53',
      searchdomain: 'example.org',
      agent: false,
    }),
  ],
  ['create_vm', () => ({ name: 'bare', node: 'pve1', cpus: 1, memory: 16, disks: [], networks: [] })],
  ['clone_vm', () => ({ source_vmid: 9000, target_node: 'pve2', storage: 'ceph', format: 'raw', pool: 'development', description: 'x' })],
  ['clone_vm', () => ({ source_vmid: 9000, full: false, name: 'linked' })],
  ['clone_vm', () => ({ source_vmid: 900, snapname: 'clean' })],
  ['delete_vm', () => ({ vmid: 900, purge: true, destroy_unreferenced_disks: true })],
  ['shutdown_vm', () => ({ vmid: 901, timeout_seconds: 30, force_stop: true })],
  ['create_snapshot', () => ({ vmid: 901, snapname: 'with-RAM_1', vmstate: true, description: 'ü'.repeat(4000) })],
  ['create_snapshot', () => ({ vmid: 902, snapname: 'ct' })],
  ['delete_snapshot', () => ({ vmid: 900, snapname: 'clean', force: true })],
  ['rollback_snapshot', () => ({ vmid: 900, snapname: 'clean', start: true })],
  [
    'create_container',
    () => ({
      node: 'pve1',
      ostemplate: TEMPLATE,
      hostname: 'ct.example.org',
      cores: 2,
      swap: 0,
      password: 'a-long-secret',
      ssh_public_keys: KEY,
      ip: '192.0.2.40/24',
      gw: '192.0.2.1',
      ip6: '2001:db8::40/64',
      gw6: '2001:db8::1',
      vlan_tag: 30,
      hwaddr: 'bc:24:11:00:00:09',
      firewall: true,
      nameserver: '192.0.2.53 2001:db8::53',
      searchdomain: 'example.org example.net',
      mount_points: [{ path: '/srv/data', size_gb: 5, backup: true }],
      start_after_create: true,
      onboot: true,
      nesting: true,
      protection: true,
      tags: ['web', 'db'],
      pool: 'development',
      description: 'x'.repeat(4000),
    }),
  ],
  ['update_container_resources', () => ({ selector: '902', swap: 0, cores: 4 })],
  ['update_container_resources', () => ({ selector: '902', disk_size_gb: 9.3 })],
  ['restart_container', () => ({ selector: '903', timeout_seconds: 86_400 })],
  ['stop_container', () => ({ selector: '903', force_stop: true })],
  ['delete_container', () => ({ selector: '902', purge: true, destroy_unreferenced_disks: true })],
  [
    'create_backup',
    () => ({ vmid: 902, storage: 'pbs', compress: 'gzip', mode: 'suspend', protected: true, prune: true, notes: 'a\n\\b' }),
  ],
  ['restore_backup', (sim) => ({ archive: sim.cluster.backup(900, { storage: 'pbs' }).volid, start: true, storage: 'ceph' })],
  ['restore_backup', (sim) => ({ archive: sim.cluster.backup(900, { storage: 'nfs-backup' }).volid, vmid: 900, overwrite: true })],
  ['restore_backup', (sim) => ({ archive: sim.cluster.backup(902, { storage: 'nfs-backup' }).volid, start: true, unique: false })],
  ['delete_backup', (sim) => ({ volid: sim.cluster.backup(902, { storage: 'pbs', secondsAgo: 5 }).volid })],
  ['delete_iso', () => ({ storage: 'local', node: 'pve1', filename: 'debian-13.1.0-amd64-netinst.iso' })],
  ['download_iso', () => ({ storage: 'nfs-backup', template: 'debian-12-standard_12.12-1_amd64.tar.zst' })],
  [
    'download_iso',
    () => ({
      node: 'pve1',
      storage: 'local',
      url: 'https://images.example.org/y.iso.zst?a=b;c',
      filename: 'y.iso',
      checksum: 'a'.repeat(128),
      checksum_algorithm: 'sha512',
      compression: 'zst',
    }),
  ],
];

/** A request as far as a schema can judge it. */
interface Sent {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
}

describe('what is sent', () => {
  test('is valid for Proxmox VE 7.4, 8.4 and 9.2, wherever the endpoint exists there', async () => {
    await using product = await startProduct({ config: { proxmox: { timeout: 20 } } });
    product.sim.cluster.remoteFile('https://images.example.org/x.iso', { size: 1024 * 1024 });
    for (const [name, args] of WRITES) {
      const { isError, text, output } = await product.call(name, { ...args, wait_seconds: 50 });
      expect(isError, `${name}: ${text}`).toBe(false);
      expect(['completed', 'unchanged'], `${name}: ${text}`).toContain(output['status']);
    }
    const requests = product.sim.requests
      .list()
      .map(({ method, path, query, body }): Sent => ({ method, path, params: { ...query, ...body } }));
    expect(requests.filter(({ method }) => method !== 'GET').length).toBeGreaterThanOrEqual(WRITES.length);
    expectValid(requests);
  }, 120_000);

  test('is valid too with everything that can be said, down to each part of a disk or network card', async () => {
    await using product = await startProduct();
    const { cluster } = product.sim;
    cluster.storage('pbs', { type: 'pbs', content: ['backup'] });
    cluster.vm(900, { node: 'pve1', status: 'stopped', disks: { scsi0: 'ceph:1G' } });
    cluster.snapshot(900, 'clean');
    cluster.vm(901, { node: 'pve1', status: 'running', disks: { scsi0: 'ceph:1G' } });
    cluster.container(902, { node: 'pve1', status: 'stopped', disks: { rootfs: 'ceph:1G' } });
    cluster.container(903, { node: 'pve1', status: 'running' });
    const requests: Sent[] = [];
    for (const [name, args] of DRY) {
      const { text, output } = await product.call(name, { ...args(product.sim), dry_run: true });
      expect(output['status'], `${name}: ${text}`).toBe('dry_run');
      requests.push((output['result'] as { would_send: Sent }).would_send);
    }
    expectValid(requests);
  }, 60_000);

  test('is checked by value: a wrong one is found', () => {
    const wrong = { method: 'POST', path: '/nodes/pve1/qemu', params: { vmid: 100, cores: 'two', net0: 'virtio,bridge=vmbr0,tag=5000' } };
    expect(problemsOf(wrong, release('9.2'))).toEqual([
      expect.stringContaining('cores: type check') as string,
      expect.stringContaining('net0: invalid format') as string,
    ]);
  });
});

function expectValid(requests: readonly Sent[]): void {
  for (const version of ['7.4', '8.4', '9.2']) {
    const problems = requests.flatMap((request) => problemsOf(request, release(version)));
    expect(problems.filter((problem) => !LATER[version]?.some((name) => problem.includes(` ${name}: property is not defined`)))).toEqual(
      [],
    );
  }
}

function problemsOf({ method, path, params }: Sent, schema: ApiSchema): string[] {
  const [template, endpoints] = Object.entries(schema.paths).find(([candidate]) => matches(candidate, path)) ?? [];
  const endpoint = endpoints?.[method];
  if (template === undefined || endpoint === undefined) return [];
  const form = new URLSearchParams(encodeParams(params as Record<string, string>));
  const given = Object.fromEntries([...new Set(form.keys())].map((name) => [name, valueOf(form.getAll(name))]));
  try {
    checkParameters({ ...given, ...inPath(template, path) }, endpoint.parameters ?? {}, schema.formats);
    return [];
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    return Object.entries(error.errors ?? {}).map(([name, problem]) => `${schema.version} ${method} ${template} ${name}: ${problem}`);
  }
}

const valueOf = (texts: readonly string[]): unknown => (texts.length === 1 ? texts[0] : texts);

/** The values of the placeholders, which Proxmox checks like any other. */
function inPath(template: string, path: string): Readonly<Record<string, string>> {
  const actual = path.split('/');
  const parts = template.split('/');
  return Object.fromEntries(
    parts.flatMap((part, index) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      const rest = index === parts.length - 1 ? actual.slice(index).join('/') : (actual[index] ?? '');
      return name === undefined ? [] : [[name, decodeURIComponent(rest)]];
    }),
  );
}

function matches(template: string, path: string): boolean {
  const parts = template.split('/');
  const actual = path.split('/');
  if (parts.at(-1) === '{volume}' ? actual.length < parts.length : actual.length !== parts.length) return false;
  return parts.every((part, index) => part.startsWith('{') || part === actual[index]);
}
