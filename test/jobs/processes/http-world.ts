import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';

interface Request {
  readonly jobId: string;
  readonly attempt: number;
  readonly step: number;
  readonly verb: string;
  readonly vmid: number;
  /** It was carried out. */
  applied: boolean;
}

export interface HttpWorld {
  readonly url: string;
  /** Every write that arrived, in order. */
  readonly requests: Request[];
  readonly guests: Map<number, { exists: boolean; running: boolean; value: number }>;
  /** Verbs whose next request is carried out and whose answer is cut off. */
  readonly dropReply: Set<string>;
  /** Verbs whose next request is cut off and not carried out. */
  readonly dropRequest: Set<string>;
  /** Called when a write has arrived, before it is carried out. */
  onRequest: (request: Request) => void;
  /** Writes that were carried out while another job's task ran on the same guest. */
  readonly overlaps: string[];
  close(): Promise<void>;
}

interface Task {
  readonly upid: string;
  readonly type: string;
  readonly id: string;
  readonly vmid: number;
  readonly jobId: string;
  readonly endsAt: number;
  readonly exitStatus: string;
}

const TYPES: Readonly<Record<string, string>> = { start: 'qmstart', stop: 'qmstop', reset: 'qmreset', destroy: 'qmdestroy' };

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as unknown);
}

/** A cluster of one node behind HTTP, small enough that nothing in it can be wrong. Tasks take `taskMs`. */
export async function startHttpWorld(taskMs: number): Promise<HttpWorld> {
  const requests: Request[] = [];
  const guests = new Map<number, { exists: boolean; running: boolean; value: number }>();
  for (let index = 0; index < 40; index += 1) guests.set(100 + index, { exists: true, running: index % 2 === 0, value: 0 });
  const tasks = new Map<string, Task>();
  const overlaps: string[] = [];
  const dropReply = new Set<string>();
  const dropRequest = new Set<string>();
  let pid = 1000;

  function carryOut(request: Request, value: number): { upid?: string; done?: boolean; refused?: string } {
    const guest = guests.get(request.vmid);
    if (!guest?.exists) return { refused: 'does not exist' };
    if (request.verb === 'destroy' && guest.running) return { refused: 'is running - destroy failed' };
    for (const task of tasks.values())
      if (task.vmid === request.vmid && task.jobId !== request.jobId && task.endsAt > Date.now())
        overlaps.push(`${task.upid} and job ${request.jobId}`);
    request.applied = true;
    if (request.verb === 'set') {
      guest.value = value;
      return { done: true };
    }
    const exitStatus = request.verb === 'start' && guest.running ? 'already running' : 'OK';
    if (request.verb === 'start') guest.running = true;
    if (request.verb === 'stop') guest.running = false;
    if (request.verb === 'destroy') Object.assign(guest, { exists: false, running: false });
    pid += 1;
    const type = TYPES[request.verb] ?? 'other';
    const hex = (number: number): string => number.toString(16).toUpperCase().padStart(8, '0');
    const upid = `UPID:pve1:${hex(pid)}:00000001:${hex(Math.floor(Date.now() / 1000))}:${type}:${request.vmid}:root@pam!mcp:`;
    tasks.set(upid, {
      upid,
      type,
      id: String(request.vmid),
      vmid: request.vmid,
      jobId: request.jobId,
      endsAt: Date.now() + taskMs,
      exitStatus,
    });
    return { upid };
  }

  function look(path: string, query: URLSearchParams): unknown {
    const isRunning = (task: Task): boolean => task.endsAt > Date.now();
    switch (path) {
      case '/guest':
        return guests.get(Number(query.get('vmid')));
      case '/status': {
        const task = tasks.get(query.get('upid') ?? '');
        return task ? { running: isRunning(task), exitStatus: isRunning(task) ? null : task.exitStatus } : null;
      }
      case '/of-type':
        return [...tasks.values()]
          .filter((task) => (query.get('types') ?? '').split(',').includes(task.type) && task.id === query.get('id'))
          .map((task) => ({ upid: task.upid, running: isRunning(task) }))
          .toReversed();
      case '/active':
        return [...tasks.values()].filter(isRunning).map((task) => ({ upid: task.upid, running: true }));
      case '/log':
        return [...tasks.keys()].toReversed();
      default:
        throw new Error(`no ${path}`);
    }
  }

  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const url = new URL(incoming.url ?? '/', 'http://world');
      let answer: unknown;
      if (incoming.method === 'POST') {
        const { value, ...rest } = (await bodyOf(incoming)) as Omit<Request, 'applied'> & { value: number };
        const request: Request = { ...rest, applied: false };
        requests.push(request);
        world.onRequest(request);
        if (dropRequest.delete(request.verb)) {
          incoming.socket.destroy();
          return;
        }
        answer = carryOut(request, value);
        if (dropReply.delete(request.verb)) {
          incoming.socket.destroy();
          return;
        }
      } else answer = look(url.pathname, url.searchParams);
      outgoing.setHeader('content-type', 'application/json');
      outgoing.end(JSON.stringify(answer ?? null));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no address');
  const world: HttpWorld = {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    guests,
    dropReply,
    dropRequest,
    onRequest: () => undefined,
    overlaps,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return world;
}
