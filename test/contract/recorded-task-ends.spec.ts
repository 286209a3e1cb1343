import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';
import { ONE_CALL_EACH } from './one-call-each.ts';

/** How tasks of a real Proxmox VE 9.2 ended that did not end well: type of task, operation that starts it, exit status. */
const RECORDED: readonly (readonly [type: string, name: string, exitStatus: string])[] = [
  ['download', 'download_iso', "checksum mismatch: got '071f5bf129e0b79d' != expect '0000000000000000'"],
  [
    'download',
    'download_iso',
    "failed to verify file: qemu-img: Could not open '/var/lib/vz/import/bad.qcow2.tmp_dwnl.3750': Image is not in qcow2 format",
  ],
  ['download', 'download_iso', "refusing to override existing file '/var/lib/vz/template/iso/small-dl.iso'"],
  ['download', 'download_iso', 'download failed: Connecting to 127.0.0.1:9... failed: Connection refused.'],
  ['download', 'download_iso', 'download failed: exit code 8'],
  ['download', 'download_iso', 'download failed: received interrupt'],
  ['imgdel', 'delete_iso', "base volume '103/base-103-disk-0.qcow2' is still in use by linked clones"],
  ['qmdelsnapshot', 'delete_snapshot', "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"],
  ['qmdelsnapshot', 'delete_snapshot', "snapshot 'none' does not exist"],
  ['qmdestroy', 'delete_vm', 'VM is locked (backup)'],
  ['qmrollback', 'rollback_snapshot', "snapshot 'none' does not exist"],
  ['qmshutdown', 'shutdown_vm', 'VM quit/powerdown failed - got timeout'],
  ['qmsnapshot', 'create_snapshot', "snapshot name 'snap1' already used"],
  ['qmsnapshot', 'create_snapshot', 'VM is locked (backup)'],
  ['qmstart', 'start_vm', "Configuration file 'nodes/pve1/qemu-server/777.conf' does not exist"],
  ['qmstart', 'start_vm', "volume 'local:100/vm-100-disk-0.qcow2' does not exist"],
  ['qmstart', 'start_vm', 'VM is locked (backup)'],
  ['qmstop', 'stop_vm', "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout"],
  ['vzcreate', 'create_container', "unable to create CT 209 - volume 'local:vztmpl/nosuch_1_amd64.tar.zst' does not exist"],
  ['vzdump', 'create_backup', 'interrupted by signal'],
  ['vzdump', 'create_backup', 'job errors'],
  ['vzstart', 'start_container', 'CT is locked (backup)'],
];

let product: Product;
let lastId = 60_000;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.close());

async function callOf(name: string) {
  const one = ONE_CALL_EACH.find((candidate) => candidate.name === name);
  if (one === undefined) throw new Error(`no call of ${name}`);
  const id = (lastId += 1);
  one.arrange?.(product.sim, id);
  const { output } = await product.call(name, { ...one.args(id, product.sim), wait_seconds: 50 });
  return output;
}

describe('a task that ended as one did on a real Proxmox VE', () => {
  test.each(RECORDED)('%s of %s: %s', async (type, name, exitStatus) => {
    const restore = product.sim.faults.failTask(type, exitStatus, { times: 1 });
    const output = await callOf(name);
    restore();
    expect(output).toMatchObject({ status: 'failed', message: exitStatus });
  });
});

/** Tasks whose worker was killed, or whose node went down. */
const CUT_OFF = [
  ['vzdump', 'create_backup'],
  ['qmstart', 'start_vm'],
  ['qmdestroy', 'delete_vm'],
  ['qmsnapshot', 'create_snapshot'],
  ['qmdelsnapshot', 'delete_snapshot'],
  ['imgdel', 'delete_iso'],
  ['vzcreate', 'create_container'],
] as const;

describe('a task that ended with an unexpected status', () => {
  test.each(CUT_OFF)('%s of %s counts as done where the world shows its work', async (type, name) => {
    product.sim.faults.unexpectedStatus(type, { times: 1, hasEffect: true });
    expect((await callOf(name))['status']).toBe('completed');
  });
});

// Each looks at the world for a quarter of a minute before it gives up.
describe.concurrent('a task that ended with an unexpected status and shows no work', () => {
  test.each(CUT_OFF)('%s of %s does not count as done', { timeout: 60_000 }, async (type, name) => {
    product.sim.faults.unexpectedStatus(type, { times: 1, hasEffect: false });
    expect(['failed', 'unknown']).toContain((await callOf(name))['status']);
  });
});
