import { guestName, type Guest } from '../model/guest.ts';
import type { CommandHandler, CommandResult } from '../model/world.ts';

const OS_RELEASE =
  'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nVERSION="13 (trixie)"\nID=debian\n';

/** Splits a command line at blanks, honouring quotes. */
function words(line: string): string[] {
  const found: string[] = [];
  for (const match of line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)) found.push(match[1] ?? match[2] ?? match[3] ?? '');
  return found;
}

/** Programs that a guest has. Whatever else is asked for is not there. */
function program(guest: Guest, [path = '', ...rest]: readonly string[], input: Buffer): CommandResult {
  const name = path.split('/').at(-1) ?? '';
  switch (name) {
    case 'echo':
      return { stdout: `${rest.join(' ')}\n` };
    case 'true':
      return { exitcode: 0 };
    case 'false':
      return { exitcode: 1 };
    case 'hostname':
      return { stdout: `${guestName(guest)}\n` };
    case 'whoami':
      return { stdout: 'root\n' };
    case 'id':
      return { stdout: 'uid=0(root) gid=0(root) groups=0(root)\n' };
    case 'uname':
      return {
        stdout: rest.includes('-a')
          ? `Linux ${guestName(guest)} 6.12.57+deb13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.12.57-1 x86_64 GNU/Linux\n`
          : rest.includes('-r')
            ? '6.12.57+deb13-amd64\n'
            : 'Linux\n',
      };
    case 'uptime':
      return { stdout: ' 08:00:00 up 30 days,  2:11,  0 users,  load average: 0.08, 0.05, 0.01\n' };
    case 'df':
      return { stdout: 'Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1        31G  6.2G   24G  21% /\n' };
    case 'cat': {
      if (rest.length === 0) return { stdout: input };
      const file =
        rest[0] === '/etc/os-release'
          ? Buffer.from(OS_RELEASE)
          : rest[0] === '/etc/hostname'
            ? Buffer.from(`${guestName(guest)}\n`)
            : guest.agent.files.get(rest[0] ?? '');
      return file === undefined ? { exitcode: 1, stderr: `cat: ${rest[0] ?? ''}: No such file or directory\n` } : { stdout: file };
    }
    case 'sleep':
      return { seconds: Number(rest[0] ?? 0) };
    case 'exit':
      return { exitcode: Number(rest[0] ?? 0) };
    case 'kill':
      return { signal: 9 };
    default:
      return { missing: true };
  }
}

const bytes = (value: string | Uint8Array | undefined): Buffer =>
  value === undefined ? Buffer.alloc(0) : Buffer.from(value as Uint8Array);

/** A tiny shell: statements between `;` and `&&`, output sent to standard error with `>&2`. */
function shell(guest: Guest, script: string, input: Buffer): CommandResult {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let exitcode = 0;
  let seconds = 0;
  for (const statement of script
    .split(/;|&&|\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '')) {
    const line = statement.replace(/\s*>&2\s*$/, '');
    const result = program(guest, words(line), input);
    if (result.signal !== undefined) return { signal: result.signal };
    exitcode = result.missing === true ? 127 : (result.exitcode ?? 0);
    seconds += result.seconds ?? 0;
    if (result.missing === true) stderr.push(Buffer.from(`sh: 1: ${words(line)[0] ?? ''}: not found\n`));
    (line === statement ? stdout : stderr).push(bytes(result.stdout));
    stderr.push(bytes(result.stderr));
    if (/^exit\b/.test(line)) break;
  }
  return { exitcode, seconds, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}

/** What a command does in a guest: the answer of a handler that tests have set, or that of a small Debian. */
export function runInGuest(handlers: readonly CommandHandler[], guest: Guest, command: readonly string[], input: Buffer): CommandResult {
  for (const handler of handlers) {
    const result = handler(command, { guest, input });
    if (result !== undefined) return result;
  }
  const [path = '', flag, script] = command;
  if (/(?:^|\/)(?:ba|da)?sh$/.test(path) && flag !== undefined && /^-\w*c$/.test(flag) && script !== undefined)
    return shell(guest, script, input);
  return program(guest, command, input);
}
