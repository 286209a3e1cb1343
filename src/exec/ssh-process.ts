import type { ClientChannel } from 'ssh2';
import type { ProcessEnd, RemoteProcess } from './remote-process.ts';

/** A channel of the built-in client as a remote process. */
export function sshProcess(channel: ClientChannel): RemoteProcess {
  let reportEnd: (end: ProcessEnd) => void = () => {};
  const ended = new Promise<ProcessEnd>((resolve) => (reportEnd = resolve));
  channel.once('exit', (code: number | null, signal?: string) => {
    reportEnd(code === null ? { kind: 'signal', signal: signal ?? 'unknown' } : { kind: 'exit', code });
  });
  const closed = new Promise<void>((resolve) => {
    channel.once('close', () => {
      reportEnd({ kind: 'lost', error: new Error('The channel closed without an exit status.') });
      resolve();
    });
  });
  channel.on('error', (error: Error) => reportEnd({ kind: 'lost', error }));
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended,
    closed,
    abandon: () => channel.close(),
  };
}
