import type { Simulator } from '../../src/simulator/start-simulator.ts';

/** What was different when a recording was made, by its name. */
export const DIFFERENCES: ReadonlyArray<readonly [RegExp, (sim: Simulator) => void]> = [
  [
    /^err-(?:qemu-(?:reboot|shutdown|stop|suspend|migrate|clone-linked)-?stopped|agent-ping-stopped)|^qemu-(?:start$|start-missing-disk|delete-purge|status-current-stopped|create2?$)|restore-qemu-exists|^err-qemu-(?:reboot|suspend|stop|shutdown)-stopped/,
    ({ cluster }) => {
      cluster.vm(100, { status: 'stopped' });
    },
  ],
  [
    /^err-lxc-(?:stop|reboot|resume|suspend|resize).*(?:stopped|shrink)|^lxc-(?:start|interfaces|clone|pending|feature)|^err-lxc-migrate|lxc-current$/,
    ({ cluster }) => {
      cluster.container(201, { status: 'stopped' });
    },
  ],
  [
    /^lxc-(?:start-200|start$)/,
    ({ cluster }) => {
      cluster.container(200, { status: 'stopped' });
    },
  ],
  [
    /locked|while-backup|put-lock/,
    ({ cluster }) => {
      cluster.vm(101, { lock: 'backup' });
      cluster.container(203, { lock: 'backup' });
    },
  ],
  [
    /config-during-backup/,
    ({ cluster }) => {
      cluster.vm(100, { lock: 'backup' });
    },
  ],
  [
    /paused|^qemu-resume$/,
    ({ cluster }) => {
      cluster.vm(100, { status: 'paused' });
    },
  ],
  [
    /agent-not-configured/,
    ({ cluster }) => {
      cluster.vm(111, { agent: false });
    },
  ],
  [
    /migrate-(?:self|unknown-node|offline-node)$/,
    ({ cluster }) => {
      cluster.vm(100, { status: 'running' });
    },
  ],
  [
    /^qemu-create|^err-vmid-string|^qemu-create-noboot|missing-disk-create/,
    ({ cluster }) => {
      for (const vmid of [100, 110, 113]) cluster.removeGuest(vmid);
    },
  ],
  [
    /^qemu-start-missing-disk|^qemu-delete-purge/,
    ({ cluster }) => {
      cluster.vm(100, { status: 'stopped', config: { scsi0: 'local:100/vm-100-disk-9.qcow2,size=96M' } });
    },
  ],
  [
    /^qemu-(?:delete-noboot)/,
    ({ cluster }) => {
      cluster.vm(110, { status: 'stopped' });
    },
  ],
  [
    /^qemu-clone-full-running/,
    ({ cluster }) => {
      cluster.removeGuest(101);
    },
  ],
  [
    /^qemu-template$/,
    ({ cluster }) => {
      cluster.vm(103, { template: false });
    },
  ],
  [
    /^lxc-create(?:-debian)?$/,
    ({ cluster }) => {
      for (const vmid of [200, 201]) cluster.removeGuest(vmid);
    },
  ],
  [
    /^restore-lxc-new/,
    ({ cluster }) => {
      cluster.removeGuest(203);
    },
  ],
  [
    /^restore-qemu-(?:new|with-start)/,
    ({ cluster }) => {
      for (const vmid of [103, 104]) cluster.removeGuest(vmid);
    },
  ],
  [
    /^qemu-config(?:-current)?-with-(?:pending|sshkeys)|^qemu-config-with/,
    ({ cluster }) => {
      cluster.vm(100, { config: { sshkeys: 'ssh-ed25519%20AAAA' } });
    },
  ],
  [
    /^agent-file-read/,
    ({ cluster }) => {
      for (const path of ['/tmp/x.txt', '/tmp/b']) cluster.vm(100).agent.files.set(path, Buffer.from('hello'));
    },
  ],
  [
    /^agent-exec-utf8-arg-latin1/,
    ({ cluster }) => {
      cluster.vm(100, { agent: 'stopped' });
    },
  ],
  [
    /^group-delete/,
    ({ cluster }) => {
      cluster.user('alice@pve', { groups: ['g1'] });
    },
  ],
  [
    /^role-delete/,
    ({ cluster }) => {
      cluster.role('MyRole', ['VM.Audit']);
    },
  ],
  [
    /^cluster-resources$/,
    ({ cluster }) => {
      cluster.pool('testpool', { vms: [100] });
    },
  ],
  [
    /two-disks|after-move|^qemu-config$|current-ha/,
    ({ cluster }) => {
      cluster.vm(100, { disks: { scsi0: 'local:96M', scsi1: 'local:1G' } });
    },
  ],
  [
    /bad-import/,
    ({ cluster }) => {
      cluster.remoteFile('http://127.0.0.1:8099/bad.iso', { invalid: 'Image is not in qcow2 format' });
    },
  ],
  [
    /^lxc-clone-full/,
    ({ cluster }) => {
      cluster.removeGuest(202);
    },
  ],
  [
    /snapshot/,
    ({ cluster }) => {
      cluster.snapshot(100, 'snap1', { description: 'first' });
      cluster.snapshot(201, 's1', { description: 'ct snap' });
    },
  ],
  [
    /snapshot-(?:list|rollback-vmstate|delete$|rollback$|rollback-not)|^qemu-snapshot-delete$|^lxc-snapshot-(?:delete|rollback)$/,
    ({ cluster }) => {
      cluster.snapshot(100, 'ram1', { vmstate: true });
      cluster.snapshot(201, 's2');
    },
  ],
  [
    /^(?:qemu|lxc)-snapshot-create$/,
    ({ cluster }) => {
      cluster.vm(100).snapshots.length = 0;
      cluster.container(201).snapshots.length = 0;
      cluster.vm(100).parent = undefined;
      cluster.container(201).parent = undefined;
    },
  ],
  [
    /^(?:ha-|cluster-resources-vm-ha|qemu-status-current-ha|err-ha-resource-exists)/,
    ({ cluster }) => {
      cluster.vm(100, { ha: 'started' });
    },
  ],
  [
    /^ha-qemu-start/,
    ({ cluster }) => {
      cluster.vm(100, { status: 'stopped' });
    },
  ],
  [
    /^ha-resource-add/,
    ({ cluster }) => {
      cluster.vm(100, { ha: null });
    },
  ],
  [
    /resume-from-disk/,
    ({ cluster }) => {
      cluster.vm(101, { lock: 'suspended', config: { vmstate: 'local:101/vm-101-state-suspend.raw' } });
    },
  ],
  [
    /qemu-suspend-todisk|qemu-stop-after-resume/,
    ({ cluster }) => {
      cluster.vm(101, { status: 'running' });
    },
  ],
  [
    /move-disk|add-disk-done|two-disks|qemu-resize|err-qemu-move-disk-same/,
    ({ cluster }) => {
      cluster.vm(100, { disks: { scsi0: 'local:96M', scsi1: 'local:1G' } });
    },
  ],
  [
    /move-disk-same/,
    ({ cluster }) => {
      cluster.vm(100, { disks: { scsi0: 'local:96M', scsi1: 'local2:1G' } });
    },
  ],
  [
    /expired/,
    ({ cluster }) => {
      cluster.createToken('bob@pve', 't1', { expire: 1 });
    },
  ],
  [
    /err-401-(?:disabled-user|token-of-disabled)/,
    ({ cluster }) => {
      cluster.user('bob@pve', { enable: false, password: 'Secret-bob-1' });
    },
  ],
  [
    /^user-(?!create)|^token-(?!create)|err-user-create-exists|err-token-create|^acl-|err-acl/,
    ({ cluster }) => {
      cluster.createToken('bob@pve', 't1', { privsep: true });
    },
  ],
  [
    /^token-create$|^err-token-delete/,
    ({ cluster }) => {
      cluster.user('bob@pve');
    },
  ],
  [
    /storage-disabled|with-disabled|storage-(?:update|delete)$|err-storage-update/,
    ({ cluster }) => {
      cluster.storage('dir3', { type: 'dir', content: ['iso', 'backup'], disabled: true });
    },
  ],
  [
    /pool-(?:cleanup|members|delete-not-empty|remove-members)|pool-with/,
    ({ cluster }) => {
      cluster.pool('jpool', { comment: 'via json', vms: [103] });
      cluster.pool('testpool', { vms: [101] });
    },
  ],
  [
    /pool-(?:update-array|delete2)|json-body-update-pool/,
    ({ cluster }) => {
      cluster.pool('jpool', { comment: 'via json' });
      cluster.pool('testpool', { vms: [101] });
    },
  ],
  [
    /pool-(?:delete$|delete-x)/,
    ({ cluster }) => {
      cluster.pool('cpool');
      cluster.pool('x');
    },
  ],
  [
    /delete-params-in-query/,
    ({ cluster }) => {
      cluster.pool('exp1');
    },
  ],
  [
    /download-url-exists/,
    ({ cluster }) => {
      cluster.iso('small-dl.iso', { storage: 'local', node: 'pve1' });
    },
  ],
  [
    /download-url-404|url-metadata-404/,
    ({ cluster }) => {
      cluster.remoteFile('http://127.0.0.1:8099/none.iso', { status: 404 });
    },
  ],
  [
    /download-url-refused|metadata-refused/,
    ({ cluster }) => {
      cluster.remoteFile('http://127.0.0.1:9/x.iso', { isRefused: true });
    },
  ],
  [
    /checksum-mismatch/,
    ({ cluster }) => {
      cluster.remoteFile('http://127.0.0.1:8099/small.iso', {
        checksum: '071f5bf129e0b79dbbf7244ce24c6a28607766ee43caba036b116c7027a18109',
      });
    },
  ],
  [
    /content-delete-(?:small-dl|sum-ok|with-delay|delay-1)/,
    ({ cluster }) => {
      for (const name of ['small-dl.iso', 'sum-ok.iso', 'comp.iso', 'evil.iso']) cluster.iso(name, { storage: 'local', node: 'pve1' });
    },
  ],
];
