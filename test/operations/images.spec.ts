import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

type Row = Readonly<Record<string, unknown>>;
interface Image {
  readonly volid: string;
  readonly nodes: readonly string[];
}

let product: Product;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.close());

const requests = (): readonly string[] => product.sim.requests.list().map(({ method, path }) => `${method} ${path}`);
const writes = (): readonly string[] => requests().filter((request) => !request.startsWith('GET'));
const call = async (name: string, args: Row = {}) => {
  product.sim.requests.clear();
  return product.call(name, args);
};
const waiting = { wait_seconds: 30 };
const URL_OF_ISO = 'https://releases.example.org/debian/test.iso';
const SHA256 = 'a'.repeat(64);

describe('listing images', () => {
  test('asks each distinct storage once: a shared one on one node, a local one on each', async () => {
    const { output } = await call('list_isos');
    const images = output['images'] as Image[];
    expect(images.filter(({ volid }) => volid === 'nfs-backup:iso/ubuntu-24.04.3-live-server-amd64.iso')).toHaveLength(1);
    expect(images.find(({ volid }) => volid.startsWith('nfs-backup:'))?.nodes).toEqual(['pve1', 'pve2', 'pve3']);
    expect(images.filter(({ volid }) => volid === 'local:iso/debian-13.1.0-amd64-netinst.iso').map(({ nodes }) => nodes)).toEqual([
      ['pve1'],
      ['pve2'],
      ['pve3'],
    ]);
    expect(requests().filter((request) => request.includes('/content'))).toHaveLength(4);
    expect(requests()).toHaveLength(6);
  });

  test('shows size, time and place of each on one line', async () => {
    const { output, text } = await call('list_isos', { node: 'pve1', storage: 'local' });
    expect(output).toMatchObject({
      total: 1,
      unavailable: [],
      images: [{ filename: 'debian-13.1.0-amd64-netinst.iso', size_bytes: 783 * 2 ** 20 }],
    });
    expect(text).toMatch(/^1 ISO image\n"local:iso\/debian-13\.1\.0-amd64-netinst\.iso" 783 MiB, pve1, \d{4}-\d{2}-\d{2}$/);
  });

  test('is filtered by name and paged, and says how to go on', async () => {
    const first = await call('list_isos', { name: 'DEBIAN', limit: 2 });
    expect(first.output).toMatchObject({ total: 3 });
    expect(first.output['images']).toHaveLength(2);
    const rest = await call('list_isos', { name: 'DEBIAN', limit: 2, after: first.output['next_after'] });
    expect(rest.output).toMatchObject({ next_after: null, images: [{ nodes: ['pve3'] }] });
  });

  test('shows disk images that create_vm can import', async () => {
    const { output } = await call('list_isos', { content: 'import' });
    expect(output).toMatchObject({ total: 1, images: [{ volid: 'local:import/debian-13-genericcloud-amd64.qcow2', nodes: ['pve1'] }] });
  });

  test('lists container templates, or those of the index of Proxmox', async () => {
    const here = await call('list_templates');
    expect(here.output).toMatchObject({ total: 3, available: [] });
    const index = await call('list_templates', { available: true, name: 'debian' });
    expect(index.output).toMatchObject({
      total: 2,
      images: [],
      available: [{ template: 'debian-12-standard_12.12-1_amd64.tar.zst' }, { os: 'debian-13' }],
    });
    expect(index.text).toContain('debian-13-standard_13.1-2_amd64.tar.zst "Debian 13 Trixie (standard)"');
  });

  test('of a node or storage that does not exist is an error, not an empty list', async () => {
    expect((await call('list_isos', { node: 'nosuch' })).error).toMatchObject({ code: 'not_found', hint: 'Nodes are pve1, pve2, pve3.' });
    expect((await call('list_isos', { storage: 'nosuch' })).error).toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('nosuch') as string,
    });
  });

  test('tells which storages could not be read, and shows the rest', async () => {
    const restore = product.sim.faults.loseNode('pve2');
    const { output, text } = await call('list_isos');
    expect(output['unavailable']).toEqual([{ storage: 'local', node: 'pve2', reason: 'Node pve2 is offline.', stale_seconds: null }]);
    expect((output['images'] as Image[]).length).toBeGreaterThan(2);
    expect(text).toContain('Not read: local on pve2');
    restore();
  });

  test('is not held up by a storage that hangs', async () => {
    const restore = product.sim.faults.hang('GET /nodes/pve3/storage/local/content');
    const startedAt = performance.now();
    const { output } = await call('list_isos');
    expect(performance.now() - startedAt).toBeLessThan(12_000);
    expect(output['unavailable']).toMatchObject([{ storage: 'local', node: 'pve3' }]);
    expect((output['images'] as Image[]).some(({ nodes }) => nodes.includes('pve1'))).toBe(true);
    restore();
  }, 20_000);
});

describe('downloading', () => {
  test('an ISO image is followed to its end, with its checksum', async () => {
    const { output, text } = await call('download_iso', {
      node: 'pve1',
      storage: 'local',
      url: URL_OF_ISO,
      filename: 'test.iso',
      checksum: SHA256,
      ...waiting,
    });
    expect(output).toMatchObject({ status: 'completed', result: { volid: 'local:iso/test.iso', checked: 'sha256' } });
    expect(text).toMatch(/^Task ID: UPID:pve1:.*:download:test\.iso:/m);
    expect(product.sim.cluster.volume('local:iso/test.iso', 'pve1')).toBeDefined();
  });

  test('again with a checksum converges: Proxmox checks the file that is there', async () => {
    product.sim.cluster.iso('there.iso', { storage: 'local', node: 'pve1' });
    const { output } = await call('download_iso', {
      node: 'pve1',
      storage: 'local',
      url: URL_OF_ISO,
      filename: 'there.iso',
      checksum: SHA256,
      ...waiting,
    });
    expect(output).toMatchObject({ status: 'completed', result: { already_there: true } });
  });

  test('without a checksum never overwrites a file, and says so before anything is sent', async () => {
    const { error } = await call('download_iso', {
      node: 'pve1',
      storage: 'local',
      url: URL_OF_ISO,
      filename: 'debian-13.1.0-amd64-netinst.iso',
    });
    expect(error).toMatchObject({
      code: 'conflict',
      effect: 'none',
      message: 'local:iso/debian-13.1.0-amd64-netinst.iso is there already, and is not overwritten.',
    });
    expect(writes()).toEqual([]);
  });

  test('takes the name from the URL, and what it is from the extension', async () => {
    const url = 'https://cloud.example.org/images/noble-amd64.qcow2';
    const image = await call('download_iso', { node: 'pve1', storage: 'local', url, dry_run: true });
    expect(image.output['result']).toMatchObject({
      would_send: { params: { content: 'import', filename: 'noble-amd64.qcow2', url } },
      holds: ['volume/local:import/noble-amd64.qcow2'],
    });
    const template = await call('download_iso', { storage: 'nfs-backup', url: 'https://x.example.org/alpine.tar.xz', dry_run: true });
    expect(template.output['result']).toMatchObject({
      would_send: { path: '/nodes/pve1/storage/nfs-backup/download-url', params: { content: 'vztmpl' } },
    });
    expect(
      (await call('download_iso', { node: 'pve1', storage: 'local', url: 'https://x.example.org/readme.txt' })).error.message,
    ).toContain('has no extension');
    expect((await call('download_iso', { node: 'pve1', storage: 'local', url: 'https://x.example.org/' })).error.hint).toBe(
      'Give filename.',
    );
  });

  test('a template of the index of Proxmox needs no URL', async () => {
    const { output } = await call('download_iso', {
      storage: 'nfs-backup',
      template: 'debian-12-standard_12.12-1_amd64.tar.zst',
      ...waiting,
    });
    expect(output).toMatchObject({ status: 'completed', result: { volid: 'nfs-backup:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst' } });
    const again = await call('download_iso', { node: 'pve2', storage: 'nfs-backup', template: 'debian-12-standard_12.12-1_amd64.tar.zst' });
    expect(again.output['status']).toBe('unchanged');
    const { error } = await call('download_iso', { storage: 'nfs-backup', template: 'debian-14-standard_14.0-1_amd64.tar.zst' });
    expect(error.hint).toContain('debian-13-standard_13.1-2_amd64.tar.zst');
  });

  test.each([
    ['plain http', 'http://releases.example.org/x.iso', 'denied'],
    ['another protocol', 'file:///etc/passwd', 'invalid_input'],
    ['credentials', 'https://me:canary-Passw0rd@releases.example.org/x.iso', 'invalid_input'],
    ['an empty user', 'https://@releases.example.org/x.iso', 'invalid_input'],
    ['an IPv4 address', 'https://192.0.2.1/x.iso', 'denied'],
    ['an IPv4 address in disguise', 'https://0x7f.1/x.iso', 'denied'],
    ['an IPv4 address as one number', 'https://2130706433/x.iso', 'denied'],
    ['an IPv6 address', 'https://[::1]/x.iso', 'denied'],
    ['a name without a dot', 'https://intranet/x.iso', 'denied'],
    ['localhost with a dot at its end', 'https://localhost./x.iso', 'denied'],
    ['an internal name', 'https://files.corp.internal/x.iso', 'denied'],
    ['a line break', 'https://releases.example.org/x.iso\n--output=/etc/cron.d/x', 'invalid_input'],
  ])('refuses %s', async (_what, url, code) => {
    const { error, text } = await call('download_iso', { node: 'pve1', storage: 'local', url, filename: 'x.iso' });
    expect(error).toMatchObject({ code, effect: 'none' });
    expect(JSON.stringify(error) + text).not.toContain('canary-Passw0rd');
    expect(writes()).toEqual([]);
  });

  test('refuses what cannot work: a storage for other things, a checksum of another length, a name that Proxmox would change', async () => {
    const base = { node: 'pve1', storage: 'local', url: URL_OF_ISO, filename: 'y.iso' };
    expect((await call('download_iso', { ...base, storage: 'local-lvm' })).error).toMatchObject({
      code: 'conflict',
      hint: 'On node pve1 these do: local, nfs-backup.',
    });
    expect((await call('download_iso', { ...base, checksum: 'abcd' })).error.message).toBe(
      'A sha256 checksum has 64 hexadecimal digits, not 4.',
    );
    expect((await call('download_iso', { ...base, filename: '../evil.iso' })).error).toMatchObject({ code: 'invalid_input' });
    expect((await call('download_iso', { ...base, checksum_algorithm: 'crc32' })).error).toMatchObject({ code: 'invalid_input' });
    expect((await call('download_iso', { storage: 'local', url: URL_OF_ISO })).error.message).toContain('node must be given');
    expect(writes()).toEqual([]);
  });
});

describe('deleting', () => {
  test('removes exactly the file that is named, by file name or volid', async () => {
    product.sim.cluster.iso('a.iso', { storage: 'local', node: 'pve1' });
    product.sim.cluster.iso('a.iso.iso', { storage: 'local', node: 'pve1' });
    const { output, text } = await call('delete_iso', { node: 'pve1', storage: 'local', filename: 'a.iso', ...waiting });
    expect(output).toMatchObject({ status: 'completed', result: { volid: 'local:iso/a.iso' } });
    expect(text).toMatch(/^Task ID: UPID:pve1:.*:imgdel:local:/m);
    expect(product.sim.cluster.volume('local:iso/a.iso', 'pve1')).toBeUndefined();
    expect(product.sim.cluster.volume('local:iso/a.iso.iso', 'pve1')).toBeDefined();
    await call('delete_iso', { node: 'pve1', storage: 'local', filename: 'local:iso/a.iso.iso', ...waiting });
    expect(product.sim.cluster.volume('local:iso/a.iso.iso', 'pve1')).toBeUndefined();
  });

  test.each(['iso', 'debian', '100', 'debian-13.1.0-amd64-netinst', '.', '%2e'])(
    'never takes a part of a name for a name: %s',
    async (filename) => {
      const { error } = await call('delete_iso', { node: 'pve1', storage: 'local', filename });
      expect(error).toMatchObject({ code: 'not_found', effect: 'none' });
      expect(error.hint).toContain('Names must be exact');
      expect(writes()).toEqual([]);
    },
  );

  test('never finds a disk or a backup of a guest, even by its exact name', async () => {
    const disk = /^[^,]+/.exec(String(product.sim.cluster.guest(105)?.config['scsi0']))?.[0];
    const backup = product.sim.cluster.backup(105, { storage: 'local', node: 'pve1' }).volid;
    expect((await call('delete_iso', { node: 'pve1', storage: 'local-lvm', filename: disk })).error).toMatchObject({ code: 'not_found' });
    expect((await call('delete_iso', { node: 'pve1', storage: 'local', filename: backup })).error).toMatchObject({ code: 'not_found' });
    expect(writes()).toEqual([]);
  });

  test.each(['x:a/../../../../qemu/108', '../../qemu/108', 'local:iso/../../../qemu/108', 'nfs-backup:iso/virtio-win-0.1.271.iso'])(
    'never leaves the storage, whatever the name looks like: %s',
    async (filename) => {
      expect((await call('delete_iso', { node: 'pve1', storage: 'local', filename })).error).toMatchObject({ code: 'not_found' });
      expect(writes()).toEqual([]);
    },
  );

  test('never leaves the storage by its own name or that of the node', async () => {
    expect((await call('delete_iso', { node: 'pve1', storage: '../qemu', filename: '108' })).error).toMatchObject({
      code: 'invalid_input',
    });
    expect((await call('delete_iso', { node: 'pve1/../..', storage: 'local', filename: '108' })).error).toMatchObject({
      code: 'invalid_input',
    });
    expect(writes()).toEqual([]);
  });

  test('refuses a name that several files have, and names them', async () => {
    product.sim.cluster.iso('same.img', { storage: 'local', node: 'pve1' });
    product.sim.cluster.importImage('same.img', { storage: 'local', node: 'pve1' });
    const { error } = await call('delete_iso', { node: 'pve1', storage: 'local', filename: 'same.img' });
    expect(error).toMatchObject({ code: 'conflict', details: { volids: ['local:iso/same.img', 'local:import/same.img'] } });
    expect(writes()).toEqual([]);
  });

  test('finds the node of a shared storage, and asks for it where each node has its own', async () => {
    const { output } = await call('delete_iso', { storage: 'nfs-backup', filename: 'virtio-win-0.1.271.iso', dry_run: true });
    expect(output['result']).toMatchObject({
      would_send: { method: 'DELETE' },
      holds: ['volume/nfs-backup:iso/virtio-win-0.1.271.iso'],
      size_bytes: 693 * 2 ** 20,
    });
    const { error } = await call('delete_iso', { storage: 'local', filename: 'debian-13.1.0-amd64-netinst.iso' });
    expect(error).toMatchObject({ code: 'invalid_input', hint: 'Choose one of pve1, pve2, pve3.' });
  });
});
