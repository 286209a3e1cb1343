import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedResponse } from './agreement.ts';
import { call, type Answer, type PveTarget } from './pve-target.ts';
import { startRecordedWorld } from './recorded-world.ts';
import type { Simulator } from '../../src/simulator/start-simulator.ts';

/** An exchange with a real Proxmox VE 9.2, and how the task that it started ended. */
export interface Recording {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly response: RecordedResponse;
  readonly exitstatus?: string;
}

const FOLDER = join(import.meta.dirname, 'recordings');

/** All recordings that are claimed to agree. */
export const recordings = (): Recording[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) =>
      readFileSync(join(FOLDER, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Recording),
    );

/** The credential of a recording with the secret of the simulated token. Wrong secrets stay wrong. */
function authorization(sim: Simulator, name: string, recorded: string | undefined): string | undefined {
  if (recorded === undefined || name.includes('bad-token-secret')) return recorded;
  const [, userid, tokenid] = /([^\s=]+@\w+)!([\w-]+)[=:]<secret>/.exec(recorded) ?? [];
  if (userid === undefined || tokenid === undefined) return recorded;
  const value = sim.cluster.user(userid).tokens.get(tokenid)?.value;
  return recorded.replace('<secret>', value ?? 'ffffffff-0000-4000-8000-000000000000');
}

/** Sends a recorded request to a simulator in the recorded state; tasks run to their end. */
export async function replay(recording: Recording): Promise<{ answer: Answer; exitstatus: string | undefined }> {
  const sim = await startRecordedWorld(recording.name);
  try {
    const target: PveTarget = { url: sim.url, token: '', ca: sim.caCertificate };
    const { Authorization, ...recorded } = recording.request.headers ?? {};
    const headers: Record<string, string> = { ...recorded };
    const credential = authorization(sim, recording.name, Authorization);
    const { method, path, body } = recording.request;
    if (headers['Cookie'] !== undefined && !recording.name.includes('bad-cookie')) {
      const login = await call(target, 'POST', '/access/ticket', {
        token: null,
        body: { username: 'alice@pve', password: 'Secret-alice-1' },
      });
      const session = login.json?.data as { ticket: string; CSRFPreventionToken: string };
      headers['Cookie'] = headers['Cookie'].replace(
        '<ticket>',
        recording.name.includes('unescaped') ? session.ticket : encodeURIComponent(session.ticket),
      );
      if (recording.name === 'cookie-post-csrf') headers['CSRFPreventionToken'] = session.CSRFPreventionToken;
      sim.requests.clear();
    }
    const pending = call(target, method, path, {
      base: '',
      token: null,
      headers: {
        ...headers,
        ...(credential === undefined ? {} : { Authorization: credential }),
        ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const answered = new AbortController();
    const answering = pending.finally(() => {
      answered.abort();
    });
    while (!answered.signal.aborted) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (sim.requests.count() > 0) await sim.clock.advance(1);
    }
    const answer = await answering;
    const upid = answer.json?.data;
    await sim.clock.advance(4000);
    const task = typeof upid === 'string' ? sim.cluster.tasks().find((other) => other.upid === upid) : undefined;
    return { answer, exitstatus: task?.exitstatus };
  } finally {
    await sim.close();
  }
}
