const NAMES: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};

/** `9` -> `SIGKILL`, with the numbers of Linux; on Windows the agent gives the code of an exception, which is shown in hex. */
export function signalName(number: number): string {
  return NAMES[number] ?? (number > 255 ? `exception 0x${number.toString(16)}` : `signal ${number}`);
}
