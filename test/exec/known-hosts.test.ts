import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseHostKeyFingerprint } from '../../src/exec/host-fingerprint.ts';
import { hostKeyAlgorithms, judgeHostKey, refusalHint } from '../../src/exec/host-key-verdict.ts';
import { findKnownKeys, parseKnownHosts } from '../../src/exec/known-hosts.ts';

function key(type: string, fill: number): Buffer {
  const name = Buffer.from(type);
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return Buffer.concat([field(name), field(Buffer.alloc(32, fill))]);
}
function hashed(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

const ED = key('ssh-ed25519', 1);
const OTHER = key('ssh-ed25519', 2);
const RSA = key('ssh-rsa', 3);
const line = (hosts: string, blob = ED, type = 'ssh-ed25519'): string => `${hosts} ${type} ${blob.toString('base64')} a comment\n`;
const target = { node: 'pve1', host: 'pve1.lab', port: 22 };

function verdict(text: string, options: { host?: string; port?: number; shown?: Buffer; pins?: string[] } = {}): string {
  const where = { ...target, host: options.host ?? target.host, port: options.port ?? 22 };
  const known = findKnownKeys(parseKnownHosts(text), where.host, where.port);
  return judgeHostKey(options.shown ?? ED, where, { pins: (options.pins ?? []).map(parseHostKeyFingerprint), known }).kind;
}

describe('known_hosts', () => {
  test.each([
    ['a plain name', line('pve1.lab'), {}, 'match'],
    ['a name in other case', line('PVE1.Lab'), { host: 'pve1.LAB' }, 'match'],
    ['one of several names', line('a,pve1.lab,10.0.0.1'), { host: '10.0.0.1' }, 'match'],
    ['another name', line('pve2.lab'), {}, 'unknown'],
    ['a name that is only a part', line('pve1'), {}, 'unknown'],
    ['a wildcard', line('*.lab'), {}, 'match'],
    ['a single-character wildcard', line('pve?.lab'), {}, 'match'],
    ['a wildcard that needs one more character', line('pve1?.lab'), {}, 'unknown'],
    ['a wildcard with the host negated', line('*.lab,!pve1.lab'), {}, 'unknown'],
    ['a negation alone', line('!pve2.lab'), {}, 'unknown'],
    ['a dot that is no wildcard', line('pve1xlab'), {}, 'unknown'],
    ['a hashed name', line(hashed('pve1.lab')), {}, 'match'],
    ['another hashed name', line(hashed('pve2.lab')), {}, 'unknown'],
    ['a port of its own', line('[pve1.lab]:2222'), { port: 2222 }, 'match'],
    ['another port', line('[pve1.lab]:2222'), { port: 2223 }, 'unknown'],
    ['a hashed name with a port', line(hashed('[pve1.lab]:2222')), { port: 2222 }, 'match'],
    ['no port where none is listed', line('pve1.lab'), { port: 2222 }, 'match'],
    ['an IPv6 address', line('[fe80::1]:2222'), { host: 'fe80::1', port: 2222 }, 'match'],
    ['another key of the same type', line('pve1.lab', OTHER), {}, 'changed'],
    ['two keys, one of them right', line('pve1.lab', OTHER) + line('pve1.lab'), {}, 'match'],
    ['a key of another type only', line('pve1.lab', RSA, 'ssh-rsa'), {}, 'unknown'],
    ['a revoked key', `@revoked ${line('*')}`, {}, 'revoked'],
    ['a key both trusted and revoked', line('pve1.lab') + `@revoked ${line('pve1.lab')}`, {}, 'revoked'],
    ['a revoked key for the host without its port', line('[pve1.lab]:2222') + `@revoked ${line('pve1.lab')}`, { port: 2222 }, 'revoked'],
    ['a certificate authority', `@cert-authority ${line('*.lab')}`, {}, 'unknown'],
    ['a marker that does not exist', `@trusted ${line('pve1.lab')}`, {}, 'unknown'],
    ['a comment', `# ${line('pve1.lab')}`, {}, 'unknown'],
    ['a line with the wrong type', line('pve1.lab', ED, 'ssh-rsa'), {}, 'unknown'],
    ['rubbish and then the line', `\u0000\n\n|1|x\npve1.lab\npve1.lab ssh-ed25519 !!!\n${line('pve1.lab')}`, {}, 'match'],
    ['Windows line ends and tabs', line('pve1.lab').replaceAll(' ', '\t').replace('\n', '\r\n'), {}, 'match'],
    ['nothing', '', {}, 'unknown'],
  ])('with %s', (_what, text, options, expected) => {
    expect(verdict(text, options)).toBe(expected);
  });

  test('takes no long time over a pattern made to be slow', () => {
    const started = performance.now();
    expect(verdict(line(`${'*a'.repeat(100)}b`), { host: 'a'.repeat(250) })).toBe('unknown');
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe('pinned fingerprints', () => {
  const pin = judgeHostKey(ED, target, { pins: [], known: findKnownKeys([], 'x', 22) }).presented.fingerprint;

  test.each([
    ['the right fingerprint', [pin], '', 'match'],
    ['a line of ssh-keygen', [`256 ${pin} root@pve1 (ED25519)`], '', 'match'],
    ['one of several', [`SHA256:${'A'.repeat(43)}`, pin], '', 'match'],
    ['the wrong fingerprint, although known_hosts agrees', [`SHA256:${'A'.repeat(43)}`], line('pve1.lab'), 'changed'],
    ['the right fingerprint, although known_hosts has another key', [pin], line('pve1.lab', OTHER), 'match'],
    ['the right fingerprint of a revoked key', [pin], `@revoked ${line('pve1.lab')}`, 'revoked'],
  ])('with %s', (_what, pins, text, expected) => {
    expect(verdict(text, { pins })).toBe(expected);
  });

  test.each(['MD5:00:11:22', 'SHA256:short', '', `sha256:${'A'.repeat(43)}`])('refuses %j', (text) => {
    expect(() => parseHostKeyFingerprint(text)).toThrow(/no SHA-256 fingerprint/);
  });

  test('say which setting pins a key that is not known yet', () => {
    const refused = judgeHostKey(ED, target, { pins: [], known: findKnownKeys([], 'x', 22) });
    if (refused.kind === 'match') throw new Error('an unknown key matched');
    expect(refused.setting).toEqual({ name: 'ssh.host_fingerprints', value: { pve1: pin } });
    expect(refusalHint(refused)).toContain('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    expect(verdict('', { pins: [refused.setting?.value['pve1'] ?? ''] })).toBe('match');
    expect(verdict(refused.knownHostsLine ?? '')).toBe('match');
  });
});

test('asks first for the types of key that can be verified', () => {
  const known = findKnownKeys(parseKnownHosts(line('pve1.lab', RSA, 'ssh-rsa')), 'pve1.lab', 22);
  expect(hostKeyAlgorithms({ pins: [], known }).slice(0, 2)).toEqual(['rsa-sha2-512', 'rsa-sha2-256']);
  expect(hostKeyAlgorithms({ pins: [parseHostKeyFingerprint(`256 SHA256:${'A'.repeat(43)} x (ECDSA)`)], known })[0]).toBe(
    'ecdsa-sha2-nistp256',
  );
});
