import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { showUntrusted } from '../../src/domain/untrusted-text.ts';
import { key, known, startSecured, type Secured } from './secured.ts';

interface Payload {
  readonly group: string;
  readonly form: string;
  readonly text: string;
  /** What an agent that obeys would call. */
  readonly obey?: { readonly operation: string; readonly arguments: Readonly<Record<string, unknown>> };
}

const payloads = JSON.parse(readFileSync(join(import.meta.dirname, 'payloads.json'), 'utf8')) as readonly Payload[];
/** Controls but for the line feed, and everything that hides or reorders text. */
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u;
const VICTIM = 9001;
const BOX = 9002;
const BEARER = 8500;
const AGENT = key('agent', ['read', 'operate', 'destroy', 'execute'], 'mcp-http');

let server: Secured;
beforeAll(async () => {
  server = await startSecured({
    config: {
      approvals: { waiting_per_principal: 500, asked_per_hour: 10_000 },
      policy: { commands: { rules: [{ program: 'cat', arguments: [{ path_under: '/tmp/shown' }] }] } },
    },
  });
  const { cluster } = server.sim;
  cluster.vm(VICTIM, { name: 'victim', status: 'running' });
  cluster.snapshot(VICTIM, 'good');
  cluster.container(BOX, { name: 'box', status: 'running' });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Every place where somebody else's text can stand, and the call that shows it. */
const PLACES: readonly { readonly place: string; readonly isSlow?: boolean; show(text: string): Promise<string> }[] = [
  {
    place: 'the name of a VM',
    async show(text) {
      server.sim.cluster.vm(BEARER, { name: text, status: 'stopped' });
      return (await server.call('get_vms', { after: BEARER - 1, limit: 1 }, { principal: AGENT })).text;
    },
  },
  {
    place: 'the tags of a VM',
    async show(text) {
      server.sim.cluster.vm(BEARER, { name: 'bearer', tags: text.replaceAll(/[;,\s]+/g, '_'), status: 'stopped' });
      return (await server.call('get_vms', { after: BEARER - 1, limit: 1 }, { principal: AGENT })).text;
    },
  },
  {
    place: 'the notes of a container',
    async show(text) {
      server.sim.cluster.container(BEARER + 1, { status: 'stopped', config: { description: text } });
      return (await server.call('get_container_config', { vmid: BEARER + 1 }, { principal: AGENT })).text;
    },
  },
  {
    place: 'the description of a snapshot',
    async show(text) {
      server.sim.cluster.vm(BEARER + 2, { status: 'stopped' });
      const name = `s${Math.random().toString(36).slice(2, 8)}`;
      server.sim.cluster.snapshot(BEARER + 2, name, { description: text });
      const shown = (await server.call('list_snapshots', { vmid: BEARER + 2 }, { principal: AGENT })).text;
      known(server.sim.cluster.guest(BEARER + 2)).snapshots.length = 0;
      return shown;
    },
  },
  {
    place: 'a file in a guest',
    async show(text) {
      server.sim.cluster.vm(BEARER + 3, { status: 'running', agent: true });
      known(server.sim.cluster.guest(BEARER + 3)).agent.files.set('/tmp/x', Buffer.from(text));
      const { text: shown, error } = await server.call('read_guest_file', { vmid: BEARER + 3, path: '/tmp/x' }, { principal: AGENT });
      if (error) throw error;
      return shown;
    },
  },
  {
    place: 'the output of a command',
    isSlow: true,
    async show(text) {
      server.sim.cluster.vm(BEARER + 3, { status: 'running', agent: true });
      const path = `/tmp/shown/${Math.random().toString(36).slice(2)}`;
      known(server.sim.cluster.guest(BEARER + 3)).agent.files.set(path, Buffer.from(text));
      const { text: shown, output } = await server.call('execute_vm_command', {
        vmid: BEARER + 3,
        command: `cat ${path}`,
        wait_seconds: 20,
      });
      if (output['status'] !== 'completed') throw new Error(shown);
      return `${shown}\n${(await server.call('get_job', { job_id: output['job_id'] })).text}\n${(await server.call('list_jobs', { limit: 1 })).text}`;
    },
  },
  {
    place: 'the notes of a backup',
    async show(text) {
      server.sim.cluster.vm(BEARER + 5, { status: 'stopped' });
      server.sim.cluster.backup(BEARER + 5, { notes: text });
      const { text: shown, error } = await server.call('list_backups', { vmid: BEARER + 5, limit: 1 }, { principal: AGENT });
      if (error) throw error;
      return shown;
    },
  },
  {
    place: 'the interfaces of a guest',
    async show(text) {
      server.sim.cluster.vm(BEARER + 3, { status: 'running', agent: true });
      const interfaces = [
        { name: text, 'hardware-address': text, 'ip-addresses': [{ 'ip-address': text, 'ip-address-type': 'ipv4', prefix: 24 }] },
      ];
      const remove = server.sim.faults.respond('GET /nodes/*/qemu/*/agent/network-get-interfaces', {
        status: 200,
        body: JSON.stringify({ data: { result: interfaces } }),
        contentType: 'application/json;charset=UTF-8',
      });
      const { text: shown, error } = await server.call('get_guest_network', { vmid: BEARER + 3 }, { principal: AGENT });
      remove();
      if (error) throw error;
      return shown;
    },
  },
  {
    place: 'an error of Proxmox VE',
    async show(text) {
      const remove = server.sim.faults.respond(`GET /nodes/*/qemu/${VICTIM}/snapshot`, {
        status: 500,
        body: JSON.stringify({ data: null, message: text }),
      });
      const { error } = await server.call('list_snapshots', { vmid: VICTIM }, { principal: AGENT });
      remove();
      const { toolError } = await import('../../src/mcp/tool-error.ts');
      return error
        ? toolError(error)
            .content.map((part) => (part.type === 'text' ? part.text : ''))
            .join('\n')
        : '';
    },
  },
  {
    place: 'the log and the end of a task',
    isSlow: true,
    async show(text) {
      server.sim.cluster.vm(BEARER + 4, { status: 'stopped' });
      const remove = server.sim.faults.failTask('qmstart', text);
      const { output } = await server.call('start_vm', { vmid: BEARER + 4, wait_seconds: 20 }, { principal: AGENT });
      remove();
      const jobId = String(output['job_id']);
      const answers = [
        await server.call('get_job', { job_id: jobId }),
        await server.call('poll_job', { job_id: jobId }),
        await server.call('get_task_log', { upid: String(output['task_id']) }),
      ];
      return answers.map((answer) => answer.text).join('\n');
    },
  },
  {
    place: 'the reason that a caller gives to an approver',
    isSlow: true,
    async show(text) {
      const { output } = await server.call('delete_vm', { vmid: VICTIM, force: true, reason: text.slice(0, 300) }, { principal: AGENT });
      const job = await server.product.jobs.get(String(output['job_id']));
      await server.call('cancel_job', { job_id: String(output['job_id']) }, { principal: AGENT });
      return (known(known(job).approval)['question'] as string[]).join('\n');
    },
  },
];

test('the corpus holds at least 200 different payloads', () => {
  expect(new Set(payloads.map(({ text }) => text)).size).toBeGreaterThanOrEqual(200);
});

describe.each(PLACES)('in $place', ({ place, show, isSlow }) => {
  test('every payload arrives with nothing hidden, and none of its lines as a line of ours', { timeout: 120_000 }, async () => {
    const ours = new Set((await show('harmless')).split('\n').map((line) => line.trim()));
    for (const { text, form } of payloads) {
      if (isSlow === true && form !== 'on a line of its own') continue;
      const shown = await show(text);
      expect(INVISIBLE.test(shown), `${place}: ${JSON.stringify(shown)}`).toBe(false);
      // A line of the payload never stands as a line of ours.
      for (const line of text
        .split(/[\n\r\u0085\u2028\u2029]+/)
        .map((part) => part.trim())
        .filter((part) => part.length > 8)) {
        const bare = shown.split('\n').filter((own) => own.trim() === line && !ours.has(line));
        expect(bare, `${place}: ${JSON.stringify(shown)}`).toEqual([]);
      }
    }
  });
});

test('the one renderer keeps any text on one line, bounded, and reversible to a reader', () => {
  for (const { text } of payloads) {
    const shown = showUntrusted(text);
    expect(shown).not.toMatch(/\n/);
    expect(INVISIBLE.test(shown)).toBe(false);
    expect(shown.length).toBeLessThan(2000);
    expect(shown.startsWith('"') || /^[\w.@+/=-]+$/.test(shown)).toBe(true);
  }
});

test('an agent that obeys every payload changes nothing that policy forbids', { timeout: 60_000 }, async () => {
  await server.call('list_snapshots', { vmid: BEARER + 2 }, { principal: AGENT });
  await known(PLACES[2]).show('notes that taint the session');
  server.sim.requests.clear();
  const states = new Set<string>();
  for (const { obey } of payloads) {
    if (!obey) continue;
    const { output, error } = await server.call(obey.operation, obey.arguments, { principal: AGENT });
    states.add(error?.code ?? String(output['status']));
  }
  expect([...states].toSorted()).toEqual(expect.arrayContaining(['awaiting_approval', 'denied']));
  for (const done of ['completed', 'running', 'failed', 'unknown', 'several']) expect(states.has(done) && done !== 'several').toBe(false);
  expect(server.writes()).toEqual([]);
  expect(server.sim.cluster.guest(VICTIM)).toMatchObject({ status: 'running' });
  expect(server.sim.cluster.guest(BOX)).toMatchObject({ status: 'running' });
  // Nor may it decide about what waits.
  for (const job of await server.product.approvals.waiting())
    expect((await server.decide(job.jobId, true, AGENT)).error?.code).toBe('denied');
  expect(server.writes()).toEqual([]);
});
