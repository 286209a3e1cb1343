import { describe, expect } from 'vitest';
import { paritySuite, rows } from './parity-test.ts';

const test = paritySuite();

const number = expect.any(Number) as number;
const text = expect.any(String) as string;
const flag = expect.toSatisfy((value) => value === 0 || value === 1) as number;

describe('Proxmox VE, when it is looked at,', () => {
  test('tells its version', async (pve) => {
    const release = expect.stringMatching(/^\d+\.\d+$/) as string;
    expect(await pve.call('GET', '/version')).toMatchObject({ status: 200, json: { data: { release, version: text } } });
  });

  test('lists guests, nodes and storages in one answer', async (pve) => {
    const resources = rows((await pve.call('GET', '/cluster/resources')).json?.data);
    const named = (id: string): unknown => resources.find((row) => row['id'] === id);
    expect(named(`node/${pve.node}`)).toMatchObject({ type: 'node', status: 'online', maxcpu: number, maxmem: number, uptime: number });
    expect(named(`qemu/${pve.vm}`)).toMatchObject({ type: 'qemu', vmid: pve.vm, node: pve.node, template: 0, maxmem: number });
    expect(named(`lxc/${pve.container}`)).toMatchObject({ type: 'lxc', vmid: pve.container, node: pve.node, status: 'stopped' });
    expect(resources.find((row) => row['type'] === 'storage')).toMatchObject({
      storage: text,
      shared: flag,
      content: text,
      plugintype: text,
    });
  });

  test('says which nodes are online, and which one answers', async (pve) => {
    const status = rows((await pve.call('GET', '/cluster/status')).json?.data);
    expect(status.find((row) => row['id'] === `node/${pve.node}`)).toMatchObject({ type: 'node', name: pve.node, online: 1 });
    expect(status.filter((row) => row['local'] === 1)).toHaveLength(1);
  });

  test('tells the fingerprint of the certificate of a node', async (pve) => {
    const nodes = rows((await pve.call('GET', '/nodes')).json?.data);
    const ssl_fingerprint = expect.stringMatching(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/) as string;
    expect(nodes.find((row) => row['node'] === pve.node)).toMatchObject({ status: 'online', ssl_fingerprint });
  });

  test('measures a node in bytes, seconds and fractions', async (pve) => {
    expect((await pve.call('GET', `/nodes/${pve.node}/status`)).json?.data).toMatchObject({
      uptime: number,
      cpu: number,
      cpuinfo: { cpus: number },
      memory: { total: number, used: number },
      rootfs: { total: number, used: number },
      loadavg: [text, text, text],
      pveversion: text,
    });
  });

  test('lists the storages of a node, and what lies on one', async (pve) => {
    const storages = rows((await pve.call('GET', `/nodes/${pve.node}/storage`)).json?.data);
    expect(storages[0]).toMatchObject({ storage: text, type: text, content: text, enabled: flag, active: flag });
    const images = storages.find((row) => row['active'] === 1 && String(row['content']).includes('images'))?.['storage'];
    const content = await pve.call('GET', `/nodes/${pve.node}/storage/${String(images)}/content?content=images`);
    for (const row of rows(content.json?.data))
      expect(row).toMatchObject({ volid: expect.stringContaining(`${String(images)}:`) as string, format: text, size: number });
  });

  test('gives the next free id as text', async (pve) => {
    expect((await pve.call('GET', '/cluster/nextid')).json?.data).toMatch(/^\d+$/);
    expect(await pve.call('GET', `/cluster/nextid?vmid=${pve.vm}`)).toMatchObject({
      status: 400,
      json: { errors: { vmid: `VM ${pve.vm} already exists` } },
    });
  });

  test('tells a token its privileges', async (pve) => {
    const privileges = (await pve.call('GET', '/access/permissions')).json?.data as Record<string, Record<string, number>>;
    expect(privileges['/vms']).toMatchObject({ 'VM.PowerMgmt': flag, 'VM.Audit': flag });
  });

  test('shows the configuration of a guest with its digest', async (pve) => {
    const digest = expect.stringMatching(/^[0-9a-f]{40}$/) as string;
    expect((await pve.call('GET', `/nodes/${pve.node}/qemu/${pve.vm}/config`)).json?.data).toMatchObject({ digest });
    expect((await pve.call('GET', `/nodes/${pve.node}/lxc/${pve.container}/config`)).json?.data).toMatchObject({ digest, rootfs: text });
  });

  test('knows no interfaces and no agent of a guest that is off', async (pve) => {
    expect((await pve.call('GET', `/nodes/${pve.node}/lxc/${pve.container}/interfaces`)).json).toMatchObject({ data: null });
    expect(await pve.call('POST', `/nodes/${pve.node}/qemu/${pve.vm}/agent/ping`)).toMatchObject({
      status: 500,
      reason: expect.stringMatching(new RegExp(`^(?:VM ${pve.vm} is not running|No QEMU guest agent configured)$`)) as string,
    });
  });

  test('looks for a guest where the path says, and nowhere else', async (pve) => {
    expect(await pve.call('GET', `/nodes/${pve.node}/qemu/${pve.container}/config`)).toMatchObject({
      status: 500,
      reason: `Configuration file 'nodes/${pve.node}/qemu-server/${pve.container}.conf' does not exist`,
    });
    expect(await pve.call('GET', `/nodes/${pve.node}/lxc/999999998/status/current`)).toMatchObject({
      status: 500,
      reason: `Configuration file 'nodes/${pve.node}/lxc/999999998.conf' does not exist`,
    });
  });

  test('decodes a whole path before it splits it', async (pve) => {
    expect((await pve.call('GET', `/nodes/${pve.node}%2Fqemu%2F${pve.vm}%2Fconfig`)).status).toBe(200);
  });

  test('refuses unknown paths, parameters and types, each in its own words', async (pve) => {
    expect(await pve.call('GET', '/nosuch')).toMatchObject({ status: 501, reason: "Method 'GET /nosuch' not implemented" });
    expect(await pve.call('GET', `/nodes/${pve.node}/qemu?nosuch=1`)).toMatchObject({
      status: 400,
      json: { errors: { nosuch: 'property is not defined in schema and the schema does not allow additional properties' } },
    });
    expect(await pve.call('GET', `/nodes/${pve.node}/qemu/abc/config`)).toMatchObject({
      status: 400,
      json: { errors: { vmid: "type check ('integer') failed - got 'abc'" } },
    });
    expect(await pve.call('PUT', `/nodes/${pve.node}/qemu/${pve.vm}/config`, { body: { onboot: 'true' } })).toMatchObject({
      status: 400,
      json: { errors: { onboot: "type check ('boolean') failed - got 'true'" } },
    });
  });

  test('refuses bodies in chunks, and bodies where none belongs', async (pve) => {
    const headers = { 'Transfer-Encoding': 'chunked' };
    expect(await pve.call('POST', '/pools', { headers, body: 'comment=x' })).toMatchObject({
      status: 501,
      reason: 'chunked transfer encoding not supported',
    });
    expect(await pve.call('DELETE', '/pools', { body: 'comment=x' })).toMatchObject({
      status: 501,
      reason: "Unexpected content for method 'DELETE'",
    });
  });

  test('refuses a bad token with an empty body', async (pve) => {
    expect(await pve.call('GET', '/version', { token: 'root@pam!nosuch=00000000-0000-0000-0000-000000000000' })).toMatchObject({
      status: 401,
      reason: 'Authentication failed!',
      text: '',
    });
  });

  test('answers the log of an unknown task with one line, and its status with an error', async (pve) => {
    const upid = `UPID:${pve.node}:00001234:00001234:6B000000:qmstart:100:root@pam:`;
    expect(await pve.call('GET', `/nodes/${pve.node}/tasks/${upid}/log`)).toMatchObject({
      status: 200,
      json: { total: 1, data: [{ n: 1, t: 'unable to open file - No such file or directory' }] },
    });
    expect(await pve.call('GET', `/nodes/${pve.node}/tasks/${upid}/status`)).toMatchObject({
      status: 400,
      json: { errors: { upid: 'no such task' } },
    });
  });
});
