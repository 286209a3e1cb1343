import { expect, test } from 'vitest';
import { readArguments } from '../../src/dispatch/read-arguments.ts';
import { registerOperation } from '../../src/dispatch/registered-operation.ts';
import { createSnapshot } from '../../src/operations/snapshots/create-snapshot.ts';
import { createVm } from '../../src/operations/vms/create-vm.ts';

test('wrong arguments are told in words, each with its value and what is expected', () => {
  const snapshot = registerOperation(createSnapshot, 'snapshots');
  const vm = registerOperation(createVm, 'vms');
  expect(() => readArguments(snapshot, { snapname: '1' })).toThrow(
    'Invalid arguments: vmid is missing; snapname ("1") must be a letter, then 1 to 39 letters, digits, - or _.',
  );
  expect(() => readArguments(snapshot, { vmid: 1, snapname: 'ok', wait_seconds: 99 })).toThrow(
    'Invalid arguments: vmid (1) must be at least 100; wait_seconds (99) must be at most 50.',
  );
  const wrong = () => readArguments(vm, { name: 'a', cpus: 1, memory: 512, bios: 'uefi', tags: 'x', disks: [{ big: 1 }] });
  expect(wrong).toThrow('bios ("uefi") must be one of seabios, ovmf');
  expect(wrong).toThrow('tags ("x") must be a list');
  expect(wrong).toThrow('disks.0 ({"big":1}) has no field "big"');
});
