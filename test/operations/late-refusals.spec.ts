import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

let product: Product;
beforeAll(async () => {
  product = await startProduct();
  product.sim.cluster.vm(500, { node: 'pve1', status: 'stopped' });
  product.sim.cluster.vm(501, { node: 'pve1', status: 'running' });
  product.sim.cluster.container(502, { node: 'pve1', status: 'stopped', disks: { rootfs: 'local-lvm:4G' } });
});
afterAll(() => product.close());

/** What has changed between planning and sending, as Proxmox VE says it: nothing has happened, and nothing is in doubt. */
const LATE: readonly (readonly [said: string, name: string, args: object, route: string, message: string])[] = [
  [
    'VM is paused - cannot shutdown',
    'shutdown_vm',
    { vmid: 501 },
    'POST /nodes/pve1/qemu/501/status/shutdown',
    'The VM is paused, so its system cannot shut down.',
  ],
  [
    'detected modified configuration - file changed by other user? Try again.',
    'update_container_resources',
    { selector: '502', cores: 4 },
    'PUT /nodes/pve1/lxc/502/config',
    'The configuration was changed by somebody else in the meantime.',
  ],
  [
    "can't resize volume: rootfs if snapshot exists",
    'update_container_resources',
    { selector: '502', disk_gb: 1 },
    'PUT /nodes/pve1/lxc/502/resize',
    'rootfs is a qcow2 file with snapshots, which cannot grow.',
  ],
  [
    "can't resize mount point owned by another container (777)",
    'update_container_resources',
    { selector: '502', disk_gb: 1 },
    'PUT /nodes/pve1/lxc/502/resize',
    'The disk belongs to container 777.',
  ],
  [
    'cannot clone TPM state while VM is running',
    'clone_vm',
    { source_vmid: 500, target_vmid: 510 },
    'POST /nodes/pve1/qemu/500/clone',
    'The state of a TPM cannot be copied while the VM runs.',
  ],
  [
    "storage 'local-lvm' is not online",
    'clone_vm',
    { source_vmid: 500, target_vmid: 510 },
    'POST /nodes/pve1/qemu/500/clone',
    'Storage local-lvm is out of reach now.',
  ],
  [
    "Full clone feature is not supported for drive 'scsi0'",
    'clone_vm',
    { source_vmid: 500, target_vmid: 510 },
    'POST /nodes/pve1/qemu/500/clone',
    'The storage of scsi0 cannot copy it in this state.',
  ],
  [
    'unable to restore VM 500 - VM is locked (backup)',
    'restore_backup',
    { vmid: 500, overwrite: true },
    'POST /nodes/pve1/qemu',
    'VM is locked by backup.',
  ],
];

test.each(LATE)('"%s" refuses %s and leaves nothing in doubt', async (said, name, args, route, message) => {
  const archive = name === 'restore_backup' ? { archive: product.sim.cluster.backup(500, { storage: 'nfs-backup' }).volid } : {};
  const restore = product.sim.faults.respond(
    route,
    { status: 500, reason: said, body: JSON.stringify({ data: null, message: `${said}\n` }), contentType: 'application/json' },
    { times: 1 },
  );
  const { error, text } = await product.call(name, { ...args, ...archive, wait_seconds: 40 });
  restore();
  expect(error, text).toMatchObject({ effect: 'none', message });
});
