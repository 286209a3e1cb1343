import { describe, expect } from 'vitest';
import { test } from './with-simulator.ts';

const data = (answer: { json: { data?: unknown } | undefined }): Record<string, unknown> => answer.json?.data as Record<string, unknown>;

describe('a wrong state', () => {
  test('fails the task of a VM, and the call of a container', async ({ pve, cluster }) => {
    const upid = await pve.task('POST', '/nodes/pve1/qemu/100/status/start');
    expect((await pve.outcome(upid)).exitstatus).toBe('VM 100 already running');
    expect(await pve('POST', '/nodes/pve1/lxc/200/status/start')).toMatchObject({ status: 500, reason: 'CT 200 already running' });
    expect((await pve.outcome(await pve.task('POST', '/nodes/pve1/qemu/105/status/stop'))).exitstatus).toBe('OK');
    expect(await pve('POST', '/nodes/pve1/lxc/204/status/stop')).toMatchObject({ status: 500, reason: 'CT 204 not running' });
    expect(cluster.guest(204)?.status).toBe('stopped');
  });

  test('keeps protected, running and template guests from removal', async ({ pve, cluster }) => {
    expect(await pve('DELETE', '/nodes/pve2/qemu/103')).toMatchObject({
      status: 500,
      reason: "can't remove VM 103 - protection mode enabled",
    });
    expect(await pve('DELETE', '/nodes/pve1/qemu/100')).toMatchObject({ status: 500, reason: 'VM 100 is running - destroy failed' });
    expect(cluster.guest(100)).toBeDefined();
  });
});

describe('a VM', () => {
  test('is created with its disks, and removed with them', async ({ sim, pve, cluster }) => {
    const upid = await pve.task('POST', '/nodes/pve3/qemu', {
      vmid: 300,
      name: 'new',
      memory: 1024,
      scsi0: 'local-lvm:8',
      ide2: 'local:iso/debian-13.1.0-amd64-netinst.iso,media=cdrom',
      net0: 'virtio,bridge=vmbr0',
      boot: 'order=scsi0;ide2',
      pool: 'development',
    });
    expect(data(await pve('GET', '/nodes/pve3/qemu/300/status/current'))).toMatchObject({ lock: 'create' });
    await sim.clock.advance(10);
    expect((await pve.outcome(upid)).exitstatus).toBe('OK');
    expect(cluster.guest(300)?.config).toMatchObject({
      name: 'new',
      memory: '1024',
      scsi0: 'local-lvm:vm-300-disk-0,size=8G',
      net0: expect.stringMatching(/^virtio=BC:24:11:[0-9A-F:]{8},bridge=vmbr0$/) as string,
    });
    expect(cluster.volume('local-lvm:vm-300-disk-0', 'pve3')).toMatchObject({ size: 8 * 1024 ** 3 });
    await pve.task('DELETE', '/nodes/pve3/qemu/300');
    await sim.clock.advance(10);
    expect(cluster.guest(300)).toBeUndefined();
    expect(cluster.volume('local-lvm:vm-300-disk-0', 'pve3')).toBeUndefined();
  });

  test('that cannot be created leaves nothing behind', async ({ sim, pve, cluster }) => {
    const upid = await pve.task('POST', '/nodes/pve1/qemu', { vmid: 300, scsi0: 'local-lvm:8', ide2: 'local:iso/none.iso,media=cdrom' });
    await sim.clock.advance(10);
    expect((await pve.outcome(upid)).exitstatus).toBe("unable to create VM 300 - volume 'local:iso/none.iso' does not exist");
    expect(cluster.guest(300)).toBeUndefined();
    expect(cluster.volume('local-lvm:vm-300-disk-0', 'pve1')).toBeUndefined();
  });

  test('that runs keeps some changes for its next start', async ({ sim, pve, cluster }) => {
    await pve('PUT', '/nodes/pve1/qemu/100/config', { body: { cores: 8, description: 'now' } });
    expect(cluster.guest(100)).toMatchObject({ config: { cores: 4, description: 'now' }, pending: { cores: 8 } });
    expect(data(await pve('GET', '/nodes/pve1/qemu/100/config'))).toMatchObject({ cores: 8 });
    expect(data(await pve('GET', '/nodes/pve1/qemu/100/config?current=1'))).toMatchObject({ cores: 4 });
    await pve.task('POST', '/nodes/pve1/qemu/100/status/reboot');
    await sim.clock.advance(30);
    expect(cluster.guest(100)).toMatchObject({ status: 'running', config: { cores: 8 }, pending: {} });
  });

  test('cannot be changed while a worker holds the lock on its config', async ({ pve, cluster }) => {
    await pve.task('POST', '/nodes/pve1/qemu/105/status/start');
    expect(await pve('PUT', '/nodes/pve1/qemu/105/config', { body: { onboot: 1 } })).toMatchObject({
      status: 500,
      reason: "can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout",
    });
    expect(cluster.guest(105)?.config).not.toHaveProperty('onboot');
  });

  test('is changed only while its digest is the one that was read', async ({ pve }) => {
    const { digest } = data(await pve('GET', '/nodes/pve1/qemu/105/config')) as { digest: string };
    expect((await pve('PUT', '/nodes/pve1/qemu/105/config', { body: { onboot: 1, digest } })).status).toBe(200);
    expect(await pve('PUT', '/nodes/pve1/qemu/105/config', { body: { onboot: 0, digest } })).toMatchObject({
      status: 500,
      reason: 'checksum mismatch (file change by other user?)',
    });
  });

  test('is cloned from a template by link, which keeps the template', async ({ sim, pve, cluster }) => {
    await pve.task('POST', '/nodes/pve1/qemu/9000/clone', { newid: 310, name: 'linked' });
    await sim.clock.advance(10);
    expect(cluster.guest(310)?.config).toMatchObject({ name: 'linked', scsi0: 'ceph:base-9000-disk-0/vm-310-disk-0,size=20G' });
    expect(cluster.guest(310)?.config).not.toHaveProperty('template');
    const upid = await pve.task('DELETE', '/nodes/pve1/qemu/9000');
    expect((await pve.outcome(upid)).exitstatus).toBe("base volume 'ceph:base-9000-disk-0' is still in use by linked cloned");
    expect(cluster.guest(9000)).toBeDefined();
  });

  test('grows its disks and cannot shrink them', async ({ sim, pve, cluster }) => {
    await pve.task('PUT', '/nodes/pve1/qemu/105/resize', { disk: 'scsi0', size: '+8G' });
    await sim.clock.advance(5);
    expect(cluster.guest(105)?.config['scsi0']).toMatch(/size=40G$/);
    const upid = await pve.task('PUT', '/nodes/pve1/qemu/105/resize', { disk: 'scsi0', size: '10G' });
    expect((await pve.outcome(upid)).exitstatus).toBe('shrinking disks is not supported');
  });

  test('moves to another node, where it is found from then on', async ({ sim, pve, cluster }) => {
    await pve.task('POST', '/nodes/pve1/qemu/100/migrate', { target: 'pve2', online: 1 });
    await sim.clock.advance(60);
    expect(cluster.guest(100)).toMatchObject({ node: 'pve2', status: 'running' });
    expect(await pve('GET', '/nodes/pve1/qemu/100/config')).toMatchObject({
      status: 500,
      reason: "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist",
    });
  });

  test('goes back to a snapshot', async ({ sim, pve, cluster }) => {
    await pve.task('POST', '/nodes/pve1/qemu/105/snapshot', { snapname: 'before', description: 'x' });
    await sim.clock.advance(5);
    await pve('PUT', '/nodes/pve1/qemu/105/config', { body: { memory: 512 } });
    await pve.task('POST', '/nodes/pve1/qemu/105/snapshot/before/rollback');
    await sim.clock.advance(5);
    expect(cluster.guest(105)).toMatchObject({ parent: 'before', config: { memory: '4096' } });
    expect(data(await pve('GET', '/nodes/pve1/qemu/105/snapshot'))).toMatchObject([
      { name: 'clean' },
      { name: 'with-app', parent: 'clean' },
      { name: 'before', parent: 'with-app' },
      { name: 'current', parent: 'before', running: 0 },
    ]);
  });
});

describe('a backup', () => {
  test('restores what it holds as another guest, and refuses to be deleted while it is protected', async ({ sim, pve, cluster }) => {
    const upid = await pve.task('POST', '/nodes/pve1/vzdump', {
      vmid: 105,
      storage: 'nfs-backup',
      compress: 'zstd',
      protected: 1,
      'notes-template': '{{guestname}} on {{node}}',
    });
    await sim.clock.advance(300);
    expect((await pve.outcome(upid)).exitstatus).toBe('OK');
    const [backup] = data(await pve('GET', '/nodes/pve1/storage/nfs-backup/content?content=backup&vmid=105')) as unknown as Array<
      Record<string, unknown>
    >;
    expect(backup).toMatchObject({ notes: 'staging on pve1', protected: 1, subtype: 'qemu', format: 'vma.zst' });
    const volid = String(backup?.['volid']);
    await pve.task('POST', '/nodes/pve2/qemu', { vmid: 305, archive: volid, storage: 'ceph', unique: 1 });
    await sim.clock.advance(300);
    expect(cluster.guest(305)).toMatchObject({ node: 'pve2', config: { name: 'staging', scsi0: 'ceph:vm-305-disk-0,size=32G' } });
    const removal = await pve.task('DELETE', `/nodes/pve1/storage/nfs-backup/content/${encodeURIComponent(volid)}`);
    expect((await pve.outcome(removal)).exitstatus).toContain('cannot remove protected volume');
    expect(cluster.volume(volid)).toBeDefined();
  });

  test('of several guests goes on after one that fails', async ({ sim, pve }) => {
    const upid = await pve.task('POST', '/nodes/pve1/vzdump', { vmid: '204,777', storage: 'nfs-backup' });
    await sim.clock.advance(300);
    const { exitstatus, log } = await pve.outcome(upid);
    expect(exitstatus).toBe('job errors');
    expect(log).toContain("ERROR: Backup of VM 777 failed - unable to find VM '777'");
    expect((await pve('POST', '/nodes/pve1/vzdump', { body: { vmid: 101, storage: 'nfs-backup' } })).json?.data).toBe('OK');
  });

  test('of a container restores over it when forced', async ({ sim, pve, cluster }) => {
    const { volid } = cluster.backup(204, { storage: 'nfs-backup' });
    cluster.container(204, { name: 'changed' });
    const body = { vmid: 204, ostemplate: volid, restore: 1, storage: 'local-lvm' };
    expect(await pve('POST', '/nodes/pve1/lxc', { body })).toMatchObject({ status: 500, reason: "CT 204 already exists on node 'pve1'" });
    await pve.task('POST', '/nodes/pve1/lxc', { ...body, force: 1 });
    await sim.clock.advance(300);
    expect(cluster.guest(204)?.config).toMatchObject({ hostname: 'build-cache' });
    expect(cluster.guest(204)?.config).not.toHaveProperty('lock');
  });
});

describe('a guest agent', () => {
  test('runs a command, and tells its end once', async ({ pve }) => {
    const { pid } = data(
      await pve('POST', '/nodes/pve1/qemu/100/agent/exec', { body: { command: ['/bin/sh', '-c', 'echo out; echo err >&2; exit 3'] } }),
    ) as { pid: number };
    const path = `/nodes/pve1/qemu/100/agent/exec-status?pid=${pid}`;
    expect(data(await pve('GET', path))).toEqual({
      exited: 1,
      exitcode: 3,
      'out-data': 'out\n',
      'out-truncated': 0,
      'err-data': 'err\n',
      'err-truncated': 0,
    });
    expect(await pve('GET', path)).toMatchObject({ status: 500, reason: 'Agent error: PID ld does not exist' });
  });

  test('takes its time, and gives bytes as characters', async ({ sim, pve, cluster }) => {
    cluster.guestCommand((command) => (command[0] === '/usr/bin/slow' ? { stdout: 'ä', seconds: 5 } : undefined));
    const { pid } = data(await pve('POST', '/nodes/pve1/qemu/100/agent/exec', { body: { command: '/usr/bin/slow' } })) as { pid: number };
    const path = `/nodes/pve1/qemu/100/agent/exec-status?pid=${pid}`;
    expect(data(await pve('GET', path))).toEqual({ exited: 0 });
    await sim.clock.advance(6);
    expect(data(await pve('GET', path))).toMatchObject({ 'out-data': 'Ã¤' });
  });

  test('cannot report a missing program, whose message holds quotes that do not fit', async ({ pve }) => {
    expect(await pve('POST', '/nodes/pve1/qemu/100/agent/exec', { body: { command: '/bin/uname -a' } })).toMatchObject({
      status: 596,
      reason: 'Broken pipe',
    });
  });

  test('says when it is silent, not configured, or the VM is off', async ({ pve, cluster }) => {
    expect(await pve('POST', '/nodes/pve2/qemu/107/agent/ping')).toMatchObject({ status: 500, reason: 'QEMU guest agent is not running' });
    cluster.vm(107, { agent: false });
    expect(await pve('POST', '/nodes/pve2/qemu/107/agent/ping')).toMatchObject({ status: 500, reason: 'No QEMU guest agent configured' });
    expect(await pve('POST', '/nodes/pve1/qemu/105/agent/ping')).toMatchObject({ status: 500, reason: 'VM 105 is not running' });
  });
});

describe('a download', () => {
  test('shows its progress and lands on the storage', async ({ sim, pve, cluster }) => {
    cluster.remoteFile('https://example.org/a.iso', { size: 64 * 1024 ** 2, rate: 8 * 1024 ** 2 });
    const upid = await pve.task('POST', '/nodes/pve1/storage/local/download-url', {
      content: 'iso',
      filename: '../a.iso',
      url: 'https://example.org/a.iso',
    });
    await sim.clock.advance(5);
    expect((await pve.outcome(upid)).log.at(-1)).toMatch(/^\s*0K \.{8} \.{8} \.{8} \.{8} 50% {2}8\.0M 4s$/);
    await sim.clock.advance(10);
    expect((await pve.outcome(upid)).exitstatus).toBe('OK');
    expect(cluster.volume('local:iso/a.iso', 'pve1')).toMatchObject({ size: 64 * 1024 ** 2, content: 'iso' });
  });
});
