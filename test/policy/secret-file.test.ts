import { expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { call, command, operation, policy } from './facts.ts';

const READ = operation('read_guest_file', 'read', 'commands');
const SECRET = [
  '/etc/shadow',
  '/etc/../etc//./shadow-',
  '/proc/self/root/etc/shadow',
  '/proc/1/root/proc/2/root/etc/gshadow',
  '/proc/1/environ',
  '/etc/ssh/ssh_host_ed25519_key',
  '/root/.ssh/id_ed25519',
  '/home/a/.aws/credentials',
  '/etc/ssl/private/site.key',
  '/etc/pve/priv/authkey.key',
  'C:\\Windows\\System32\\config\\SAM',
];
const PLAIN = [
  '/etc/hosts',
  '/etc/passwd',
  '/etc/shadowsocks.json',
  '/root/.ssh/id_ed25519.pub',
  '/root/.ssh/known_hosts',
  '/proc/1/status',
];

test.each(SECRET)('%s is read neither as a file nor by a command, whatever a rule allows', (path) => {
  const free = policy({ rules: [{ effect: 'allow', risks: ['read', 'execute'] }], commands: { mode: 'audit_only' } });
  const refused = { effect: 'deny', cause: 'built-in-denial' };
  expect(decide(call({ operation: READ, file: path }), free)).toMatchObject(refused);
  expect(decide(command(['cat', path]), free)).toMatchObject(refused);
  expect(decide(command(['sudo', 'cat', '--', path]), free)).toMatchObject({ effect: 'deny' });
});

test.each(PLAIN)('%s is read', (path) => {
  expect(decide(call({ operation: READ, file: path }), policy()).effect).toBe('allow');
  expect(decide(command(['cat', path]), policy({ commands: { mode: 'audit_only' } })).effect).toBe('allow');
});

test('an operator can give the denial up', () => {
  const given = policy({ commands: { without_built_in_denials: ['secret_file'], mode: 'audit_only' } });
  expect(decide(call({ operation: READ, file: '/etc/shadow' }), given).effect).toBe('allow');
  expect(decide(command(['cat', '/etc/shadow']), given).effect).toBe('allow');
});
