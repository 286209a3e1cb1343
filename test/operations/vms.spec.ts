import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

type Row = Readonly<Record<string, unknown>>;

let product: Product;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.close());

/** Requests that changed something since the last time they were forgotten. */
const writes = (): readonly string[] =>
  product.sim.requests
    .list()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`);
const call = async (name: string, args: Row = {}) => {
  product.sim.requests.clear();
  return product.call(name, args);
};
const waiting = { wait_seconds: 30 };
const config = (vmid: number): Row => product.sim.cluster.guest(vmid)?.config ?? {};

describe('listing VMs', () => {
  test('is one request, filtered and paged, and tells what was left out', async () => {
    const { output, text } = await call('get_vms', { tag: 'prod', status: 'running', limit: 2 });
    expect(output).toMatchObject({ total: 4, running: 4, stopped: 0, next_after: 101 });
    expect(text).toContain('2 of 4 shown; next page: after=101');
    expect(product.sim.requests.list().map(({ path }) => path)).toEqual(['/cluster/resources']);
  });

  test('shows guests of a node that is down as unknown, not as stopped with zero memory', async () => {
    const restore = product.sim.faults.loseNode('pve3');
    const { output } = await call('get_vms', { node: 'pve3', limit: 1 });
    expect((output['guests'] as Row[])[0]).toMatchObject({ vmid: 104, status: 'unknown', memory_bytes: null });
    restore();
  });
});

describe('creating a VM', () => {
  const basic = { node: 'pve1', name: 'new-vm', cpus: 2, memory: 2048, disk_size: 20 };

  test('takes what the predecessor took, ids as text included', async () => {
    const { output, text } = await call('create_vm', { ...basic, vmid: '300', storage: 'local-lvm', ...waiting });
    expect(output).toMatchObject({ status: 'completed', effect: 'applied', result: { vmid: 300, node: 'pve1', storage: 'local-lvm' } });
    expect(text).toMatch(/^Task ID: UPID:pve1:.*:qmcreate:300:/m);
    expect(text).toMatch(/^Job ID: [0-9a-f-]{36}$/m);
    expect(config(300)).toMatchObject({
      name: 'new-vm',
      cores: 2,
      memory: '2048',
      ostype: 'l26',
      agent: 'enabled=1',
      boot: 'order=scsi0;net0',
    });
    expect(config(300)['scsi0']).toMatch(/^local-lvm:vm-300-disk-0,.*size=20G/);
    expect(config(300)['net0']).toMatch(/^virtio=.*bridge=vmbr0/);
  });

  test('leaves its job id in the notes, below what the caller wrote', async () => {
    const { output } = await call('create_vm', { ...basic, vmid: 301, description: 'mine', ...waiting });
    expect(String(config(301)['description'])).toBe(`mine\nproxmox-mcp-plus job ${String(output['job_id'])}`);
  });

  test('without a storage chooses the one with most free space that holds disks, and says why', async () => {
    const { output } = await call('create_vm', { ...basic, vmid: 302, ...waiting });
    expect(output['result']).toMatchObject({ storage: 'ceph', storage_chosen: 'most free space of 2 on pve1 that hold images' });
    expect(config(302)['scsi0']).toMatch(/^ceph:/);
  });

  test('without an id takes a free one, which the job names', async () => {
    const { output } = await call('create_vm', { node: 'pve1', name: 'no-id', cpus: 1, memory: 512, disk_size: 1, ...waiting });
    const { vmid } = output['result'] as { vmid: number };
    expect(output).toMatchObject({ status: 'completed', summary: `Create VM ${vmid} (no-id)` });
    expect(config(vmid)['name']).toBe('no-id');
  });

  test('has no limits but those of Proxmox', async () => {
    const { output } = await call('create_vm', {
      ...basic,
      vmid: 303,
      cpus: 96,
      memory: 262_144,
      disk_size: 4000,
      storage: 'ceph',
      dry_run: true,
    });
    expect(output['result']).toMatchObject({ would_send: { params: { cores: 96, memory: 262_144, scsi0: 'ceph:4000,iothread=1' } } });
  });

  test('refuses an id in use, whatever kind of guest has it and wherever', async () => {
    for (const vmid of [100, 101, 200]) {
      const { error } = await call('create_vm', { ...basic, vmid });
      expect(error).toMatchObject({ code: 'conflict', effect: 'none', message: `The id ${vmid} is already used by a guest.` });
    }
    expect(writes()).toEqual([]);
  });

  test('refuses a storage that cannot hold disks and names those that can', async () => {
    const { error } = await call('create_vm', { ...basic, vmid: 304, storage: 'local' });
    expect(error).toMatchObject({ code: 'conflict', message: 'Storage local does not hold images.' });
    expect(error.hint).toContain('ceph, local-lvm');
    const unknown = await call('create_vm', { ...basic, vmid: 304, storage: 'nope' });
    expect(unknown.error).toMatchObject({ code: 'not_found', message: 'There is no storage nope on node pve1.' });
    expect(writes()).toEqual([]);
  });

  test('refuses a storage that is disabled or out of reach, and asks for one where none has the room', async () => {
    product.sim.cluster.storage('spare', { type: 'dir', content: ['images'], disabled: true });
    const disabled = await call('create_vm', { ...basic, vmid: 304, storage: 'spare' });
    expect(disabled.error).toMatchObject({ code: 'conflict', message: 'Storage spare is not available on node pve1 now.' });
    product.sim.cluster.storage('spare', { disabled: false, active: false });
    const away = await call('create_vm', { ...basic, vmid: 304, storage: 'spare' });
    expect(away.error).toMatchObject({ code: 'conflict', message: 'Storage spare is not available on node pve1 now.' });
    const full = await call('create_vm', { ...basic, vmid: 304, disk_size: 100_000 });
    expect(full.error).toMatchObject({ code: 'conflict', hint: expect.stringContaining('Name storage to use a thin one') as string });
    expect(writes()).toEqual([]);
    product.sim.cluster.storage('spare', { disabled: true });
  });

  test('asks for the node where there are several', async () => {
    const { error } = await call('create_vm', { name: 'x', cpus: 1, memory: 512 });
    expect(error).toMatchObject({ code: 'invalid_input', message: '3 nodes are online, so node must be given.' });
    expect(error.hint).toMatch(/pve1 \([\d.]+ GiB memory free\)/);
  });

  test('refuses a bridge that the node does not have, which Proxmox would only notice at the start', async () => {
    const { error } = await call('create_vm', { ...basic, vmid: 305, network_bridge: 'vmbr7' });
    expect(error).toMatchObject({ code: 'not_found', hint: 'It has vmbr0, vmbr1.' });
  });

  test('for Windows has an ISO image, a second one with drivers, UEFI with Secure Boot, and a TPM', async () => {
    const isos = { iso: 'local:iso/debian-13.1.0-amd64-netinst.iso', drivers_iso: 'nfs-backup:iso/virtio-win-0.1.271.iso' };
    const windows = {
      ...basic,
      vmid: 306,
      storage: 'local-lvm',
      ostype: 'win11',
      bios: 'ovmf',
      tpm: true,
      machine: 'q35',
      cpu: 'host',
      ...isos,
    };
    const { output } = await call('create_vm', { ...windows, ...waiting });
    expect(output['status']).toBe('completed');
    expect(config(306)).toMatchObject({ ostype: 'win11', bios: 'ovmf', machine: 'q35', cpu: 'host', boot: 'order=scsi0;ide2;net0' });
    expect(config(306)['ide2']).toMatch(/^local:iso\/debian.*media=cdrom/);
    expect(config(306)['ide0']).toMatch(/^nfs-backup:iso\/virtio-win.*media=cdrom/);
    expect(config(306)['efidisk0']).toMatch(/^local-lvm:.*efitype=4m,pre-enrolled-keys=1/);
    expect(config(306)['tpmstate0']).toMatch(/^local-lvm:.*version=v2\.0/);
  });

  test('refuses an ISO image that does not exist and names those that do', async () => {
    const { error } = await call('create_vm', { ...basic, vmid: 307, iso: 'local:iso/nope.iso' });
    expect(error).toMatchObject({ code: 'not_found', message: 'There is no iso volume local:iso/nope.iso on node pve1.' });
    expect(error.hint).toContain('debian-13.1.0-amd64-netinst.iso');
    expect(writes()).toEqual([]);
  });

  test('has several disks and networks with VLAN, MAC address and firewall, tags, pool and start at boot', async () => {
    const { output } = await call('create_vm', {
      node: 'pve1',
      vmid: 308,
      name: 'many',
      cpus: 1,
      sockets: 2,
      memory: 1024,
      disks: [{ size: 8 }, { size: 50, storage: 'ceph', discard: true, ssd: true }, { size: 1, bus: 'virtio', cache: 'writeback' }],
      storage: 'local-lvm',
      networks: [
        { tag: 20, macaddr: 'BC:24:11:00:00:08', firewall: true },
        { bridge: 'vmbr1', model: 'e1000' },
      ],
      tags: ['web', 'prod'],
      pool: 'development',
      onboot: true,
      ...waiting,
    });
    expect(output).toMatchObject({ status: 'completed', result: { storage: 'local-lvm, ceph' } });
    expect(config(308)).toMatchObject({ sockets: 2, onboot: 1, tags: 'prod;web' });
    expect(config(308)['scsi0']).toMatch(/^local-lvm:.*size=8G/);
    expect(config(308)['scsi1']).toMatch(/^ceph:.*ssd=1,discard=on.*size=50G/);
    expect(config(308)['virtio0']).toMatch(/^local-lvm:.*cache=writeback.*size=1G/);
    expect(config(308)['net0']).toMatch(/^virtio=BC:24:11:00:00:08,bridge=vmbr0,tag=20,firewall=1/);
    expect(config(308)['net1']).toMatch(/^e1000=.*bridge=vmbr1/);
    expect((await product.call('get_vms', { pool: 'development', name: 'many' })).output['total']).toBe(1);
  });

  test('from a cloud image is one job: import, grow the disk, start; cloud-init gets user, key, addresses and DNS', async () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPxx+yy/zz= me@example.org; rm -rf';
    const { output } = await call('create_vm', {
      node: 'pve1',
      vmid: 310,
      name: 'cloud',
      cpus: 1,
      memory: 1024,
      import_from: 'local:import/debian-13-genericcloud-amd64.qcow2',
      disk_size: 30,
      storage: 'local-lvm',
      ciuser: 'admin',
      cipassword: 'canary-Passw0rd',
      sshkeys: `${key}\n`,
      ipconfig: ['ip=192.0.2.5/24,gw=192.0.2.1'],
      nameserver: '192.0.2.53',
      searchdomain: 'example.org',
      start: true,
      ...waiting,
    });
    expect(output).toMatchObject({ status: 'completed', effect: 'applied' });
    expect(writes()).toEqual(['POST /nodes/pve1/qemu', 'PUT /nodes/pve1/qemu/310/resize', 'POST /nodes/pve1/qemu/310/status/start']);
    expect(config(310)).toMatchObject({
      ciuser: 'admin',
      ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1',
      nameserver: '192.0.2.53',
      searchdomain: 'example.org',
    });
    expect(decodeURIComponent(String(config(310)['sshkeys']))).toBe(key);
    expect(config(310)['scsi0']).toMatch(/size=30G/);
    expect(config(310)['ide2']).toMatch(/cloudinit/);
    expect(product.sim.cluster.guest(310)?.status).toBe('running');
    const job = await product.call('get_job', { job_id: output['job_id'] });
    expect(JSON.stringify(job)).not.toContain('canary-Passw0rd');
  });

  describe('from an OVA archive', () => {
    const ova = 'vm-files:import/appliance.ova';
    const wanted = { node: 'pve1', name: 'ova', cpus: 1, memory: 1024, storage: 'ceph' };
    beforeAll(() => {
      product.sim.cluster.storage('vm-files', { type: 'dir', nodes: ['pve1'], content: ['import', 'images'] });
      const disks = { 'disk1.vmdk': 8 * 2 ** 30, 'disk2.vmdk': 2 ** 30 };
      product.sim.cluster.importImage('appliance.ova', { storage: 'vm-files', node: 'pve1', ovaDisks: disks });
      product.sim.cluster.importImage('appliance.ova', { storage: 'local', node: 'pve1', ovaDisks: disks });
    });
    afterAll(() => product.sim.cluster.storage('vm-files', { disabled: true }));

    test('imports a disk inside it', async () => {
      const { output } = await call('create_vm', { ...wanted, vmid: 350, import_from: `${ova}/disk1.vmdk`, ...waiting });
      expect(output['status']).toBe('completed');
      expect(config(350)['scsi0']).toMatch(/^ceph:.*size=8G/);
    });

    test('unpacks it on a storage of files with images where its own has none, and says where', async () => {
      const { output } = await call('create_vm', {
        ...wanted,
        vmid: 351,
        import_from: 'local:import/appliance.ova/disk2.vmdk',
        ...waiting,
      });
      expect(output).toMatchObject({ status: 'completed', result: { unpacked_on: 'vm-files' } });
    });

    test.each([
      [`${ova}/disk3.vmdk`, 'not_found', `There is no disk ${ova}/disk3.vmdk in the archive.`],
      [ova, 'invalid_input', `${ova} is an archive of a whole VM, not a disk.`],
    ])('names its disks instead of %s', async (import_from, code, message) => {
      const { error } = await call('create_vm', { ...wanted, vmid: 352, import_from });
      expect(error).toMatchObject({ code, message, hint: expect.stringContaining(`${ova}/disk1.vmdk`) as string });
      expect(writes()).toEqual([]);
    });

    test.each(['other.ova/disk1.vmdk', 'appliance.ova/../x.vmdk', 'appliance.ova/a/b.vmdk', 'appliance.ova/disk1.sh'])(
      'takes nothing else in or beside it: %s',
      async (name) => {
        const { error } = await call('create_vm', { ...wanted, vmid: 352, import_from: `vm-files:import/${name}` });
        expect(['invalid_input', 'not_found']).toContain(error.code);
        expect(writes()).toEqual([]);
      },
    );
  });

  test('shows in a dry run exactly what it would send, without the password', async () => {
    const { output, text } = await call('create_vm', {
      ...basic,
      vmid: 311,
      cipassword: 'canary-Passw0rd',
      storage: 'ceph',
      dry_run: true,
    });
    expect(output).toMatchObject({ status: 'dry_run', effect: 'none', result: { holds: ['guest/311'] } });
    expect(output['result']).toMatchObject({
      would_send: { method: 'POST', path: '/nodes/pve1/qemu', params: { cipassword: '<secret>', ide2: 'ceph:cloudinit,media=cdrom' } },
    });
    expect(JSON.stringify(output) + text).not.toContain('canary-Passw0rd');
    expect(writes()).toEqual([]);
  });

  test('says that the start failed where it did, while the VM exists', async () => {
    const restore = product.sim.faults.failTask('qmstart', 'start failed: KVM not available', { times: 1 });
    const { output } = await call('create_vm', { ...basic, vmid: 312, storage: 'local-lvm', start: true, ...waiting });
    expect(output).toMatchObject({ status: 'failed', effect: 'applied' });
    expect(writes()).toEqual(['POST /nodes/pve1/qemu', 'POST /nodes/pve1/qemu/312/status/start']);
    expect(product.sim.cluster.guest(312)?.status).toBe('stopped');
    restore();
  });

  test.each<Row>([
    { import_from: 'local:import/x.qcow2,file=/dev/sda' },
    { iso: 'local:iso/x.iso,cache=unsafe' },
    { network_bridge: 'vmbr0,firewall=0' },
    { machine: 'q35,viommu=intel' },
    { cpu: 'host -device x' },
    { storage: '../local' },
    { name: 'a b' },
    { networks: [{ macaddr: '01:00:5e:00:00:01' }] },
    { disks: [{ size: 1, hidden: true }] },
    { ipconfig: ['ip=dhcp,mtu=1'] },
    { ipconfig: ['ip=192.0.2.5'] },
    { ipconfig: ['ip=dhcp,gw=192.0.2.1'] },
    { ipconfig: ['ip6=2001:db8::5/64,gw=192.0.2.1'] },
    { networks: [{ mtu: 100 }] },
    { disks: Array.from({ length: 6 }, () => ({ size: 1, bus: 'sata' })) },
    { sshkeys: 'not a key' },
    { pre_enrolled_keys: true },
    { disk_size: 1, disks: [{ size: 1 }] },
  ])('refuses what would smuggle options in, or contradicts itself: %o', async (bad) => {
    const { error } = await call('create_vm', { node: 'pve1', vmid: 313, name: 'x', cpus: 1, memory: 512, ...bad });
    expect(error).toMatchObject({ code: 'invalid_input', effect: 'none' });
    expect(writes()).toEqual([]);
  });
});

describe('what is wrong with one of several disks or networks', () => {
  test.each<readonly [field: string, code: string, args: Row]>([
    [
      'disks.1.storage',
      'conflict',
      {
        disks: [
          { size: 1, storage: 'ceph' },
          { size: 1, storage: 'local' },
        ],
      },
    ],
    [
      'disks.1.storage',
      'not_found',
      {
        disks: [
          { size: 1, storage: 'ceph' },
          { size: 1, storage: 'nope' },
        ],
      },
    ],
    ['disks.0.import_from', 'not_found', { disks: [{ import_from: 'local:import/nope.qcow2' }] }],
    ['disks.0.format', 'conflict', { disks: [{ size: 1, format: 'qcow2', storage: 'local-lvm' }] }],
    ['disks.0.ssd', 'invalid_input', { disks: [{ size: 1, bus: 'virtio', ssd: true }] }],
    ['networks.1.mtu', 'invalid_input', { networks: [{}, { model: 'e1000', mtu: 1500 }] }],
    ['storage', 'conflict', { disks: [{ size: 1 }], storage: 'local' }],
    ['import_from', 'not_found', { import_from: 'local:import/nope.qcow2' }],
  ])('is told under the name of its argument: %s', async (field, code, args) => {
    const { error } = await call('create_vm', { node: 'pve1', vmid: 314, name: 'x', cpus: 1, memory: 512, ...args });
    expect(error).toMatchObject({ code, effect: 'none', details: { field } });
    expect(writes()).toEqual([]);
  });
});

describe('more CPUs than the node has', () => {
  const large = { node: 'pve1', name: 'large', cpus: 24, sockets: 2, memory: 512, disk_size: 1, storage: 'ceph' };

  test('are refused where the VM is to start, which Proxmox would not do', async () => {
    const { error } = await call('create_vm', { ...large, vmid: 315, start: true });
    expect(error).toMatchObject({
      code: 'conflict',
      message: 'Node pve1 has 32 CPUs, so it does not start a VM with 48.',
      details: { field: 'cpus' },
    });
    expect(writes()).toEqual([]);
  });

  test('are no matter where it is only made, and starting it fails as Proxmox says', async () => {
    expect((await call('create_vm', { ...large, vmid: 315, ...waiting })).output['status']).toBe('completed');
    const { output } = await call('start_vm', { vmid: 315, ...waiting });
    expect(output).toMatchObject({ status: 'failed', message: 'MAX 32 vcpus allowed per VM on this node' });
  });
});

describe('an id that was left out', () => {
  const wanted = { cpus: 1, memory: 512, disk_size: 1 };

  test('is another one for each of several calls at once', async () => {
    await using home = await startProduct({ scenario: 'homelab' });
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => home.call('create_vm', { ...wanted, name })));
    expect(answers.map(({ error }) => error?.message)).toEqual([undefined, undefined, undefined, undefined]);
    const ids = answers.map(({ output }) => (output['result'] as { vmid: number }).vmid);
    expect(new Set(ids).size).toBe(4);
  });

  test('is not taken twice when the same call comes again: that is the first job', async () => {
    await using home = await startProduct({ scenario: 'homelab' });
    const first = await home.call('create_vm', { ...wanted, name: 'once' });
    const again = await home.call('create_vm', { ...wanted, name: 'once' });
    expect(again.output).toMatchObject({ replayed: true, job_id: first.output['job_id'] });
  });

  test('is chosen anew when somebody else has taken it meanwhile', async () => {
    await using home = await startProduct({ scenario: 'homelab' });
    const message = "unable to create VM 104 - VM 104 already exists on node 'pve'";
    home.sim.faults.respond(
      'POST /nodes/pve/qemu',
      { status: 500, reason: message, body: JSON.stringify({ data: null, message }), contentType: 'application/json' },
      { times: 1 },
    );
    const { output } = await home.call('create_vm', { ...wanted, name: 'late', ...waiting });
    expect(output).toMatchObject({ status: 'completed', result: { vmid: 105 } });
  });
});

describe('cloning a VM', () => {
  test('makes a full copy with a name, and takes ids as text', async () => {
    const { output, text } = await call('clone_vm', { node: 'pve1', source_vmid: '9000', target_vmid: '320', name: 'copy', ...waiting });
    expect(output).toMatchObject({
      status: 'completed',
      summary: 'Clone VM 9000 to 320 (copy)',
      result: { vmid: 320, source: { vmid: 9000, name: 'debian-13-template' } },
    });
    expect(text).toMatch(/^Task ID: UPID:pve1:.*:qmclone:9000:/m);
    expect(config(320)['name']).toBe('copy');
  });

  test('without an id takes a free one, and finds the node of the source', async () => {
    const { output } = await call('clone_vm', { source_vmid: 105, ...waiting });
    const { vmid } = output['result'] as { vmid: number };
    expect(output['status']).toBe('completed');
    expect(product.sim.cluster.guest(vmid)?.node).toBe('pve1');
  });

  test('makes a linked copy of a template, and of nothing else', async () => {
    const { output } = await call('clone_vm', { source_vmid: 9000, target_vmid: 322, full: false, ...waiting });
    expect(output['status']).toBe('completed');
    const { error } = await call('clone_vm', { source_vmid: 105, target_vmid: 323, full: false });
    expect(error).toMatchObject({ code: 'conflict', hint: 'Use full=true.' });
    const stored = await call('clone_vm', { source_vmid: 9000, target_vmid: 323, full: false, storage: 'local-lvm' });
    expect(stored.error).toMatchObject({ code: 'invalid_input' });
    expect(writes()).toEqual([]);
  });

  test('puts the copy on another node where all disks are shared, into a pool and onto a storage', async () => {
    const { output } = await call('clone_vm', {
      source_vmid: 9000,
      target_vmid: 324,
      target_node: 'pve2',
      storage: 'ceph',
      pool: 'development',
      ...waiting,
    });
    expect(output).toMatchObject({ status: 'completed', result: { node: 'pve2' } });
    expect(product.sim.cluster.guest(324)?.node).toBe('pve2');
    const { error } = await call('clone_vm', { source_vmid: 105, target_vmid: 325, target_node: 'pve2' });
    expect(error).toMatchObject({
      code: 'conflict',
      message: 'scsi0 of VM 105 lies on local storage local-lvm, so Proxmox VE cannot clone it to node pve2.',
    });
    const local = await call('clone_vm', { source_vmid: 9000, target_vmid: 325, target_node: 'pve2', storage: 'local-lvm' });
    expect(local.error.message).toContain('is not shared');
  });

  test('with an image of local storage in its CD-ROM drive stays on its node, as Proxmox wants it', async () => {
    product.sim.cluster.iso('tools.iso', { storage: 'local', node: 'pve1' });
    product.sim.cluster.vm(335, {
      node: 'pve1',
      status: 'stopped',
      disks: { scsi0: 'ceph:1G' },
      config: { ide2: 'local:iso/tools.iso,media=cdrom,size=4M' },
    });
    const { error } = await call('clone_vm', { source_vmid: 335, target_vmid: 336, target_node: 'pve2' });
    expect(error).toMatchObject({
      message: 'ide2 of VM 335 lies on local storage local, so Proxmox VE cannot clone it to node pve2.',
      hint: expect.stringContaining('Take the image out') as string,
    });
    expect(writes()).toEqual([]);
  });

  test('of a snapshot copies the disks that the VM had then', async () => {
    product.sim.cluster.vm(337, { node: 'pve1', status: 'stopped', disks: { scsi0: 'ceph:1G' } });
    product.sim.cluster.snapshot(337, 'small');
    product.sim.cluster.vm(337, { config: { scsi1: 'local-lvm:vm-337-disk-1,size=8G' } });
    const { output } = await call('clone_vm', { source_vmid: 337, snapname: 'small', target_node: 'pve2', dry_run: true });
    expect(output['result']).toMatchObject({ disks: [{ disk: 'scsi0', size_bytes: 2 ** 30 }] });
  });

  test('into a pool that does not exist is refused by name, and is no question of privileges', async () => {
    const { error } = await call('clone_vm', { source_vmid: 105, target_vmid: 338, pool: 'nopool', ...waiting });
    expect(error).toMatchObject({ code: 'not_found', message: 'There is no pool nopool.', effect: 'none' });
    const created = await call('create_vm', { name: 'x', node: 'pve1', cpus: 1, memory: 512, pool: 'nopool', ...waiting });
    expect(created.error.message).toBe('There is no pool nopool.');
  });

  test('refuses what Proxmox cannot copy: the TPM of a VM that runs, and a device of the node', async () => {
    const tpm = 'ceph:vm-347-disk-1,size=4M,version=v2.0';
    product.sim.cluster.vm(347, { node: 'pve1', status: 'running', disks: { scsi0: 'ceph:1G', tpmstate0: tpm } });
    const running = await call('clone_vm', { source_vmid: 347 });
    expect(running.error).toMatchObject({
      code: 'conflict',
      message: 'VM 347 runs and has a TPM, whose state cannot be copied meanwhile.',
      hint: 'Shut it down first (shutdown_vm), or clone a snapshot of it (snapname).',
    });
    product.sim.cluster.vm(348, { node: 'pve1', status: 'stopped', disks: { scsi0: 'ceph:1G', scsi1: '/dev/sdb' } });
    const device = await call('clone_vm', { source_vmid: 348 });
    expect(device.error.message).toBe('scsi1 of VM 348 is /dev/sdb, which lies on no storage and cannot be copied.');
    expect(writes()).toEqual([]);
  });

  test('copies a snapshot, and names the snapshots there are when it does not exist', async () => {
    const { output } = await call('clone_vm', { source_vmid: 105, target_vmid: 326, snapname: 'clean', ...waiting });
    expect(output['status']).toBe('completed');
    const { error } = await call('clone_vm', { source_vmid: 105, target_vmid: 327, snapname: 'nope' });
    expect(error).toMatchObject({ code: 'not_found', hint: 'It has clean, with-app.' });
  });

  test('refuses an id in use and a source that does not exist', async () => {
    expect((await call('clone_vm', { source_vmid: 9000, target_vmid: 201 })).error).toMatchObject({ code: 'conflict' });
    expect((await call('clone_vm', { source_vmid: 999, target_vmid: 328 })).error).toMatchObject({ code: 'not_found' });
    expect((await call('clone_vm', { source_vmid: 'abc', target_vmid: '1' })).error).toMatchObject({ code: 'invalid_input' });
    expect(writes()).toEqual([]);
  });

  test('to another node knows its own VM while that is still in the making on the node of the source', async () => {
    product.sim.cluster.vm(339, { node: 'pve1', status: 'stopped', disks: { scsi0: 'ceph:1G' } });
    product.sim.faults.failTask('qmclone', 'received interrupt', { times: 1 });
    const { output } = await call('clone_vm', { source_vmid: 339, target_vmid: 345, target_node: 'pve2', ...waiting });
    // What Proxmox makes first.
    product.sim.cluster.vm(345, { node: 'pve1', status: 'stopped', lock: 'clone', disks: {} });
    const { error } = await call('retry_job', { job_id: output['job_id'] });
    expect(error).toMatchObject({ code: 'conflict', message: 'VM 345 of this job is still locked (clone).' });
    expect(writes()).toEqual([]);
  });

  test('holds the source as well while it runs, because Proxmox does', async () => {
    const running = await call('clone_vm', { source_vmid: 100, target_vmid: 329, dry_run: true });
    expect(running.output['result']).toMatchObject({ holds: ['guest/329', 'guest/100'] });
    const stopped = await call('clone_vm', { source_vmid: 9000, target_vmid: 329, dry_run: true });
    expect(stopped.output['result']).toMatchObject({ holds: ['guest/329'] });
  });
});

describe('starting, resetting, stopping and shutting down a VM', () => {
  test('a running VM is left alone by start, and told so', async () => {
    const { output } = await call('start_vm', { vmid: 100 });
    expect(output).toMatchObject({ status: 'unchanged', message: 'VM 100 is already running.' });
    expect(writes()).toEqual([]);
  });

  test('a template is never started', async () => {
    const { error } = await call('start_vm', { vmid: 9000 });
    expect(error).toMatchObject({ code: 'conflict', hint: 'Make a VM of it with clone_vm.' });
  });

  test('start, reset and stop are followed to their end', async () => {
    product.sim.cluster.vm(340, { node: 'pve1', status: 'stopped' });
    expect((await call('start_vm', { node: 'pve1', vmid: '340', ...waiting })).output['status']).toBe('completed');
    expect(product.sim.cluster.guest(340)?.status).toBe('running');
    expect((await call('reset_vm', { vmid: 340, ...waiting })).output['status']).toBe('completed');
    expect((await call('stop_vm', { vmid: 340, ...waiting })).output['status']).toBe('completed');
    expect(product.sim.cluster.guest(340)?.status).toBe('stopped');
    expect((await call('reset_vm', { vmid: 340 })).error).toMatchObject({ code: 'conflict', hint: 'Use start_vm.' });
  });

  test('shutdown fails when the guest ignores it, and with force_stop pulls the plug', async () => {
    product.sim.cluster.vm(341, { node: 'pve1', status: 'running', shutdownSeconds: Infinity });
    const ignored = await call('shutdown_vm', { vmid: 341, timeout_seconds: 5, ...waiting });
    expect(ignored.output['status']).toBe('failed');
    expect(product.sim.cluster.guest(341)?.status).toBe('running');
    const forced = await call('shutdown_vm', { vmid: 341, timeout_seconds: 5, force_stop: true, ...waiting });
    expect(forced.output['status']).toBe('completed');
    expect(product.sim.cluster.guest(341)?.status).toBe('stopped');
  });
});

describe('deleting a VM', () => {
  test('destroys a stopped one', async () => {
    product.sim.cluster.vm(330, { node: 'pve1', name: 'gone', status: 'stopped' });
    const { output, text } = await call('delete_vm', { node: 'pve1', vmid: '330', ...waiting });
    expect(output).toMatchObject({ status: 'completed', result: { vmid: 330, name: 'gone' } });
    expect(text).toMatch(/^Task ID: UPID:pve1:.*:qmdestroy:330:/m);
    expect(product.sim.cluster.guest(330)).toBeUndefined();
  });

  test('refuses a running one without force', async () => {
    const { error } = await call('delete_vm', { vmid: 104 });
    expect(error).toMatchObject({ code: 'conflict', effect: 'none', message: 'VM 104 is running.' });
    expect(error.hint).toContain('force=true');
    expect(writes()).toEqual([]);
  });

  test('with force is one job: stop, wait for the stop, destroy; both tasks are in it', async () => {
    product.sim.cluster.vm(331, { node: 'pve2', name: 'busy', status: 'running' });
    const { output } = await call('delete_vm', { vmid: 331, force: true, purge: true, destroy_unreferenced_disks: true, ...waiting });
    expect(output).toMatchObject({ status: 'completed', effect: 'applied' });
    expect(writes()).toEqual(['POST /nodes/pve2/qemu/331/status/stop', 'DELETE /nodes/pve2/qemu/331']);
    expect(product.sim.requests.list('DELETE /nodes/pve2/qemu/331')[0]?.query).toEqual({ purge: '1', 'destroy-unreferenced-disks': '1' });
    expect(product.sim.cluster.guest(331)).toBeUndefined();
    const job = (await product.call('get_job', { job_id: output['job_id'] })).output;
    expect(JSON.stringify(job)).toMatch(/qmstop:331[\s\S]*qmdestroy:331|qmdestroy:331[\s\S]*qmstop:331/);
  });

  test('does not destroy another VM that has come under the id while the stop was under way', async () => {
    product.sim.cluster.vm(334, {
      node: 'pve2',
      name: 'mine',
      status: 'running',
      config: { vmgenid: 'aaaaaaaa-0000-0000-0000-000000000000' },
    });
    const restore = product.sim.faults.delay('POST /nodes/pve2/qemu/334/status/stop', 60, { times: 1 });
    const deletion = call('delete_vm', { vmid: 334, force: true, ...waiting });
    await expect.poll(writes, { interval: 5, timeout: 10_000 }).toContain('POST /nodes/pve2/qemu/334/status/stop');
    product.sim.cluster.vm(334, { name: 'theirs', config: { vmgenid: 'bbbbbbbb-0000-0000-0000-000000000000' } });
    const { error } = await deletion;
    expect(error).toMatchObject({ code: 'conflict', message: 'VM 334 is another VM than when this was asked for.' });
    expect(product.sim.cluster.guest(334)).toBeDefined();
    restore();
  });

  test('leaves a protected one alone even with force', async () => {
    const { error } = await call('delete_vm', { vmid: 103, force: true });
    expect(error).toMatchObject({ code: 'conflict', message: 'VM 103 is protected in Proxmox VE.' });
    expect(writes()).toEqual([]);
  });

  test('leaves a locked one and one under HA alone, and says what to do', async () => {
    product.sim.cluster.vm(332, { node: 'pve1', status: 'stopped', lock: 'backup' });
    product.sim.cluster.vm(333, { node: 'pve1', status: 'running', ha: 'started' });
    expect((await call('delete_vm', { vmid: 332 })).error.message).toBe('VM 332 is locked (backup).');
    expect((await call('delete_vm', { vmid: 333, force: true })).error.hint).toContain('purge=true');
    expect(writes()).toEqual([]);
  });

  test('takes one under HA out of it with purge, after the HA manager has stopped it', async () => {
    product.sim.cluster.vm(339, { node: 'pve1', status: 'running', ha: 'started' });
    const { output } = await call('delete_vm', { vmid: 339, force: true, purge: true, ...waiting });
    expect(output['status']).toBe('completed');
    expect(writes()).toEqual([
      expect.stringContaining('POST /nodes/pve1/qemu/339/status/stop') as string,
      expect.stringContaining('DELETE /nodes/pve1/qemu/339') as string,
    ]);
    expect(product.sim.cluster.guest(339)).toBeUndefined();
  });

  test('shows in a dry run what would be lost and the last backup', async () => {
    const { output } = await call('delete_vm', { vmid: 105, dry_run: true });
    expect(output['result']).toMatchObject({
      name: 'staging',
      node: 'pve1',
      status: 'stopped',
      disks: [{ disk: 'scsi0', size_bytes: 32 * 2 ** 30 }],
      last_backup: { volid: expect.stringMatching(/^local:backup\/vzdump-qemu-105-/) as string },
    });
    const none = await call('delete_vm', { vmid: 108, dry_run: true });
    expect(none.output['result']).toMatchObject({ last_backup: 'none' });
    expect(writes()).toEqual([]);
  });

  test('leaves a template alone that linked clones stand on, and names them', async () => {
    product.sim.cluster.vm(353, { node: 'pve1', status: 'stopped', template: true, disks: { scsi0: 'ceph:1G' } });
    await call('clone_vm', { source_vmid: 353, target_vmid: 354, full: false, ...waiting });
    const { error } = await call('delete_vm', { vmid: 353 });
    expect(error).toMatchObject({
      code: 'conflict',
      message: 'Template 353 is what the disks of its linked clones stand on: 354.',
      details: { linked_clones: [354] },
    });
    expect(writes()).toEqual([]);
    await call('delete_vm', { vmid: 354, ...waiting });
    expect((await call('delete_vm', { vmid: 353, ...waiting })).output['status']).toBe('completed');
  });

  test('names disks that are kept as unused among what is lost, and devices of the node not', async () => {
    product.sim.cluster.vm(346, {
      node: 'pve1',
      status: 'stopped',
      disks: { scsi0: 'ceph:1G', scsi1: '/dev/disk/by-id/ata-1' },
      config: { unused0: 'ceph:vm-346-disk-7', ide2: 'none,media=cdrom' },
    });
    const { output } = await call('delete_vm', { vmid: 346, dry_run: true });
    expect((output['result'] as { disks: object[] }).disks).toEqual([
      { disk: 'scsi0', volid: expect.stringMatching(/^ceph:vm-346-disk-\d$/) as string, size_bytes: 2 ** 30 },
      { disk: 'unused0', volid: 'ceph:vm-346-disk-7', size_bytes: null },
    ]);
  });

  test('of an id that is a container or nothing is an error', async () => {
    expect((await call('delete_vm', { vmid: 200 })).error).toMatchObject({ code: 'not_found' });
    expect((await call('delete_vm', { vmid: 999 })).error).toMatchObject({ code: 'not_found' });
  });
});
