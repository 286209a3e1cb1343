import { flagsOf, type Command, type Flag } from './command.ts';
import { placeholderOf } from './read-flags.ts';

const PROGRAM = 'proxmox-mcp-plus';
const INDENT = '  ';
const WIDTH = 110;

/** The list of commands; families such as `jobs` and `call` are one line each. */
export function helpOfProgram(version: string, commands: readonly Command[]): string {
  const families = familiesOf(commands.filter(({ isHidden }) => isHidden !== true));
  const rows = [...families].map(([family, members]): readonly [string, string] => {
    const [only] = members;
    if (members.length === 1 && only?.name === family) return [family === '' ? '(no command)' : usageOf(only), only.summary];
    const words = members.map(({ name }) => name.slice(family.length + 1));
    return isOperations(members)
      ? [`${family} OPERATION`, 'run one operation: proxmox-mcp-plus tools lists them']
      : [`${family} ${words.join('|')}`, FAMILY_SUMMARIES[family] ?? members.map(({ summary }) => summary).join('; ')];
  });
  return `${PROGRAM} ${version}: a control plane for Proxmox VE.

Usage: ${PROGRAM} [command] [flags]

${columns(rows)}

Every command has --help, --config FILE and, where it answers, --json.
Configuration: the JSON file that PROXMOX_MCP_CONFIG names, or PROXMOX_HOST, PROXMOX_USER, PROXMOX_TOKEN_NAME, PROXMOX_TOKEN_VALUE,
PROXMOX_FINGERPRINT and others in the environment, or the file that init wrote. Begin with: ${PROGRAM} init
`;
}

const FAMILY_SUMMARIES: Readonly<Record<string, string>> = {
  jobs: 'look at jobs and steer them',
  keys: 'API keys of the HTTP service',
  config: 'check the configuration, or print its schema',
  approvals: 'answer jobs that ask',
  policy: 'what policy says, and why',
  audit: 'read and verify the audit log',
  completion: 'print the completion script for a shell',
};

/** Help of one command. */
export function helpOfCommand(command: Command): string {
  const { arguments: words = [], details, summary } = command;
  return [
    `Usage: ${[PROGRAM, usageOf(command), '[flags]'].filter((word) => word !== '').join(' ')}`,
    '',
    ...wrap(capitalize(summary), WIDTH),
    ...(details === undefined ? [] : ['', ...details.split('\n').flatMap((line) => wrap(line, WIDTH))]),
    ...(words.length === 0 ? [] : ['', columns(words.map((word) => [word.name.toUpperCase(), word.summary]))]),
    '',
    columns(Object.entries(flagsOf(command)).map(([name, flag]) => [nameOf(name, flag), summaryOf(flag)])),
    '',
  ].join('\n');
}

/** Help of a family such as `jobs`, called without saying which of its commands. */
export function helpOfFamily(family: string, commands: readonly Command[]): string {
  const word = isOperations(commands) ? 'OPERATION' : 'COMMAND';
  return `Usage: ${PROGRAM} ${family} ${word} [flags]\n\n${columns(commands.map((command) => [usageOf(command), command.summary]))}\n`;
}

/** The family that has a command for each operation is told apart by its size. */
function isOperations(family: readonly Command[]): boolean {
  return family.length > 8;
}

function familiesOf(commands: readonly Command[]): ReadonlyMap<string, readonly Command[]> {
  return Map.groupBy(commands, ({ name }) => name.split(' ')[0] ?? '');
}

function usageOf({ name, arguments: words = [] }: Command): string {
  return [name, ...words.map((word) => (word.isRequired ? word.name.toUpperCase() : `[${word.name.toUpperCase()}]`))].join(' ').trim();
}

function nameOf(name: string, flag: Flag): string {
  const placeholder = placeholderOf(flag);
  return `--${name}${placeholder === '' ? '' : ` ${placeholder}`}${flag.isList === undefined ? '' : flag.isList === 'commas' ? ',…' : ' …'}`;
}

function summaryOf({ summary, choices, isRequired }: Flag): string {
  const listed = choices === undefined || choices.join('|').length <= 40 ? '' : ` One of ${choices.join(', ')}.`;
  return `${isRequired ? 'Required. ' : ''}${summary}${listed}`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  return rows
    .flatMap(([left, right]) => {
      const lines = wrap(right, WIDTH - width - 4);
      const isWide = left.length > width;
      const first = isWide ? [`${INDENT}${left}`] : [];
      return [...first, ...lines.map((line, index) => `${INDENT}${(index === 0 && !isWide ? left : '').padEnd(width)}  ${line}`)];
    })
    .join('\n');
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
