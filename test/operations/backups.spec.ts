import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

interface Row {
  readonly volid: string;
  readonly vmid: number;
  readonly nodes: readonly string[];
}

describe('backups', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct();
  });
  beforeEach(() => {
    product.sim.faults.clear();
    product.sim.requests.clear();
  });
  afterAll(() => product.close());

  const writes = () => product.sim.requests.list().filter(({ method }) => method !== 'GET');
  const rowsOf = (output: Readonly<Record<string, unknown>>) => output['backups'] as readonly Row[];

  describe('list_backups', () => {
    test('shows owner, time, size, notes and protection, newest first', async () => {
      const { output, text } = await product.call('list_backups', { vmid: 102 });
      expect(output).toMatchObject({ total: 3, next_after: null, unavailable: [] });
      expect(rowsOf(output)[2]).toMatchObject({
        vmid: 102,
        vm_type: 'qemu',
        guest: 'db-1',
        storage: 'nfs-backup',
        format: 'vma.zst',
        protected: true,
        notes: 'before the migration',
        encrypted: false,
        verification: null,
      });
      expect(text.split('\n')[3]).toMatch(
        /^\S+Z VM 102 db-1, [\d.]+ GiB, protected, "before the migration", shared, "nfs-backup:backup\/vzdump-qemu-102-/,
      );
    });

    test('asks each storage once: a shared one on one node, a local one on each of its nodes', async () => {
      const { output } = await product.call('list_backups', { limit: 1000 });
      const asked = product.sim.requests.list('GET /nodes/*/storage/*/content').map(({ path }) => path.split('/').slice(2, 5).join('/'));
      expect(asked.filter((path) => path.endsWith('nfs-backup'))).toHaveLength(1);
      expect(asked.filter((path) => path.endsWith('/local')).toSorted()).toEqual([
        'pve1/storage/local',
        'pve2/storage/local',
        'pve3/storage/local',
      ]);
      expect(product.sim.requests.count()).toBeLessThanOrEqual(asked.length + 3);
      const volids = rowsOf(output).map(({ volid, nodes }) => `${volid} ${nodes.join()}`);
      expect(new Set(volids).size).toBe(volids.length);
      expect(rowsOf(output).find(({ volid }) => volid.startsWith('nfs-backup:'))?.nodes).toEqual(['pve1', 'pve2', 'pve3']);
    });

    test('filters and pages, and says how much was left out', async () => {
      const { output, text } = await product.call('list_backups', { vm_type: 'lxc', limit: 2 });
      expect(output).toMatchObject({ next_after: 2 });
      expect(text).toContain(`2 of ${String(output['total'])} shown; next page: after=2`);
      const { output: next } = await product.call('list_backups', { vm_type: 'lxc', limit: 2, after: 2 });
      expect(rowsOf(next)).toHaveLength(2);
      expect(rowsOf(next)[0]?.volid).not.toBe(rowsOf(output)[0]?.volid);
      expect((await product.call('list_backups', { protected: true })).output).toMatchObject({ total: 1 });
      expect((await product.call('list_backups', { notes: 'MIGRATION' })).output).toMatchObject({ total: 1 });
      expect((await product.call('list_backups', { node: 'pve1', storage: 'local' })).output).toMatchObject({ total: 1 });
    });

    test('a node that is down is named and hides nothing else', async () => {
      const restore = product.sim.faults.loseNode('pve3');
      const { output, text } = await product.call('list_backups', { limit: 1 });
      expect(output['unavailable']).toEqual([
        { storage: 'local', node: 'pve3', reason: expect.stringContaining('pve3'), stale_seconds: null },
      ]);
      expect(output['total']).toBeGreaterThan(20);
      expect(text).toContain('Not read: local on pve3');
      restore();
    });

    test('a storage that does not exist is an error that names those that do', async () => {
      const { error } = await product.call('list_backups', { storage: 'nope' });
      expect(error).toMatchObject({ code: 'not_found' });
      expect(error.hint).toContain('nfs-backup');
    });

    test('a guest id that is none is refused and not taken for a guest without backups', async () => {
      expect((await product.call('list_backups', { vmid: 'abc' })).error).toMatchObject({ code: 'invalid_input' });
    });
  });

  describe('create_backup', () => {
    test('backs up a container with notes, and prunes nothing unless asked', async () => {
      const { output, text } = await product.call('create_backup', {
        node: 'pve1',
        vmid: '200',
        storage: 'nfs-backup',
        notes: 'a=b; 50% \\o/\n{{guestname}}',
        protected: true,
        wait_seconds: 40,
      });
      expect(output).toMatchObject({ status: 'completed', result: { vm_type: 'lxc', storage: 'nfs-backup', interrupts_guest: false } });
      expect(text).toMatch(/Task ID: UPID:pve1:.*:vzdump:200:/);
      const [sent] = product.sim.requests.list('POST /nodes/pve1/vzdump');
      expect(sent?.body).toMatchObject({ vmid: '200', mode: 'snapshot', compress: 'zstd', remove: '0', protected: '1' });
      expect(sent?.body['notes-template']).toMatch(/^a=b; 50% \\\\o\/\\n\{\{guestname\}\}/);
      const { output: list } = await product.call('list_backups', { vmid: 200, protected: true });
      const volid = rowsOf(list)[0]?.volid ?? '';
      expect(product.sim.cluster.volume(volid)?.notes).toMatch(/^a=b; 50% .*\nproxy/);
    });

    test('refuses notes that grow too long by what Proxmox needs escaped, before anything is sent', async () => {
      const { error } = await product.call('create_backup', { vmid: 200, storage: 'nfs-backup', notes: '\n'.repeat(900) });
      expect(error).toMatchObject({ code: 'invalid_input', details: { field: 'notes' } });
      expect(writes()).toEqual([]);
    });

    test('finds the node of the guest by itself', async () => {
      const { output } = await product.call('create_backup', { vmid: 202, storage: 'nfs-backup', dry_run: true });
      expect(output).toMatchObject({ result: { would_send: { path: '/nodes/pve3/vzdump' } } });
    });

    test('refuses the wrong node, where Proxmox would answer OK and do nothing', async () => {
      const { error } = await product.call('create_backup', { node: 'pve2', vmid: 200, storage: 'nfs-backup' });
      expect(error).toMatchObject({ code: 'not_found', message: 'Guest 200 is on node pve1, not on pve2.' });
      expect(writes()).toEqual([]);
    });

    test.each(['0', '1', 'gzip', 'lzo', 'zstd', 0, 1])('knows compression %s', async (compress) => {
      const { output } = await product.call('create_backup', { vmid: 200, storage: 'nfs-backup', compress, dry_run: true });
      expect(output).toMatchObject({ result: { would_send: { params: { compress: String(compress) } } } });
    });

    test('does not offer lz4, which Proxmox does not have', async () => {
      const { error } = await product.call('create_backup', { vmid: 200, storage: 'nfs-backup', compress: 'lz4' });
      expect(error).toMatchObject({ code: 'invalid_input' });
    });

    test('says when a mode interrupts a running guest', async () => {
      const { output } = await product.call('create_backup', { vmid: 200, storage: 'nfs-backup', mode: 'stop', dry_run: true });
      expect(output).toMatchObject({ result: { interrupts_guest: true, would_send: { params: { mode: 'stop' } } } });
    });

    test('names the disks that it leaves out', async () => {
      product.sim.cluster.vm(342, {
        node: 'pve1',
        status: 'stopped',
        disks: { scsi0: 'ceph:1G', scsi1: 'ceph:vm-342-disk-9,backup=0,size=1G' },
      });
      const ofVm = await product.call('create_backup', { vmid: 342, storage: 'nfs-backup', dry_run: true });
      expect(ofVm.output['result']).toMatchObject({ leaves_out: [{ disk: 'scsi1', volume: 'ceph:vm-342-disk-9' }] });
      product.sim.cluster.container(343, {
        node: 'pve1',
        disks: {
          rootfs: 'local-lvm:1G',
          mp0: '/srv/share,mp=/share',
          mp1: 'local-lvm:vm-343-disk-8,mp=/data,size=1G',
          mp2: 'local-lvm:vm-343-disk-9,mp=/kept,backup=1,size=1G',
        },
      });
      const ofContainer = await product.call('create_backup', { vmid: 343, storage: 'nfs-backup', dry_run: true });
      expect(ofContainer.output['result']).toMatchObject({ leaves_out: [{ disk: 'mp0' }, { disk: 'mp1' }] });
      const whole = await product.call('create_backup', { vmid: 200, storage: 'nfs-backup', dry_run: true });
      expect(whole.output['result']).not.toHaveProperty('leaves_out');
    });

    test('says that a running container is suspended where its storage has no snapshots, whatever mode was asked for', async () => {
      product.sim.cluster.storage('plain', { type: 'dir', content: ['rootdir'] });
      product.sim.cluster.container(344, { node: 'pve1', status: 'running', disks: { rootfs: 'plain:1G' } });
      const { output } = await product.call('create_backup', { vmid: 344, storage: 'nfs-backup', wait_seconds: 40 });
      expect(output).toMatchObject({
        status: 'completed',
        result: { interrupts_guest: true, mode_used: expect.stringMatching(/^suspend/) },
      });
      const { output: log } = await product.call('get_task_log', { upid: output['task_id'] });
      expect(log['lines']).toContain('INFO: backup mode: suspend');
      product.sim.cluster.container(344, { status: 'stopped' });
      const stopped = await product.call('create_backup', { vmid: 344, storage: 'nfs-backup', dry_run: true });
      expect(stopped.output['result']).toMatchObject({ interrupts_guest: false });
    });

    test.each([
      ['a storage that takes no backups', { storage: 'ceph' }, 'Storage ceph does not hold backup.'],
      [
        'a variable that Proxmox cannot fill in',
        { storage: 'nfs-backup', notes: '{{owner}}' },
        'notes use "{{owner}}", which Proxmox VE cannot fill in.',
      ],
      ['no storage where there is a choice', {}, 'Several storages take backups.'],
    ])('refuses %s before anything is sent', async (_what, args, message) => {
      const { error } = await product.call('create_backup', { vmid: 200, ...args });
      expect(error).toMatchObject({ message, effect: 'none' });
      expect(writes()).toEqual([]);
    });

    test('names the missing privilege, which Proxmox would tell only inside the task', async () => {
      await using limited = await startProduct({
        token: ({ cluster }) =>
          cluster.createToken('limited@pve', 'mcp', { privileges: { '/vms': ['VM.Audit'], '/storage': ['Datastore.AllocateSpace'] } }),
      });
      const { error } = await limited.call('create_backup', { vmid: 200, storage: 'nfs-backup' });
      expect(error).toMatchObject({ code: 'missing_privilege', message: 'The API token limited@pve!mcp lacks VM.Backup on /vms/200.' });
      expect(limited.sim.requests.list('POST /nodes/*/vzdump')).toEqual([]);
    });

    test('a backup that fails is a failed job with the reason of Proxmox', async () => {
      product.sim.faults.failTask('vzdump', 'job errors', { times: 1 });
      const { output, isError } = await product.call('create_backup', { vmid: 204, storage: 'nfs-backup', wait_seconds: 40 });
      expect(isError).toBe(false);
      expect(output).toMatchObject({ status: 'failed', message: expect.stringContaining('job errors') });
    });
  });

  describe('restore_backup', () => {
    test('restores a container beside the old one, under a free id', async () => {
      const { volid } = product.sim.cluster.backup(201, { storage: 'nfs-backup', secondsAgo: 500 });
      const { output } = await product.call('restore_backup', { archive: volid, wait_seconds: 40 });
      expect(output).toMatchObject({
        status: 'completed',
        node: 'pve2',
        result: { vm_type: 'lxc', storage: 'ceph', storage_chosen_because: 'where the container was' },
      });
      const { vmid } = output['result'] as { vmid: number };
      const [sent] = product.sim.requests.list('POST /nodes/pve2/lxc');
      expect(sent?.body).toEqual({ vmid: String(vmid), ostemplate: volid, restore: '1', storage: 'ceph', unique: '1' });
      expect(product.sim.cluster.guest(vmid)).toMatchObject({ kind: 'lxc', config: { hostname: 'dns' } });
      expect(product.sim.cluster.guest(vmid)?.config['net0']).not.toBe(product.sim.cluster.guest(201)?.config['net0']);
    });

    test('restores a VM with the arguments of the predecessor', async () => {
      const { volid } = product.sim.cluster.backup(105, { storage: 'nfs-backup', secondsAgo: 400 });
      const { output } = await product.call('restore_backup', {
        node: 'pve2',
        archive: volid,
        vmid: '500',
        storage: 'ceph',
        wait_seconds: 40,
      });
      expect(output).toMatchObject({ status: 'completed', result: { vmid: 500, vm_type: 'qemu', node: 'pve2', storage: 'ceph' } });
      expect(product.sim.requests.list('POST /nodes/pve2/qemu')[0]?.body).toEqual({
        vmid: '500',
        archive: volid,
        storage: 'ceph',
        unique: '1',
      });
      expect(product.sim.cluster.guest(500)).toMatchObject({ kind: 'qemu', node: 'pve2' });
    });

    test('starts what it has restored when asked, with addresses of its own', async () => {
      const { volid } = product.sim.cluster.backup(105, { storage: 'nfs-backup', secondsAgo: 390 });
      const { output } = await product.call('restore_backup', { archive: volid, vmid: 501, start: true, wait_seconds: 40 });
      expect(output['status']).toBe('completed');
      await expect.poll(() => product.sim.cluster.guest(501)?.status, { interval: 5, timeout: 10_000 }).toBe('running');
      expect(product.sim.cluster.guest(501)?.config['net0']).not.toBe(product.sim.cluster.guest(105)?.config['net0']);
    });

    test('does not replace a template that linked clones stand on', async () => {
      product.sim.cluster.vm(502, { node: 'pve1', status: 'stopped', template: true, disks: { scsi0: 'ceph:1G' } });
      const { volid } = product.sim.cluster.backup(502, { storage: 'nfs-backup' });
      await product.call('clone_vm', { source_vmid: 502, target_vmid: 503, full: false, wait_seconds: 30 });
      product.sim.requests.clear();
      const { error } = await product.call('restore_backup', { archive: volid, vmid: 502, overwrite: true });
      expect(error).toMatchObject({ code: 'conflict', details: { linked_clones: [503] } });
      expect(writes()).toEqual([]);
    });

    test('replaces a guest only when told to, and tells what is lost', async () => {
      const { volid } = product.sim.cluster.backup(108, { storage: 'nfs-backup', secondsAgo: 300 });
      const { error } = await product.call('restore_backup', { archive: volid, vmid: 108 });
      expect(error).toMatchObject({ code: 'conflict', message: 'The id 108 is used by VM 108 on pve3.' });
      expect(error.hint).toContain('overwrite=true');
      const { output } = await product.call('restore_backup', { archive: volid, vmid: 108, overwrite: true, unique: false, dry_run: true });
      expect(output).toMatchObject({
        result: {
          replaces: { guest: 'sandbox', disk_bytes: 20 * 1024 ** 3, disks: [{ disk: 'scsi0', size_bytes: 20 * 1024 ** 3 }] },
          last_backup_of_replaced: { volid },
          would_send: { params: { force: true } },
        },
      });
      expect(writes()).toEqual([]);
      const { output: job } = await product.call('restore_backup', {
        archive: volid,
        vmid: 108,
        overwrite: true,
        unique: false,
        wait_seconds: 40,
      });
      expect(job).toMatchObject({ status: 'completed', effect: 'applied' });
      expect(product.sim.cluster.guest(108)).toMatchObject({ kind: 'qemu', node: 'pve3' });
    });

    test('gives a guest that takes its own place again its addresses back, and a new one addresses of its own', async () => {
      const { volid } = product.sim.cluster.backup(108, { storage: 'nfs-backup' });
      const over = await product.call('restore_backup', { archive: volid, vmid: 108, overwrite: true, dry_run: true });
      expect((over.output['result'] as { would_send: { params: object } }).would_send.params).not.toHaveProperty('unique');
      const beside = await product.call('restore_backup', { archive: volid, dry_run: true });
      expect(beside.output['result']).toMatchObject({ would_send: { params: { unique: true } } });
    });

    test.each([
      ['a running guest', { vmid: 100, of: 100, overwrite: true }, 'VM 100 on pve1 is running, so it is not replaced.'],
      ['a guest of the other kind', { vmid: 204, of: 100, overwrite: true }, 'CT 204 on pve1 cannot be replaced by a backup of a VM.'],
      ['an id that a guest on another node has', { vmid: 205, of: 200 }, 'The id 205 is used by CT 205 on pve2.'],
    ])('does not touch %s', async (_what, { of, ...args }, message) => {
      const { volid } = product.sim.cluster.backup(of, { storage: 'nfs-backup', secondsAgo: 200 });
      const { error } = await product.call('restore_backup', { archive: volid, ...args });
      expect(error).toMatchObject({ code: 'conflict', message });
      expect(writes()).toEqual([]);
    });

    test('does not touch a protected guest', async () => {
      const { volid } = product.sim.cluster.backup(106, { storage: 'nfs-backup' });
      product.sim.cluster.vm(106, { protection: true });
      const { error } = await product.call('restore_backup', { archive: volid, vmid: 106, overwrite: true });
      expect(error).toMatchObject({ code: 'conflict', message: 'VM 106 on pve1 is protected.' });
    });

    test('a backup on local storage is restored where it lies', async () => {
      const { output } = await product.call('list_backups', { storage: 'local', vmid: 105 });
      const archive = rowsOf(output)[0]?.volid;
      expect((await product.call('restore_backup', { archive, dry_run: true })).output).toMatchObject({ result: { node: 'pve1' } });
      const { error } = await product.call('restore_backup', { archive, node: 'pve2' });
      expect(error).toMatchObject({ code: 'conflict', message: 'Node pve2 does not see the backup, which is on pve1.' });
    });

    test.each([
      ['no volid at all', 'debian.iso', 'invalid_input'],
      ['the volid of an image', 'local:iso/debian-13.1.0-amd64-netinst.iso', 'invalid_input'],
      ['a backup that is not there', 'nfs-backup:backup/vzdump-lxc-203-2020_01_01-00_00_00.tar.zst', 'not_found'],
      ['a backup on a storage that is not there', 'nope:backup/vzdump-lxc-203-2020_01_01-00_00_00.tar.zst', 'not_found'],
    ])('%s is told under the name of its argument, archive', async (_what, archive, code) => {
      const { error } = await product.call('restore_backup', { archive, storage: 'ceph' });
      expect(error).toMatchObject({ code, effect: 'none', details: { field: 'archive' } });
    });

    test('a backup that does not exist is an error that names others of the guest', async () => {
      const { error } = await product.call('restore_backup', { archive: 'nfs-backup:backup/vzdump-lxc-203-2020_01_01-00_00_00.tar.zst' });
      expect(error).toMatchObject({ code: 'not_found' });
      expect(error.hint).toMatch(/^Newest backups of guest 203 there: nfs-backup:backup\/vzdump-lxc-203-/);
    });
  });

  describe('delete_backup', () => {
    test('deletes exactly the backup that is named', async () => {
      const { volid } = product.sim.cluster.backup(203, { storage: 'nfs-backup', secondsAgo: 100 });
      const before = (await product.call('list_backups', { limit: 1000 })).output['total'] as number;
      const { output } = await product.call('delete_backup', { node: 'pve1', storage: 'nfs-backup', volid, wait_seconds: 30 });
      expect(output).toMatchObject({ status: 'completed', result: { volid, vmid: 203 } });
      expect(product.sim.cluster.volume(volid)).toBeUndefined();
      expect((await product.call('list_backups', { limit: 1000 })).output['total']).toBe(before - 1);
    });

    test('is not taken for done because the storage is out of sight when it has to be looked at', async () => {
      await using alone = await startProduct();
      const { volid } = alone.sim.cluster.backup(203, { storage: 'nfs-backup' });
      alone.sim.faults.unexpectedStatus('imgdel', { times: 1, hasEffect: false });
      const unanswered = alone.sim.faults.respond('GET /nodes/*/tasks/*/status', { status: 595, reason: 'No route to host', body: '' });
      const { output } = await alone.call('delete_backup', { volid });
      alone.sim.cluster.storage('nfs-backup', { disabled: true });
      unanswered();
      const { output: job } = await alone.call('poll_job', { job_id: output['job_id'], wait_seconds: 15 });
      expect(job['status']).not.toBe('completed');
    });

    test('refuses a protected one', async () => {
      const { output } = await product.call('list_backups', { vmid: 102, protected: true });
      const volid = rowsOf(output)[0]?.volid ?? '';
      const { error } = await product.call('delete_backup', { volid });
      expect(error).toMatchObject({ code: 'conflict', message: `The backup ${volid} is protected.` });
      expect(writes()).toEqual([]);
      expect(product.sim.cluster.volume(volid)).toBeDefined();
    });

    test.each([
      ['a part of a name', 'nfs-backup:backup/vzdump-qemu-100'],
      ['another kind of volume', 'local:iso/debian-13.1.0-amd64-netinst.iso'],
      ['a path', 'nfs-backup:backup/../../etc/passwd'],
      ['a bare number', '100'],
    ])('deletes nothing by %s', async (_what, volid) => {
      const { isError } = await product.call('delete_backup', { node: 'pve1', storage: volid.split(':')[0] ?? '', volid });
      expect(isError).toBe(true);
      expect(writes()).toEqual([]);
    });
  });

  describe('on a Proxmox Backup Server', () => {
    const VOLID = /^pbs:backup\/(?:vm|ct)\/\d+\/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
    beforeAll(() => void product.sim.cluster.storage('pbs', { type: 'pbs', content: ['backup'] }));

    test('a backup is made, listed with its guest, restored and deleted by the name that it has there', async () => {
      product.sim.cluster.vm(340, { node: 'pve1', status: 'stopped', name: 'shop', disks: { scsi0: 'ceph:1G' } });
      const made = await product.call('create_backup', { vmid: 340, storage: 'pbs', notes: 'before', wait_seconds: 40 });
      expect(made.output['status']).toBe('completed');
      const [row] = rowsOf((await product.call('list_backups', { storage: 'pbs', vmid: 340 })).output);
      expect(row).toMatchObject({
        volid: expect.stringMatching(VOLID) as string,
        vm_type: 'qemu',
        guest: 'shop',
        format: 'pbs-vm',
        notes: 'before',
      });
      const volid = row?.volid ?? '';
      const restored = await product.call('restore_backup', { archive: volid, vmid: 341, wait_seconds: 40 });
      expect(restored.output).toMatchObject({ status: 'completed', result: { vmid: 341, vm_type: 'qemu', storage: 'ceph' } });
      const deleted = await product.call('delete_backup', { volid, wait_seconds: 40 });
      expect(deleted.output).toMatchObject({ status: 'completed', result: { volid, vmid: 340 } });
      expect(product.sim.cluster.volume(volid)).toBeUndefined();
    });

    test('verification and encryption of each are told', async () => {
      product.sim.cluster.backup(200, { storage: 'pbs', verification: 'failed', encrypted: '8a:01:5e:33' });
      const { output, text } = await product.call('list_backups', { storage: 'pbs', vmid: 200 });
      expect(rowsOf(output)).toMatchObject([
        { volid: expect.stringMatching(VOLID) as string, vm_type: 'lxc', vmid: 200, verification: 'failed', encrypted: true },
      ]);
      expect(text).toContain('encrypted, verification failed');
    });

    test('a container comes back where it was, from a name that does not say vzdump', async () => {
      const { volid } = product.sim.cluster.backup(203, { storage: 'pbs' });
      const { output } = await product.call('restore_backup', { archive: volid, dry_run: true });
      expect(output).toMatchObject({
        result: { vm_type: 'lxc', would_send: { path: '/nodes/pve1/lxc', params: { ostemplate: volid, restore: true } } },
      });
    });
  });
});
