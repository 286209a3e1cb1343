import { expect, test } from 'vitest';
import { auditedStep } from '../../src/dispatch/audited-step.ts';

const audited = (argv: readonly string[], stdin?: string): Readonly<Record<string, unknown>> =>
  auditedStep({
    kind: 'command',
    channel: 'ssh',
    node: 'pve1',
    vmid: 101,
    targets: [],
    task: null,
    timeoutSeconds: 1,
    argv,
    ...(stdin === undefined ? {} : { stdin: Buffer.from(stdin) }),
  });

test.each([
  [
    ['mysql', '--password=hush'],
    ['mysql', '--password=<secret>'],
  ],
  [
    ['mysql', '--password', 'hush', 'db'],
    ['mysql', '--password', '<secret>', 'db'],
  ],
  [
    ['tool', '--api-key', 'hush'],
    ['tool', '--api-key', '<secret>'],
  ],
  [
    ['env', 'DB_PASSWORD=hush', 'TOKEN:hush'],
    ['env', 'DB_PASSWORD=<secret>', 'TOKEN:<secret>'],
  ],
  [
    ['curl', 'https://user:hush@example.org/x'],
    ['curl', 'https://user:<secret>@example.org/x'],
  ],
  [
    ['ls', '-l', '/srv'],
    ['ls', '-l', '/srv'],
  ],
])('a command is kept without what looks like a secret: %j', (argv, kept) => {
  const { argv: shown, argv_sha256: hash } = audited(argv);
  expect(shown).toEqual(kept);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
});

test('standard input is kept as length and hash', () => {
  const kept = audited(['cat'], 'hush-hush');
  expect(kept).toMatchObject({ stdin_bytes: 9, stdin_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(JSON.stringify(kept)).not.toContain('hush');
});
