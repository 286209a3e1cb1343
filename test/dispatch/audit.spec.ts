import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAuditLog, type AuditLog } from '../../src/dispatch/audit-log.ts';
import { verifyAudit } from '../../src/dispatch/verify-audit.ts';
import { systemClock } from '../../src/domain/clock.ts';
import { createSecrets, type Secrets } from '../../src/domain/secrets.ts';

describe('the audit log', () => {
  let folder: string;
  let log: AuditLog;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'audit-'));
    log = open();
  });
  afterEach(async () => {
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (options: { maxFileBytes?: number; folder?: string; withinMs?: number; secrets?: Secrets } = {}): AuditLog => {
    const secrets = createSecrets();
    secrets.add('hush-hush');
    return createAuditLog({ folder, clock: systemClock, secrets, withinMs: 5000, ...options });
  };
  const write = async (count: number): Promise<void> => {
    for (let n = 1; n <= count; n += 1) await log.record({ event: 'intent', operation: 'start_vm', facts: { n } });
  };
  const file = (): string => join(folder, readdirSync(folder).find((name) => name.endsWith('.jsonl')) ?? '');
  const lines = (): string[] => readFileSync(file(), 'utf8').trimEnd().split('\n');
  const problems = async (): Promise<string> =>
    (await verifyAudit(folder)).findings.map(({ line, problem }) => `${line}: ${problem}`).join('; ');

  test('what was written verifies, in files that only the owner can read', async () => {
    await write(5);
    expect(await verifyAudit(folder)).toEqual({ files: 1, records: 6, findings: [] });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  test('one flipped byte is found, at its line', async () => {
    await write(5);
    writeFileSync(file(), readFileSync(file(), 'utf8').replace('"n":3', '"n":4'));
    expect(await problems()).toContain('4: was changed');
  });

  test('whichever byte is flipped, it is found, though the record may read the same', async () => {
    await log.record({ event: 'decision', principal: 'key:ü\u001b[m', facts: { n: 1e21, said: '\u2028"\\' } });
    const whole = readFileSync(file());
    const unnoticed: number[] = [];
    for (let at = 0; at < whole.length; at += 1) {
      for (const bit of [0x01, 0x20]) {
        const changed = Buffer.from(whole);
        changed.writeUInt8((changed.at(at) ?? 0) ^ bit, at);
        writeFileSync(file(), changed);
        if ((await verifyAudit(folder)).findings.length === 0) unnoticed.push(at);
      }
    }
    expect(unnoticed.map((at) => whole.subarray(at - 5, at + 3).toString())).toEqual([]);
  });

  test('a removed line is found', async () => {
    await write(5);
    writeFileSync(file(), `${lines().toSpliced(2, 1).join('\n')}\n`);
    expect(await problems()).toContain('3: does not follow');
  });

  test('a reordered pair is found', async () => {
    await write(5);
    const [first = '', second = '', ...rest] = lines().slice(2);
    writeFileSync(file(), `${[...lines().slice(0, 2), second, first, ...rest].join('\n')}\n`);
    expect(await problems()).toContain('does not follow');
  });

  test('records cut off at the end are found', async () => {
    await write(5);
    writeFileSync(file(), `${lines().slice(0, 3).join('\n')}\n`);
    expect(await problems()).toContain('ends at record 3, but 6 were written');
  });

  test('half a line at the end is found', async () => {
    await write(5);
    truncateSync(file(), statSync(file()).size - 10);
    expect(await problems()).toContain('cut off');
  });

  test('an added line is found', async () => {
    await write(2);
    appendFileSync(file(), `${lines()[1] ?? ''}\n`);
    expect(await problems()).toContain('does not follow');
  });

  test('a missing file is found', async () => {
    await write(2);
    rmSync(file());
    expect(await problems()).toContain('the file is missing');
  });

  test('a full file is continued in another one, and the chain goes on', async () => {
    log = open({ maxFileBytes: 300 });
    await write(10);
    const verdict = await verifyAudit(folder);
    expect(verdict.files).toBeGreaterThan(3);
    expect(verdict.findings).toEqual([]);
  });

  test('several servers share a folder', async () => {
    const other = open();
    await Promise.all([write(3), other.record({ event: 'decision' }), other.record({ event: 'decision' })]);
    await other.close();
    expect(await verifyAudit(folder)).toMatchObject({ files: 2, findings: [] });
  });

  test('secrets are taken out', async () => {
    await log.record({ event: 'decision', facts: { said: 'the password is hush-hush' } });
    expect(readFileSync(file(), 'utf8')).not.toContain('hush-hush');
  });

  test('a place that cannot be written refuses the record with what to do', async () => {
    const blocked = join(folder, 'a-file');
    writeFileSync(blocked, '');
    log = open({ folder: blocked });
    await expect(log.record({ event: 'intent' })).rejects.toMatchObject({
      code: 'internal',
      effect: 'none',
      details: { reason: 'audit_unavailable' },
    });
  });

  test.each(['null', 'true', '1024', 'delete_vm', 'intent', 'event', '":"x', ',"job_id":null'])(
    'a secret that reads %j neither breaks a record nor hides what was done',
    async (secret) => {
      const secrets = createSecrets();
      secrets.add(secret);
      log = open({ secrets });
      const facts = { memory: 1024, isForced: true, nothing: null, said: `it was ${secret}.` };
      await log.record({ event: 'intent', operation: 'delete_vm', job_id: null, facts });
      expect(JSON.parse(lines().at(-1) ?? '')).toMatchObject({
        event: 'intent',
        operation: 'delete_vm',
        job_id: null,
        facts: { ...facts, said: 'it was <secret>.' },
      });
      expect(await problems()).toBe('');
    },
  );

  test('an event loop that is busy refuses nothing', async () => {
    log = open({ withinMs: 200 });
    const recorded = log.record({ event: 'intent', operation: 'start_vm' });
    let isBusy = true;
    const busy = (): void => {
      const until = performance.now() + 250;
      while (performance.now() < until);
      if (isBusy) setTimeout(busy);
    };
    busy();
    try {
      await expect(recorded).resolves.toBeUndefined();
    } finally {
      isBusy = false;
    }
    expect(await problems()).toBe('');
  });

  test('a disk that hangs refuses the record within a second; when it answers again the chain goes on unbroken', async () => {
    await write(1);
    await log.close();
    log = open({ withinMs: 600 });
    await log.record({ event: 'intent', operation: 'start_vm' });
    // Opening a pipe that nobody writes to holds a thread of the file system for as long as a dead mount does.
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
    const hanging = Array.from({ length: threads }, () => openFile(pipe, 'r'));
    const startedAt = performance.now();
    const refusals = await Promise.allSettled([1, 2, 3].map((n) => log.record({ event: 'intent', facts: { n } })));
    const tookMs = performance.now() - startedAt;
    const writer = openSync(pipe, 'r+');
    for (const handle of await Promise.all(hanging)) await handle.close();
    closeSync(writer);
    expect(refusals.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(tookMs).toBeLessThan(1000);
    await log.record({ event: 'outcome', operation: 'start_vm' });
    expect(await problems()).toBe('');
  });
});
