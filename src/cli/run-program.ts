import { OperationError, toOperationError } from '../domain/operation-error.ts';
import type { Command, Invocation } from './command.ts';
import { helpOfCommand, helpOfFamily, helpOfProgram } from './help.ts';
import { didYouMean } from './nearest.ts';
import { readFlags } from './read-flags.ts';
import { showError } from './show-error.ts';

export interface Program {
  readonly version: string;
  readonly commands: readonly Command[];
}

type Surroundings = Pick<Invocation, 'terminal' | 'environment' | 'signal'>;

/** Finds the command, reads its flags, runs it. Resolves with the exit code; every failure is told. */
export async function runProgram({ version, commands }: Program, argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal, environment } = surroundings;
  const isJson = argv.includes('--json');
  try {
    if (argv[0] === '--version' || argv[0] === '-v') {
      terminal.out(`${version}\n`);
      return 0;
    }
    const asksHelp = argv[0] === 'help' || isHelpFlag(argv[0]);
    if (asksHelp) return showHelp(version, commands, argv.slice(1), terminal);
    if (isFamily(commands, argv[0]) && isHelpFlag(argv[1])) return showHelp(version, commands, argv.slice(0, 1), terminal);
    const { command, rest } = findCommand(commands, argv);
    const read = readFlags(command, rest);
    if (read.flags['help'] === true) {
      terminal.out(helpOfCommand(command));
      return 0;
    }
    const { config } = read.flags;
    return await command.run({
      ...surroundings,
      ...read,
      environment: typeof config === 'string' ? { ...environment, PROXMOX_MCP_CONFIG: config } : environment,
    });
  } catch (thrown) {
    return showError(explain(thrown), terminal, isJson);
  }
}

function showHelp(version: string, commands: readonly Command[], topic: readonly string[], terminal: Surroundings['terminal']): number {
  const words = topic.filter((word) => !word.startsWith('-'));
  const family = commands.filter(({ name }) => name.startsWith(`${words.join(' ')} `));
  const exact = commands.find(({ name }) => name === words.join(' '));
  if (words.length === 0) terminal.out(helpOfProgram(version, commands));
  else if (exact) terminal.out(helpOfCommand(exact));
  else if (family.length > 0) terminal.out(helpOfFamily(words.join(' '), family));
  else throw unknownCommand(commands, words);
  return 0;
}

function isHelpFlag(word: string | undefined): boolean {
  return word === '--help' || word === '-h';
}

/** True for `jobs`, which is no command by itself. */
function isFamily(commands: readonly Command[], word: string | undefined): boolean {
  return commands.some(({ name }) => name.startsWith(`${word} `)) && !commands.some(({ name }) => name === word);
}

/** The command with the most words that the call begins with. */
function findCommand(commands: readonly Command[], argv: readonly string[]): { command: Command; rest: readonly string[] } {
  const firstFlag = argv.findIndex((word) => word.startsWith('-'));
  const words = firstFlag < 0 ? argv : argv.slice(0, firstFlag);
  for (let length = words.length; length >= 0; length -= 1) {
    const name = words.slice(0, length).join(' ');
    const command = commands.find((candidate) => candidate.name === name);
    if (command && (name !== '' || words.length === 0)) return { command, rest: argv.slice(length) };
  }
  throw unknownCommand(commands, words);
}

function unknownCommand(commands: readonly Command[], words: readonly string[]): OperationError {
  const [first = '', second] = words;
  const family = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name.slice(first.length + 1));
  if (family.length > 0 && first !== '') {
    const known = family.length > 12 ? `proxmox-mcp-plus tools lists them` : `Known are ${family.join(', ')}`;
    if (second === undefined) return new OperationError('invalid_input', `${first} needs one more word.`, { hint: `${known}.` });
    const hint = didYouMean(second, family) ?? `${known}.`;
    return new OperationError('invalid_input', `${first} has no command ${JSON.stringify(second.slice(0, 60))}.`, { hint });
  }
  const names = [
    ...new Set(commands.filter(({ name, isHidden }) => name !== '' && isHidden !== true).map(({ name }) => name.split(' ')[0] ?? '')),
  ];
  return new OperationError('invalid_input', `Unknown command ${JSON.stringify(first.slice(0, 60))}.`, {
    hint: didYouMean(first, [...names, 'help']) ?? `Known are ${names.join(', ')}.`,
  });
}

/** A stranger's message is shown: on this surface the person who called is the person who runs the program. */
function explain(thrown: unknown): OperationError {
  if (thrown instanceof OperationError || !(thrown instanceof Error)) return toOperationError(thrown);
  return new OperationError('internal', thrown.message, { cause: thrown });
}
