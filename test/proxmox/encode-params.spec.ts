import { expect, test } from 'vitest';
import { encodeParams } from '../../src/proxmox/encode-params.ts';

test('values survive a decoder that splits at ; and keeps only what stands before a second =', () => {
  const encoded = encodeParams({ boot: 'order=scsi0;net0', description: 'a=b+c & d' });
  const decoded = Object.fromEntries(
    encoded.split(/[&;]/).map((pair) => {
      const [name = '', value = ''] = pair.split('=');
      return [decodeURIComponent(name), decodeURIComponent(value.replaceAll('+', ' '))];
    }),
  );
  expect(decoded).toEqual({ boot: 'order=scsi0;net0', description: 'a=b+c & d' });
});

test('booleans travel as 0 and 1, lists as repeated keys', () => {
  expect(encodeParams({ full: true, onboot: false, command: ['ls', '-l'] })).toBe('full=1&onboot=0&command=ls&command=-l');
});
