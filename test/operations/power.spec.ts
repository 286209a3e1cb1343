import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

let product: Product;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.close());

const writes = (): readonly string[] =>
  product.sim.requests
    .list()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`);
const call = (name: string, args: Readonly<Record<string, unknown>>) => {
  product.sim.requests.clear();
  return product.call(name, { wait_seconds: 40, ...args });
};
type Facts = Parameters<Product['sim']['cluster']['vm']>[1];
const vm = (vmid: number, facts: Facts) => product.sim.cluster.vm(vmid, { node: 'pve1', ...facts });
const container = (vmid: number, facts: Facts) => product.sim.cluster.container(vmid, { node: 'pve1', ...facts });

describe('a guest that ignores the request to shut down', () => {
  test('stays running, and the job fails after the time that was given', async () => {
    container(700, { status: 'running', shutdownSeconds: Infinity });
    const { output, text } = await call('stop_container', { selector: '700', timeout_seconds: 30, force_stop: false });
    expect(output['status'], text).toBe('failed');
    expect(product.sim.cluster.guest(700)?.status).toBe('running');
    expect(product.sim.requests.list('POST /nodes/*/lxc/700/status/shutdown')[0]?.body).toMatchObject({ timeout: '30' });
  });

  test('is switched off after that time when force_stop is given', async () => {
    container(701, { status: 'running', shutdownSeconds: Infinity });
    const { output, text } = await call('stop_container', { selector: '701', timeout_seconds: 30, force_stop: true });
    expect(output['status'], text).toBe('completed');
    expect(product.sim.cluster.guest(701)?.status).toBe('stopped');
  });
});

describe('a container that ignores the request to restart', () => {
  test('stays as it is, and the job fails after the time that was given', async () => {
    container(712, { status: 'running', shutdownSeconds: Infinity });
    const { output, text } = await call('restart_container', { selector: '712', timeout_seconds: 30 });
    expect(output['status'], text).toBe('failed');
    expect(product.sim.cluster.guest(712)?.status).toBe('running');
  });

  test('is killed after that time and started when force_stop is given, in one job', async () => {
    container(713, { status: 'running', shutdownSeconds: Infinity });
    const before = product.sim.cluster.guest(713)?.pid;
    const { output, text } = await call('restart_container', { selector: '713', timeout_seconds: 30, force_stop: true });
    expect(output['status'], text).toBe('completed');
    expect(writes()).toEqual(['POST /nodes/pve1/lxc/713/status/shutdown', 'POST /nodes/pve1/lxc/713/status/start']);
    expect(product.sim.requests.list('POST /nodes/*/lxc/713/status/shutdown')[0]?.body).toEqual({ timeout: '30', forceStop: '1' });
    expect(product.sim.cluster.guest(713)?.status).toBe('running');
    expect(product.sim.cluster.guest(713)?.pid).not.toBe(before);
  });

  test('is stopped again by a retry after a stop that failed, and not taken for restarted', async () => {
    container(714, { status: 'running' });
    const restore = product.sim.faults.failTask('vzshutdown', 'received interrupt', { times: 1 });
    const { output } = await call('restart_container', { selector: '714', force_stop: true });
    restore();
    expect(output['status']).toBe('failed');
    const before = product.sim.cluster.guest(714)?.pid;
    expect((await call('retry_job', { job_id: output['job_id'] })).isError).toBe(false);
    expect((await call('poll_job', { job_id: output['job_id'] })).output['status']).toBe('completed');
    expect(product.sim.cluster.guest(714)?.pid).not.toBe(before);
  });
});

describe('a guest that is where it is wanted', () => {
  test.each(['stop_vm', 'shutdown_vm'])('%s leaves a stopped VM alone', async (name) => {
    vm(702, { status: 'stopped' });
    expect((await call(name, { vmid: 702 })).output).toMatchObject({ status: 'unchanged', effect: 'none' });
    expect(writes()).toEqual([]);
  });

  test('stop_container leaves a stopped container alone', async () => {
    container(703, { status: 'stopped' });
    expect((await call('stop_container', { selector: '703' })).output).toMatchObject({ status: 'unchanged' });
    expect(writes()).toEqual([]);
  });
});

describe('a guest that cannot be switched', () => {
  test.each(['start_vm', 'shutdown_vm'])('%s of a locked VM is a failed job that names the lock', async (name) => {
    vm(704, { status: name === 'start_vm' ? 'stopped' : 'running', lock: 'backup' });
    const { output } = await call(name, { vmid: 704 });
    // A VM that was asked to shut down may still obey; one that did not start is as it was.
    expect(output).toMatchObject({
      status: 'failed',
      message: 'VM is locked (backup)',
      effect: name === 'start_vm' ? 'none' : 'unknown',
    });
    expect(product.sim.cluster.guest(704)?.status).toBe(name === 'start_vm' ? 'stopped' : 'running');
  });

  test('reset_vm of a stopped VM says that it is not running', async () => {
    vm(705, { status: 'stopped' });
    const { error, text } = await call('reset_vm', { vmid: 705 });
    expect(error, text).toMatchObject({ code: 'conflict', effect: 'none' });
    expect(writes()).toEqual([]);
  });

  test('restart_container of a stopped container says that it is not running', async () => {
    container(706, { status: 'stopped' });
    const { error, text } = await call('restart_container', { selector: '706' });
    expect(error, text).toMatchObject({ code: 'conflict', effect: 'none' });
    expect(writes()).toEqual([]);
  });
});

describe('a VM that is paused, which lists call running', () => {
  test('is no stopped one: stop_vm switches it off', async () => {
    vm(707, { status: 'paused' });
    const { output, text } = await call('stop_vm', { vmid: 707 });
    expect(output['status'], text).toBe('completed');
    expect(product.sim.cluster.guest(707)?.status).toBe('stopped');
  });

  test('is not said to run already by start_vm', async () => {
    vm(709, { status: 'paused' });
    const { error } = await call('start_vm', { vmid: 709 });
    expect(error).toMatchObject({ code: 'conflict', message: 'VM 709 is on, but paused; starting does not change that.' });
    expect(error.hint).toContain('resumes it');
    expect(writes()).toEqual([]);
  });

  test('is not asked by shutdown_vm, which Proxmox would refuse, unless the plug may be pulled', async () => {
    vm(710, { status: 'paused' });
    const { error } = await call('shutdown_vm', { vmid: 710 });
    expect(error).toMatchObject({ code: 'conflict', message: 'VM 710 is paused, so its system cannot shut down.' });
    expect(writes()).toEqual([]);
    const { output, text } = await call('shutdown_vm', { vmid: 710, force_stop: true });
    expect(output['status'], text).toBe('completed');
    expect(product.sim.cluster.guest(710)?.status).toBe('stopped');
  });

  test('because a backup has started it in that state is told to be locked', async () => {
    vm(711, { status: 'paused', lock: 'backup' });
    expect((await call('start_vm', { vmid: 711 })).error).toMatchObject({ message: 'VM 711 is locked (backup).' });
  });
});

test('a VM under HA is started by HA, and the job ends when it runs', async () => {
  vm(708, { status: 'stopped', ha: 'stopped' });
  const { output, text } = await call('start_vm', { vmid: 708 });
  expect(output['status'], text).toBe('completed');
  expect(text).toContain(':hastart:708:');
  expect(product.sim.cluster.guest(708)?.status).toBe('running');
});
