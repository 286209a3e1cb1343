import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import { route } from '../../src/proxmox/route.ts';

/** Strings an attacker would try, and mixtures of them with anything else. */
const hostile = fc.oneof(
  fc.constantFrom(
    '../../7772',
    '..%2f..%2f7772',
    '%2e%2e/7772',
    'a/b',
    'a%2Fb',
    '.',
    '..',
    '',
    ' ',
    'x\n',
    'x\0',
    'x?y=1',
    'x#y',
    'x;y',
    'x\\y',
    '１０１',
    'local:../x',
    'local:iso/../../x',
    'local:a//b',
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('.', '/', '%', '2', 'f', 'F', 'e', 'a', '1', ':', '\\', '\u202e'), maxLength: 20 }),
);

/** What Proxmox VE sees: it unescapes the whole path first and splits it afterwards. */
const asProxmoxSplits = (path: string): readonly string[] => decodeURIComponent(path).split('/');

test.each([
  ['node', (value: string) => route('/nodes/{node}/status', { node: value }), 4],
  ['vmid', (value: string) => route('/nodes/{node}/qemu/{vmid}/status/start', { node: 'pve1', vmid: value }), 7],
  ['snapname', (value: string) => route('/nodes/{node}/qemu/{vmid}/snapshot/{snapname}', { node: 'pve1', vmid: 101, snapname: value }), 7],
  ['storage', (value: string) => route('/nodes/{node}/storage/{storage}/content', { node: 'pve1', storage: value }), 6],
  ['poolid', (value: string) => route('/pools/{poolid}', { poolid: value }), undefined],
  ['upid', (value: string) => route('/nodes/{node}/tasks/{upid}/status', { node: 'pve1', upid: value }), 6],
] as const)('no %s reaches another path than its own', (_name, build, parts) => {
  fc.assert(
    fc.property(hostile, (value) => {
      let path: string;
      try {
        ({ path } = build(value));
      } catch (error) {
        expect(error).toBeInstanceOf(OperationError);
        return;
      }
      const split = asProxmoxSplits(path);
      expect(split.slice(1).every((part) => part !== '' && part !== '.' && part !== '..')).toBe(true);
      if (parts !== undefined) expect(split).toHaveLength(parts);
    }),
    { numRuns: 20_000 },
  );
});

test('a volid keeps its slashes and can climb nowhere', () => {
  const { path } = route('/nodes/{node}/storage/{storage}/content/{volume}', {
    node: 'pve1',
    storage: 'local',
    volume: 'local:iso/debian 13.iso',
  });
  expect(path).toBe('/nodes/pve1/storage/local/content/local%3Aiso%2Fdebian%2013.iso');
  fc.assert(
    fc.property(hostile, (tail) => {
      try {
        const built = route('/nodes/{node}/storage/{storage}/content/{volume}', {
          node: 'pve1',
          storage: 'local',
          volume: `local:${tail}`,
        });
        expect(asProxmoxSplits(built.path).every((part, index) => index === 0 || (part !== '' && part !== '.' && part !== '..'))).toBe(
          true,
        );
      } catch (error) {
        expect(error).toBeInstanceOf(OperationError);
      }
    }),
    { numRuns: 20_000 },
  );
});

test('a refused value is named with its placeholder and what to do', () => {
  expect(() => route('/nodes/{node}/qemu/{vmid}/snapshot/{snapname}', { node: 'pve1', vmid: 101, snapname: '../../7772' })).toThrow(
    expect.objectContaining({ code: 'invalid_input', message: '"../../7772" is not a valid snapname.', effect: 'none' }),
  );
});
