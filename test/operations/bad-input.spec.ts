import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

type Row = Readonly<Record<string, unknown>>;
const TEMPLATE = 'nfs-backup:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst';
const newVm = { name: 'x', cpus: 1, memory: 512, node: 'pve1' };
const newContainer = { node: 'pve1', ostemplate: TEMPLATE };

let product: Product;
beforeAll(async () => {
  product = await startProduct();
  product.sim.cluster.vm(401, { node: 'pve1', status: 'stopped', lock: 'backup' });
  product.sim.cluster.vm(402, { node: 'pve1', status: 'stopped', lock: 'suspended' });
  product.sim.cluster.container(403, { node: 'pve1', status: 'stopped', lock: 'snapshot' });
});
afterAll(() => product.close());

/** What a caller gets wrong, and the sentence that says so: the value, and what it must be. */
const WRONG: readonly (readonly [name: string, args: Row, message: string])[] = [
  ['create_vm', { ...newVm, name: 'my vm' }, 'name ("my vm") must be a DNS name: letters, digits, hyphens and dots.'],
  ['create_vm', { ...newVm, memory: '4GB' }, 'memory ("4GB") must be a number.'],
  ['create_vm', { ...newVm, iso: 'debian.iso' }, 'iso ("debian.iso") must be the volid of an ISO image, like local:iso/debian.iso.'],
  ['create_vm', { ...newVm, network_bridge: 'a,b' }, 'network_bridge ("a,b") must be the name of a bridge, like vmbr0.'],
  ['create_vm', { ...newVm, nameserver: 'dead' }, 'nameserver ("dead") must be one or more IP addresses, separated by blanks.'],
  ['create_vm', { ...newVm, pool: 'x y' }, 'pool ("x y") must be a pool id: letters, digits, dots, - and _.'],
  ['create_vm', { ...newVm, storage: '1' }, 'storage ("1") must be a storage id: a letter, then letters, digits, dots, - and _.'],
  ['create_container', { ...newContainer, hostname: 'a_b' }, 'hostname ("a_b") must be a DNS name: letters, digits, hyphens and dots.'],
  [
    'create_container',
    { ...newContainer, nameserver: '1.1.1' },
    'nameserver ("1.1.1") must be one or more IP addresses, separated by blanks.',
  ],
  ['create_container', { ...newContainer, searchdomain: 'a_b' }, 'searchdomain ("a_b") must be one or more domains, separated by blanks.'],
  ['create_container', { ...newContainer, tags: ['a b'] }, 'tags.0 ("a b") must be a tag of letters, digits and _ + . -.'],
  ['create_container', { ...newContainer, hwaddr: '1:2' }, 'hwaddr ("1:2") must be a unicast address like BC:24:11:00:00:01.'],
  [
    'create_container',
    { ...newContainer, mount_points: [{ path: 'data', size_gb: 1 }] },
    'mount_points.0.path ("data") must be an absolute path without commas and blanks.',
  ],
  [
    'create_container',
    { ...newContainer, mount_points: [{ path: '/srv/../etc', size_gb: 1 }] },
    'mount_points.0.path ("/srv/../etc") must have no . or .. as a part.',
  ],
  [
    'create_vm',
    { ...newVm, ipconfig: ['ip=192.0.2.5'] },
    'ipconfig.0 ("ip=192.0.2.5") must be like ip=dhcp or ip=192.0.2.5/24,gw=192.0.2.1, a gateway only beside a fixed address.',
  ],
  ['update_container_resources', { selector: '200', disk: 'disk1' }, 'disk ("disk1") must be a disk like rootfs or mp0.'],
  ['download_iso', { storage: 'local', url: 'https://example.org/a.iso', checksum: 'zz' }, 'checksum ("zz") must be hexadecimal.'],
  [
    'download_iso',
    { storage: 'local', url: 'https://example.org/a.iso', filename: 'a b.iso' },
    'filename ("a b.iso") must be a file name of letters, digits, - _ and dots.',
  ],
];

test.each(WRONG)('%s %j is answered with the value and what it must be', async (name, args, message) => {
  const { error } = await product.call(name, args);
  expect(error).toMatchObject({ code: 'invalid_input', effect: 'none', message: `Invalid arguments: ${message}` });
});

test('no argument is answered with a regular expression', async () => {
  for (const [name, args] of WRONG) expect((await product.call(name, args)).text).not.toContain('must match');
});

test.each(['1.1.1.1,8.8.8.8', '192.0.2.53 2001:db8::53', 'fe80::1%eth0'])('takes DNS servers as Proxmox does: %s', async (nameserver) => {
  const { output } = await product.call('create_container', { ...newContainer, nameserver, dry_run: true });
  expect(output['result']).toMatchObject({ would_send: { params: { nameserver } } });
});

test('a key that is none is refused before Proxmox refuses it without saying which', async () => {
  const { error } = await product.call('create_container', { ...newContainer, ssh_public_keys: 'hello' });
  expect(error).toMatchObject({ code: 'invalid_input', effect: 'none', details: { field: 'ssh_public_keys' } });
  expect(error.message).toMatch(/^ssh_public_keys: Line 1 /);
});

test('a change that names nothing to change says so', async () => {
  const { output } = await product.call('update_container_resources', { selector: '200' });
  expect(output).toMatchObject({ status: 'unchanged', message: 'No resource of container 200 is named, so none is changed.' });
});

test('the storage of one mount point is told under the name of its argument', async () => {
  const mount_points = [
    { path: '/a', size_gb: 1 },
    { path: '/b', size_gb: 1, storage: 'local' },
  ];
  const { error } = await product.call('create_container', { ...newContainer, mount_points });
  expect(error).toMatchObject({ code: 'conflict', effect: 'none', details: { field: 'mount_points.1.storage' } });
});

test('a node that does not exist is told under the name of its argument', async () => {
  const { error } = await product.call('clone_vm', { source_vmid: 9000, target_node: 'pve7' });
  expect(error).toMatchObject({ code: 'not_found', details: { field: 'target_node' } });
});

test('a wrong type of guest is left out, not taken elsewhere', async () => {
  const { error } = await product.call('list_snapshots', { vmid: 100, vm_type: 'lxc' });
  expect(error).toMatchObject({ message: '100 is a VM, not a container.', hint: 'Leave vm_type=lxc out.' });
});

test('a job that is still at work does not alarm', async () => {
  product.sim.faults.delay('GET /nodes/*/tasks/*/status', 30, { times: 1 });
  const { output, text } = await product.call('start_vm', { vmid: 105 });
  if (output['status'] === 'running') expect(text).not.toContain('It is not known');
});

describe('a guest that is locked', () => {
  test.each([
    ['delete_vm', { vmid: 401 }, 'VM 401 is locked (backup).'],
    ['clone_vm', { source_vmid: 401 }, 'VM 401 is locked (backup).'],
    ['create_backup', { vmid: 401, storage: 'nfs-backup' }, 'VM 401 is locked (backup).'],
    ['create_snapshot', { vmid: 403, snapname: 'clean' }, 'CT 403 is locked (snapshot).'],
    ['delete_container', { selector: '403' }, 'CT 403 is locked (snapshot).'],
    ['update_container_resources', { selector: '403', cores: 2 }, 'CT 403 is locked (snapshot).'],
  ] as const)('is left alone by %s', async (name, args, message) => {
    const { error } = await product.call(name, args);
    expect(error).toMatchObject({ code: 'conflict', effect: 'none', message });
    expect(error.hint).toContain('Wait for the task that holds the lock to end.');
  });

  test('because it is hibernated is not waited for', async () => {
    const { error } = await product.call('delete_vm', { vmid: 402 });
    expect(error).toMatchObject({
      message: 'VM 402 is locked (suspended).',
      hint: 'It is hibernated: start it (start_vm), then shut it down.',
    });
  });
});
