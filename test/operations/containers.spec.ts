import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

const DEBIAN = 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst';
const GIB = 1024 ** 3;

describe('containers', () => {
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
  const sent = () => writes().map(({ method, path }) => `${method} ${path}`);

  describe('get_containers', () => {
    test('lists the containers of the whole cluster with one request', async () => {
      const { output, text } = await product.call('get_containers');
      expect(output).toMatchObject({ total: 6, running: 4, stopped: 2, raw: [] });
      expect(text.split('\n')).toContainEqual(expect.stringMatching(/^200 proxy \d+%2 \d+%1 8 47d/));
      expect(product.sim.requests.count()).toBe(1);
    });

    test('takes the arguments in one payload object, as the oldest callers send them', async () => {
      const { output, text } = await product.call('get_containers', { payload: { node: 'pve3', format_style: 'json', more: 1 } });
      expect(output).toMatchObject({ total: 1, guests: [{ vmid: 202, name: 'monitoring' }] });
      expect(JSON.parse(text)).toEqual(output);
      expect((await product.call('get_containers', { payload: { format_style: 'xml' } })).isError).toBe(true);
    });

    test('adds what Proxmox itself answers when asked', async () => {
      const { output } = await product.call('get_containers', { node: 'pve1', include_raw: true });
      expect(output['raw']).toMatchObject([
        { vmid: 200, raw_status: { status: 'running', vmid: 200 }, raw_config: { hostname: 'proxy' }, error: null },
        { vmid: 203 },
        { vmid: 204 },
      ]);
    });

    test('guests of a node that is down are unknown and do not look stopped', async () => {
      const restore = product.sim.faults.loseNode('pve2');
      const { output } = await product.call('get_containers', { include_raw: true });
      expect(output).toMatchObject({ total: 6, unknown: 2 });
      const dns = (output['guests'] as { vmid: number }[]).find(({ vmid }) => vmid === 201);
      expect(dns).toMatchObject({ status: 'unknown', name: null, memory_bytes: null });
      expect(output['raw']).toMatchObject([
        { error: null },
        { vmid: 201, raw_status: null, error: 'Node pve2 has not reported.' },
        {},
        {},
        {},
        { vmid: 205 },
      ]);
      restore();
    });

    test('a node that does not exist is an error and no empty list', async () => {
      const { error } = await product.call('get_containers', { node: 'nosuch' });
      expect(error).toMatchObject({ code: 'not_found', hint: 'Nodes are pve1, pve2, pve3.' });
    });
  });

  test('Proxmox out of reach is an error and no empty list', async () => {
    await using alone = await startProduct();
    await alone.sim.close();
    const { error } = await alone.call('get_containers', { node: 'pve1' });
    expect(error).toMatchObject({ code: 'proxmox_unreachable', effect: 'none' });
  });

  describe('start, stop and restart', () => {
    test('a selector is an id, node:id, node/name or name', async () => {
      for (const selector of ['204', 'pve1:204', 'pve1/build-cache', 'build-cache']) {
        const { output } = await product.call('start_container', { selector, dry_run: true });
        expect(output).toMatchObject({ status: 'dry_run', result: { would_send: { path: '/nodes/pve1/lxc/204/status/start' } } });
      }
    });

    test('several targets are several jobs, each with its own outcome', async () => {
      const { output } = await product.call('start_container', { selector: '204,205,200', wait_seconds: 20 });
      expect(output).toMatchObject({
        status: 'several',
        targets: [
          { target: 'pve1:204', status: 'completed' },
          { target: 'pve2:205', status: 'completed' },
          { target: 'pve1:200', job_id: null },
        ],
      });
      expect(product.sim.cluster.guest(205)?.status).toBe('running');
    });

    test('what several did is told as one effect, and a dry run of several says that nothing was sent', async () => {
      for (const vmid of [231, 232]) product.sim.cluster.container(vmid, { node: 'pve1', status: 'running' });
      const selector = '231,232';
      const tried = await product.call('stop_container', { selector, dry_run: true });
      expect(tried.output).toMatchObject({ status: 'several', effect: 'none', targets: [{ status: 'dry_run' }, { status: 'dry_run' }] });
      expect(writes()).toEqual([]);
      const mend = product.sim.faults.failTask('vzstop', 'no', { times: 2 });
      const failed = await product.call('stop_container', { selector, graceful: false, wait_seconds: 30 });
      mend();
      // A task that failed may have done a part of its work.
      expect(failed.output).toMatchObject({ status: 'several', effect: 'unknown', next: 'none' });
      const done = await product.call('stop_container', { selector, graceful: false, wait_seconds: 30 });
      expect(done.output).toMatchObject({ status: 'several', effect: 'applied', next: 'none' });
      for (const vmid of [231, 232]) await product.call('delete_container', { selector: String(vmid), wait_seconds: 20 });
    });

    test('a target that is named twice is one, and more than twenty are refused', async () => {
      const { output } = await product.call('stop_container', { selector: '204,build-cache,pve1:204', dry_run: true });
      expect(output).toMatchObject({ status: 'dry_run', targets: [] });
      const many = Array.from({ length: 21 }, (_, index) => 1000 + index).join(',');
      const { error } = await product.call('start_container', { selector: many });
      expect(error).toMatchObject({
        code: 'invalid_input',
        message: 'The selector names 21 containers; at most 20 are handled in one call.',
      });
      expect(writes()).toEqual([]);
    });

    test('a name that several containers have is an error', async () => {
      product.sim.cluster.container(220, { node: 'pve3', name: 'wiki' });
      const { error } = await product.call('stop_container', { selector: 'wiki' });
      expect(error).toMatchObject({ code: 'conflict', message: '2 containers are called "wiki": 203, 220.', hint: 'Use the id.' });
      product.sim.cluster.removeGuest(220);
    });

    test('a name on a node that is down is not known, and the error says so', async () => {
      const restore = product.sim.faults.loseNode('pve2');
      const { error } = await product.call('stop_container', { selector: 'dns' });
      expect(error).toMatchObject({
        code: 'not_found',
        hint: expect.stringContaining('names of 2 containers are not known now') as string,
      });
      restore();
    });

    test('a template is not started', async () => {
      product.sim.cluster.container(221, { node: 'pve1', template: true });
      const { error } = await product.call('start_container', { selector: '221' });
      expect(error).toMatchObject({ code: 'conflict', message: 'Container 221 is a template, which cannot be started.' });
      product.sim.cluster.removeGuest(221);
    });

    test('a restart gives the container the time it was given', async () => {
      const { output } = await product.call('restart_container', { selector: '201', timeout_seconds: 77, wait_seconds: 20 });
      expect(output['status']).toBe('completed');
      expect(product.sim.requests.list('POST /nodes/pve2/lxc/201/status/reboot')[0]?.body).toEqual({ timeout: '77' });
    });

    test('a container is stopped at once with graceful=false', async () => {
      await product.call('stop_container', { selector: '205', graceful: false, wait_seconds: 20 });
      expect(sent()).toEqual(['POST /nodes/pve2/lxc/205/status/stop']);
      expect(product.sim.cluster.guest(205)?.status).toBe('stopped');
    });
  });

  describe('update_container_resources', () => {
    test('changes cores, memory and swap and grows the disk, in one job', async () => {
      const { output, text } = await product.call('update_container_resources', {
        selector: '200',
        cores: 4,
        memory: 2048,
        swap: 256,
        disk_gb: 2,
        wait_seconds: 40,
      });
      expect(output).toMatchObject({
        status: 'completed',
        result: { cores: { from: 2, to: 4 }, memory: { from: 1024, to: 2048 }, rootfs: { from_bytes: 8 * GIB, to_bytes: 10 * GIB } },
      });
      expect(text).toMatch(/Task ID: UPID:pve1:.*:resize:200:/);
      expect(sent()).toEqual(['PUT /nodes/pve1/lxc/200/config', 'PUT /nodes/pve1/lxc/200/resize']);
      expect(writes()[0]?.body).toMatchObject({ cores: '4', memory: '2048', swap: '256', digest: expect.stringMatching(/^[0-9a-f]{40}$/) });
      expect(product.sim.cluster.guest(200)?.config).toMatchObject({
        cores: 4,
        memory: 2048,
        swap: 256,
        rootfs: expect.stringContaining('size=10G'),
      });
    });

    test('an amount is sent and recorded as the size to reach, so that it is added once', async () => {
      const { output } = await product.call('update_container_resources', { selector: '201', disk_gb: 3, wait_seconds: 40 });
      expect(writes()[0]?.body).toEqual({ disk: 'rootfs', size: '7G' });
      const { output: job } = await product.call('get_job', { job_id: output['job_id'] });
      expect(job).toMatchObject({ retry_spec: { input: { disk_size_gb: 7 } } });
    });

    test('the same resources again are nothing to do', async () => {
      product.sim.cluster.container(204, { memory: 2048, cores: 2 });
      const { output } = await product.call('update_container_resources', { selector: '204', cores: 2, memory: 2048, disk_size_gb: 40 });
      expect(output).toMatchObject({ status: 'unchanged', message: 'Container 204 already has these resources.' });
    });

    test('the disk of a template is not grown', async () => {
      product.sim.cluster.container(222, { node: 'pve1', template: true });
      const { error } = await product.call('update_container_resources', { selector: '222', disk_gb: 1 });
      expect(error).toMatchObject({ code: 'conflict', message: 'Container 222 is a template, whose disks stay as they are.' });
      product.sim.cluster.removeGuest(222);
    });

    test.each([
      ['a disk to shrink', { disk_size_gb: 1 }, 'rootfs of container 204 has 40 GiB; a disk can only grow.'],
      ['a disk that it has not', { disk_gb: 1, disk: 'mp3' }, 'Container 204 has no disk mp3.'],
      ['an amount and a size', { disk_gb: 1, disk_size_gb: 50 }, 'disk_gb and disk_size_gb exclude each other.'],
    ])('refuses %s', async (_what, args, message) => {
      const { error } = await product.call('update_container_resources', { selector: '204', ...args });
      expect(error).toMatchObject({ message, effect: 'none' });
      expect(writes()).toEqual([]);
    });
  });

  describe('create_container', () => {
    test('creates a container with everything that was asked for', async () => {
      const { output } = await product.call('create_container', {
        node: 'pve1',
        vmid: '400',
        ostemplate: DEBIAN,
        hostname: 'new.example.org',
        cores: 2,
        memory: 1024,
        swap: 0,
        disk_size: 10,
        storage: 'local-lvm',
        network_bridge: 'vmbr1',
        ip: '192.0.2.40/24',
        gw: '192.0.2.1',
        ip6: 'auto',
        vlan_tag: 30,
        firewall: true,
        nameserver: '192.0.2.53',
        searchdomain: 'example.org',
        mount_points: [{ path: '/srv/data', size_gb: 20, backup: true }],
        tags: ['a', 'b'],
        nesting: true,
        onboot: true,
        description: 'made by hand',
        start_after_create: true,
        wait_seconds: 40,
      });
      expect(output).toMatchObject({ status: 'completed', result: { vmid: 400, hostname: 'new.example.org', storage: 'local-lvm' } });
      expect(product.sim.cluster.guest(400)).toMatchObject({
        kind: 'lxc',
        status: 'running',
        config: {
          cores: 2,
          memory: 1024,
          swap: 0,
          unprivileged: 1,
          onboot: 1,
          features: 'nesting=1',
          rootfs: expect.stringMatching(/^local-lvm:vm-400-disk-\d+,size=10G$/),
          mp0: expect.stringMatching(/^local-lvm:vm-400-disk-\d+,.*mp=\/srv\/data/),
          net0: expect.stringMatching(/^name=eth0,bridge=vmbr1,.*ip=192\.0\.2\.40\/24,gw=192\.0\.2\.1,ip6=auto,tag=30,firewall=1/),
          tags: 'a;b',
        },
      });
    });

    test('takes a free id and the storage with most space that holds containers, and tells both', async () => {
      const { output } = await product.call('create_container', {
        node: 'pve2',
        ostemplate: 'nfs-backup:vztmpl/alpine-3.22-default_20250617_amd64.tar.xz',
        wait_seconds: 40,
      });
      const { vmid } = output['result'] as { vmid: number };
      expect(output).toMatchObject({
        status: 'completed',
        result: { hostname: `ct-${vmid}`, storage: 'ceph', storage_chosen_because: 'most free space of 2 on pve2 that hold rootdir' },
      });
      expect(product.sim.cluster.guest(vmid)).toMatchObject({
        node: 'pve2',
        config: { hostname: `ct-${vmid}`, memory: 512, swap: 512, cores: 1 },
      });
    });

    test('a password and SSH keys reach Proxmox and nothing else', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'proxmox-mcp-secrets-'));
      await using alone = await startProduct({ config: { jobs: { sqlite_path: join(folder, 'jobs.sqlite3') } } });
      const secrets = {
        password: 'hunter2-SECRET',
        ssh_public_keys: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMCANARYKEYmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm me@home',
      };
      const args = { node: 'pve1', vmid: 410, ostemplate: DEBIAN, ...secrets };
      const dry = await alone.call('create_container', { ...args, dry_run: true });
      expect(dry.output).toMatchObject({ result: { would_send: { params: { password: '<secret>', 'ssh-public-keys': '<secret>' } } } });
      const made = await alone.call('create_container', { ...args, wait_seconds: 40 });
      expect(made.output['status']).toBe('completed');
      expect(alone.sim.requests.list('POST /nodes/pve1/lxc')[0]?.body).toMatchObject({
        password: secrets.password,
        'ssh-public-keys': secrets.ssh_public_keys,
      });
      const job = await alone.call('get_job', { job_id: made.output['job_id'] });
      const refused = await alone.call('create_container', { ...args, vmid: 411, password: 'SECR' });
      expect(refused.isError).toBe(true);
      const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
      for (const seen of [JSON.stringify([dry, made, job, refused]), ...files]) expect(seen).not.toMatch(/SECR|CANARYKEY/);
      rmSync(folder, { recursive: true });
    });

    test('a missing privilege is named with its path, before anything is sent', async () => {
      await using limited = await startProduct({
        token: ({ cluster }) =>
          cluster.createToken('limited@pve', 'mcp', { privileges: { '/storage': ['Datastore.Audit', 'Datastore.AllocateSpace'] } }),
      });
      const { error } = await limited.call('create_container', { node: 'pve1', vmid: 420, ostemplate: DEBIAN });
      expect(error).toMatchObject({ code: 'missing_privilege', message: 'The API token limited@pve!mcp lacks VM.Allocate on /vms/420.' });
      expect(error.hint).toContain("pveum acl modify /vms/420 --tokens 'limited@pve!mcp' --roles MCP-vms-420");
      expect(limited.sim.requests.list('POST /nodes/*/lxc')).toEqual([]);
    });

    test('a bridge that the node does not have is an error, which Proxmox would only notice at the start', async () => {
      const { error } = await product.call('create_container', { node: 'pve1', ostemplate: DEBIAN, network_bridge: 'vmbr9' });
      expect(error).toMatchObject({
        code: 'not_found',
        details: { field: 'network_bridge' },
        hint: expect.stringContaining('vmbr0') as string,
      });
      const none = await product.call('create_container', { node: 'pve1', ostemplate: DEBIAN, network_bridge: 'none', dry_run: true });
      expect(none.isError).toBe(false);
    });

    test('a template that does not exist is an error that lists those that do', async () => {
      const { error } = await product.call('create_container', { node: 'pve3', ostemplate: DEBIAN });
      expect(error).toMatchObject({ code: 'not_found', message: `There is no container template "${DEBIAN}" on node pve3.` });
      expect(error.hint).toBe(
        'It has nfs-backup:vztmpl/alpine-3.22-default_20250617_amd64.tar.xz, nfs-backup:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst.',
      );
    });

    test.each([
      ['the id of a container on another node', { vmid: 201 }, 'The id 201 is already used by a guest.'],
      ['the id of a VM', { vmid: 104 }, 'The id 104 is already used by a guest.'],
      ['a node that does not exist', { node: 'nosuch' }, 'There is no node nosuch.'],
      ['a storage that holds no containers', { storage: 'local' }, 'Storage local does not hold rootdir.'],
      ['a gateway without a fixed address', { gw: '192.0.2.1' }, 'gw goes only with a fixed address.'],
      ['an address without prefix length', { ip: '192.0.2.9' }, 'ip "192.0.2.9" is no address with prefix length.'],
      [
        'nesting in a privileged container',
        { unprivileged: false, nesting: true },
        'Only root@pam itself may set nesting on a privileged container; an API token may not.',
      ],
    ])('refuses %s before anything is sent', async (_what, args, message) => {
      const { error } = await product.call('create_container', { node: 'pve1', ostemplate: DEBIAN, ...args });
      expect(error).toMatchObject({ message, effect: 'none' });
      expect(writes()).toEqual([]);
    });
  });

  describe('delete_container', () => {
    test('tells what would be destroyed, with the last backup', async () => {
      const { output } = await product.call('delete_container', { selector: 'monitoring', force: true, dry_run: true });
      expect(output).toMatchObject({
        status: 'dry_run',
        result: {
          container: 'monitoring',
          node: 'pve3',
          was_running: true,
          destroys_disks: [{ disk: 'rootfs', size_bytes: 50 * GIB }],
          last_backup: { volid: expect.stringContaining('vzdump-lxc-202-') },
        },
      });
      expect(writes()).toEqual([]);
    });

    test('names disks that are kept as unused among what is lost, and folders of the node not', async () => {
      product.sim.cluster.container(234, {
        node: 'pve1',
        disks: { rootfs: 'local-lvm:4G', mp0: '/srv/share,mp=/share' },
        config: { unused0: 'local-lvm:vm-234-disk-9' },
      });
      const { output } = await product.call('delete_container', { selector: '234', dry_run: true });
      expect((output['result'] as { destroys_disks: { disk: string }[] }).destroys_disks.map(({ disk }) => disk)).toEqual([
        'rootfs',
        'unused0',
      ]);
      product.sim.cluster.removeGuest(234);
    });

    test('with force, a running one is stopped and then destroyed, in one job that shows both tasks', async () => {
      product.sim.cluster.container(230, { node: 'pve1', name: 'victim', status: 'running' });
      const { output } = await product.call('delete_container', { selector: '230', force: true, wait_seconds: 40 });
      expect(output).toMatchObject({ status: 'completed', task_id: expect.stringContaining(':vzdestroy:230:') });
      expect(sent()).toEqual(['POST /nodes/pve1/lxc/230/status/stop', 'DELETE /nodes/pve1/lxc/230']);
      const { output: job } = await product.call('get_job', { job_id: output['job_id'] });
      expect(JSON.stringify(job)).toMatch(/:vzstop:230:/);
      expect(product.sim.cluster.guest(230)).toBeUndefined();
    });

    test('does not destroy another container that has come under the id while the stop was under way', async () => {
      product.sim.cluster.container(233, { node: 'pve2', name: 'mine', status: 'running' });
      const restore = product.sim.faults.delay('POST /nodes/pve2/lxc/233/status/stop', 60, { times: 1 });
      const { output } = await product.call('delete_container', { selector: '233', force: true });
      product.sim.cluster.removeGuest(233);
      product.sim.cluster.container(233, { node: 'pve2', name: 'yours', status: 'stopped' });
      const { output: job } = await product.call('poll_job', { job_id: output['job_id'], wait_seconds: 40 });
      restore();
      expect(job).toMatchObject({ status: 'failed' });
      expect(JSON.stringify(job)).toContain('another container than when this was asked for');
      expect(product.sim.cluster.guest(233)).toBeDefined();
      product.sim.cluster.removeGuest(233);
    });

    test.each([
      ['a running one without force', { status: 'running' as const }, 'Container 231 is running.'],
      ['a protected one', { protection: true }, 'Container 231 is protected against deletion.'],
      ['a locked one', { lock: 'backup' }, 'CT 231 is locked (backup).'],
    ])('refuses %s', async (_what, facts, message) => {
      product.sim.cluster.container(231, { node: 'pve1', ...facts });
      const { error } = await product.call('delete_container', { selector: '231' });
      expect(error).toMatchObject({ code: 'conflict', message });
      expect(writes()).toEqual([]);
      product.sim.cluster.removeGuest(231);
    });

    test('one that HA manages needs purge', async () => {
      product.sim.cluster.container(232, { node: 'pve1', ha: 'stopped' });
      expect((await product.call('delete_container', { selector: '232' })).error).toMatchObject({
        code: 'conflict',
        hint: 'Repeat with purge=true to remove it from HA too.',
      });
      const { output } = await product.call('delete_container', { selector: '232', purge: true, wait_seconds: 40 });
      expect(output['status']).toBe('completed');
    });
  });

  describe('get_container_config', () => {
    test('shows disks, networks and features in readable parts', async () => {
      product.sim.cluster.container(203, { config: { description: 'owned by ops', features: 'nesting=1,keyctl=1', env: 'TOKEN=abc' } });
      const { output, text } = await product.call('get_container_config', { node: 'pve1', vmid: '203' });
      expect(output).toMatchObject({
        vmid: 203,
        node: 'pve1',
        hostname: 'wiki',
        memory_bytes: 2 * GIB,
        features: ['nesting', 'keyctl'],
        description: 'owned by ops',
        disks: [{ disk: 'rootfs', path: '/', size_bytes: 16 * GIB }],
        networks: [{ id: 'net0', name: 'eth0', bridge: 'vmbr0', ip: 'dhcp', vlan_tag: null }],
        other: { env: '<secret>' },
        pending: [],
      });
      expect(text).not.toContain('abc');
    });

    test.each(['101/../../qemu/100', '../../../../access/users?x='])(
      'an id that climbs out of its path (%s) reaches nothing',
      async (vmid) => {
        expect((await product.call('get_container_config', { node: 'pve1', vmid })).error).toMatchObject({ code: 'invalid_input' });
        expect(product.sim.requests.list().filter(({ path }) => !path.includes('/tasks'))).toEqual([]);
      },
    );

    test('says when the id is a VM', async () => {
      expect((await product.call('get_container_config', { vmid: 100 })).error).toMatchObject({
        code: 'not_found',
        message: '100 is a VM, not a container.',
      });
    });
  });

  describe('get_container_ip', () => {
    test('shows the addresses of a running container', async () => {
      const { output, text } = await product.call('get_container_ip', { vmid: 202 });
      expect(output).toMatchObject({
        running: true,
        primary_ip: '192.0.2.90',
        interfaces: [{ name: 'eth0', configured: ['dhcp'], addresses: [{ address: '192.0.2.90', prefix_length: 24, family: 'inet' }, {}] }],
      });
      expect(text.split('\n')[0]).toBe('Container 202 monitoring on pve3: 192.0.2.90');
    });

    test('a stopped one has none, and shows what it is configured with', async () => {
      product.sim.cluster.container(205, { status: 'stopped' });
      const { output, isError } = await product.call('get_container_ip', { node: 'pve2', vmid: 205 });
      expect(isError).toBe(false);
      expect(output).toMatchObject({
        running: false,
        primary_ip: null,
        interfaces: [{ name: 'eth0', configured: ['dhcp'], addresses: [] }],
      });
    });
  });
});
