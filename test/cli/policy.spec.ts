import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCommandLine, type CommandLine } from './run.ts';

let line: CommandLine;
beforeAll(async () => {
  line = await startCommandLine();
});
afterAll(() => line[Symbol.asyncDispose]());
beforeEach(() => line.configure({}));

describe('policy explain', () => {
  test('tells the decision first, then every step', async () => {
    const { out, exitCode } = await line.run(['policy', 'explain', 'delete_vm', '--vmid', '101', '--can-ask']);
    expect(exitCode).toBe(0);
    expect(out.split('\n')[0]).toMatch(/^ask \(OP_POLICY_APPROVAL_REQUIRED\): /);
    expect(out).toMatch(/^passes {2}scope: /m);
    expect(out).toMatch(/^ask {5}high risk: /m);
  });

  test('names the rules that matter, and counts unknown facts against the call', async () => {
    line.configure({ policy: { rules: [{ name: 'production', effect: 'deny', tags: ['prod'], operations: ['stop_vm'] }] } });
    const call = ['policy', 'explain', 'stop_vm', '--vmid', '101', '--json'];
    type Told = { decision: { effect: string; rules: readonly string[] } };
    expect((await line.run([...call, '--tags', 'prod'])).json<Told>().decision).toMatchObject({ effect: 'deny', rules: ['production'] });
    expect((await line.run([...call, '--tags', 'lab'])).json<Told>().decision.effect).toBe('allow');
    expect((await line.run([...call, '--unknown', 'tags'])).json<Told>().decision.effect).toBe('deny');
  });

  test('goes by what a call with these arguments would do', async () => {
    const call = ['policy', 'explain', 'restore_backup', '--vmid', '105', '--scopes', 'operate'];
    expect((await line.run(call)).out).toMatch(/^allow \(OP_POLICY_ALLOW\)/);
    expect((await line.run([...call, '--arguments', '{"overwrite":true}'])).out).toMatch(/^deny \(OP_POLICY_SCOPE\)/);
  });

  test('reads the facts about a guest from the cluster when asked to', async () => {
    line.sim.cluster.vm(8001, { status: 'stopped', protection: true });
    const { out } = await line.run(['policy', 'explain', 'delete_vm', '--vmid', '8001', '--live']);
    expect(out).toMatch(/^deny \(OP_POLICY_PROTECTED\)/);
  });

  test('judges commands', async () => {
    line.configure({ policy: { commands: { rules: [{ effect: 'allow', program: 'uptime' }] } } });
    expect((await line.run(['policy', 'explain', 'execute_vm_command', '--vmid', '101', '--command', 'uptime'])).out).toMatch(
      /^allow \(CMD_POLICY_ALLOW\)/,
    );
    expect((await line.run(['policy', 'explain', 'execute_vm_command', '--vmid', '101', '--command', 'uptime; reboot'])).out).toMatch(
      /^deny/,
    );
  });
});

describe('policy explain, where a static token is configured', () => {
  test('says what the call itself would be told', async () => {
    const token = 'a-token-of-old-times';
    line.configure({
      command_policy: {
        high_risk_mode: 'enforce',
        high_risk_require_approval_token: true,
        high_risk_approval_token: token,
      },
    });
    const explained = async (...more: string[]): Promise<string> =>
      (await line.run(['policy', 'explain', 'delete_vm', '--vmid', '105', ...more])).out.split(':')[0] ?? '';
    expect(await explained()).toBe('deny (OP_POLICY_APPROVAL_REQUIRED)');
    expect(await explained('--token', 'wrong')).toBe('deny (OP_POLICY_APPROVAL_REQUIRED)');
    expect(await explained('--token', 'right')).toBe('allow (OP_POLICY_ALLOW)');
    const { out } = await line.run(['call', 'delete_vm', '--vmid', '105', '--dry-run', '--json']);
    expect(out).toMatch(/"effect": ?"deny"/);
    expect(out).toContain('OP_POLICY_APPROVAL_REQUIRED');
  });

  test('asks nobody whose credential cannot answer', async () => {
    const call = ['policy', 'explain', 'delete_vm', '--vmid', '105', '--can-ask', '--scopes'];
    expect((await line.run([...call, 'destroy,approve'])).out).toMatch(/^ask /);
    expect((await line.run([...call, 'destroy'])).out).toMatch(/^allow \(OP_POLICY_AUDIT_ALLOW\)/);
  });
});

describe('policy test', () => {
  const file = (cases: string): string => {
    const path = join(line.folder, 'cases.yaml');
    writeFileSync(path, cases);
    return path;
  };

  test('passes when every decision is as expected', async () => {
    const path = file(
      '- { operation: get_vms, expect: allow }\n- { operation: delete_vm, vmid: 101, protected: true, expect: deny, code: OP_POLICY_PROTECTED }\n- { operation: stop_vm, vmid: 101, can_ask: true, expect: ask }\n',
    );
    const { out, exitCode } = await line.run(['policy', 'test', path]);
    expect([exitCode, out]).toEqual([0, '3 cases, all as expected.\n']);
  });

  test('names what differs, and fails', async () => {
    const { out, exitCode } = await line.run([
      'policy',
      'test',
      file(
        '- { operation: get_vms, expect: deny }\n- { operation: start_vm, vmid: 101, principal: "key:x", scopes: [read], expect: deny }\n',
      ),
    ]);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^case 1, get_vms by local over mcp-stdio: expected deny, decided allow\. /);
    expect(out).toContain('2 cases, 1 not as expected');
  });

  test('refuses a file with a misspelt fact', async () => {
    const { err, exitCode } = await line.run(['policy', 'test', file('- { operation: get_vms, vm_id: 1, expect: allow }\n')]);
    expect(exitCode).not.toBe(0);
    expect(err).toContain('vm_id');
  });
});

test('policy check reports what is weaker than the default', async () => {
  expect((await line.run(['policy', 'check'])).out).toBe('Nothing to report.\n');
  line.configure({ command_policy: { high_risk_mode: 'disabled' } });
  expect((await line.run(['policy', 'check'])).out).toMatch(/^weaker command_policy\.high_risk_mode: /m);
});

describe('approvals and the account of them', () => {
  let jobId = '';
  beforeEach(async () => {
    line.configure({ policy: { high_risk: { mode: 'enforce' } } });
    line.sim.cluster.vm(8002, { name: 'victim', status: 'stopped' });
    jobId = String((await line.run(['call', 'delete_vm', '--vmid', '8002', '--json'])).json()['job_id']);
  });

  test('list and show tell what waits', async () => {
    const listed = (await line.run(['approvals', 'list', '--json'])).json<readonly Record<string, unknown>[]>();
    expect(listed).toContainEqual(expect.objectContaining({ job_id: jobId, asked_by: 'local', summary: 'Delete VM 8002' }));
    const { out } = await line.run(['approvals', 'show', jobId]);
    expect(out).toMatch(/^Delete VM 8002\nOperation: delete_vm \(risk: destroy\), asked by local over cli\n/);
    expect(out).toContain('Guest: VM 8002 "victim"');
  });

  test('approve wants the name, does nothing without it, and lets the job go on with it', async () => {
    expect((await line.run(['approvals', 'approve', jobId])).exitCode).not.toBe(0);
    expect((await line.run(['approvals', 'approve', jobId, '--confirm', 'yes'])).err).toContain('nothing was approved');
    expect(line.sim.cluster.guest(8002)).toBeDefined();
    const { out, exitCode } = await line.run(['approvals', 'approve', jobId, '--confirm', 'victim', '--reason', 'agreed']);
    expect([exitCode, out]).toEqual([0, 'Delete VM 8002: approved, now succeeded\n']);
    expect(line.sim.cluster.guest(8002)).toBeUndefined();
  });

  test('deny ends the job', async () => {
    expect((await line.run(['approvals', 'deny', jobId])).out).toBe('Delete VM 8002: refused\n');
    expect((await line.run(['approvals', 'approve', jobId, '--confirm', 'victim'])).exitCode).not.toBe(0);
    expect(line.sim.cluster.guest(8002)).toBeDefined();
  });

  test('audit tail and export show the decisions, and verify finds a changed one', async () => {
    await line.run(['approvals', 'deny', jobId, '--reason', 'not today']);
    const told = (await line.run(['audit', 'tail', '--job', jobId])).out;
    expect(told).toMatch(/ decision delete_vm local cli /);
    expect(told).toMatch(/ approval delete_vm local cli .*"approve":false/);
    const exported = (await line.run(['audit', 'export', '--job', jobId])).out.trimEnd().split('\n');
    expect(exported.map((record) => (JSON.parse(record) as { event: string }).event)).toEqual(
      expect.arrayContaining(['decision', 'approval']),
    );
    expect((await line.run(['audit', 'verify'])).out).toMatch(/nothing was changed\.\n$/);
    const folder = join(line.folder, 'audit');
    const changed = String(
      readdirSync(folder).find((name) => name.endsWith('.jsonl') && readFileSync(join(folder, name), 'utf8').includes('not today')),
    );
    writeFileSync(join(folder, changed), readFileSync(join(folder, changed), 'utf8').replace('not today', 'of course'));
    const { out, exitCode } = await line.run(['audit', 'verify']);
    expect(exitCode).toBe(1);
    expect(out).toContain('was changed');
  });
});

test('the policy of the documentation decides as the documentation says', async () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'security.md'), 'utf8');
  const [policy = '', cases = ''] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = '']) => block);
  writeFileSync(join(line.folder, 'policy.yaml'), policy, { mode: 0o600 });
  writeFileSync(join(line.folder, 'documented.yaml'), cases);
  line.configure({ policy: { file: join(line.folder, 'policy.yaml') } });
  const { out, err, exitCode } = await line.run(['policy', 'test', join(line.folder, 'documented.yaml')]);
  expect([exitCode, out, err]).toEqual([0, '6 cases, all as expected.\n', '']);
  expect((await line.run(['policy', 'check'])).out).toBe('Nothing to report.\n');
});
