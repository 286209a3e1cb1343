import { parseArgs } from 'node:util';
import { OperationError } from '../domain/operation-error.ts';
import { flagsOf, type Command, type Flag, type FlagValue, type Invocation } from './command.ts';
import { didYouMean } from './nearest.ts';

/**
 * Reads the words behind a command's name.
 * @throws OperationError `invalid_input` that names the word and what it could be
 */
export function readFlags(command: Command, words: readonly string[]): Pick<Invocation, 'flags' | 'arguments'> {
  const known = flagsOf(command);
  const { tokens } = parseArgs({
    args: words.map(inKebabCase),
    options: Object.fromEntries(
      Object.entries(known).map(([name, { type }]) => [name, { type: type === 'boolean' ? ('boolean' as const) : ('string' as const) }]),
    ),
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  const flags: Record<string, FlagValue> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, isNegative } = nameOf(token.rawName, known);
    const flag = known[name];
    if (!flag) throw unknownFlag(token.rawName, command, Object.keys(known));
    const text = token.value;
    if (flag.type === 'boolean') {
      flags[name] = text === undefined ? !isNegative : readBoolean(name, text);
      continue;
    }
    if (text === undefined || (!token.inlineValue && text.startsWith('--')))
      throw invalid(`--${name} needs a value.`, `Write --${name} ${placeholderOf(flag)}.`);
    flags[name] = flag.isList
      ? [...((flags[name] as readonly unknown[] | undefined) ?? []), ...readList(name, flag, text)]
      : readValue(name, flag, text);
  }
  const missing = Object.entries(known).find(([name, flag]) => flag.isRequired === true && flags[name] === undefined);
  if (missing && flags['help'] !== true)
    throw invalid(`--${missing[0]} is missing. ${missing[1].summary}`, `See proxmox-mcp-plus ${command.name} --help.`);
  return { flags, arguments: flags['help'] === true ? {} : readArguments(command, positionals) };
}

/** `VMID`, `NUMBER`, `TEXT`: what stands for the value in help. */
export function placeholderOf({ type, choices, placeholder }: Flag): string {
  if (placeholder !== undefined) return placeholder;
  if (choices !== undefined && choices.join('|').length <= 40) return choices.join('|');
  return { boolean: '', integer: 'NUMBER', string: 'TEXT', json: 'JSON' }[type];
}

function inKebabCase(word: string): string {
  const [, name, rest = ''] = /^--([a-z][a-z0-9_-]*)(=[\s\S]*)?$/i.exec(word) ?? [];
  return name === undefined ? word : `--${name.replaceAll('_', '-')}${rest}`;
}

function nameOf(rawName: string, known: Readonly<Record<string, Flag>>): { name: string; isNegative: boolean } {
  if (rawName === '-h') return { name: 'help', isNegative: false };
  const name = rawName.replace(/^--?/, '');
  if (Object.hasOwn(known, name)) return { name, isNegative: false };
  const positive = name.startsWith('no-') ? name.slice(3) : '';
  return known[positive]?.type === 'boolean' ? { name: positive, isNegative: true } : { name, isNegative: false };
}

function readBoolean(name: string, text: string): boolean {
  if (/^(?:true|yes|1|on)$/i.test(text)) return true;
  if (/^(?:false|no|0|off)$/i.test(text)) return false;
  throw invalid(`--${name} is ${JSON.stringify(text.slice(0, 40))}; it is a switch.`, `Write --${name} or --no-${name}.`);
}

function readList(name: string, flag: Flag, text: string): readonly unknown[] {
  if (text.trimStart().startsWith('[')) {
    const parsed = readJson(name, text);
    if (Array.isArray(parsed)) return parsed as unknown[];
  }
  if (flag.isList === 'repeated') return [readValue(name, flag, text)];
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => readValue(name, flag, part));
}

function readValue(name: string, { type, choices }: Flag, text: string): FlagValue {
  if (type === 'integer') {
    if (!/^-?\d{1,15}$/.test(text.trim())) throw invalid(`--${name} is ${JSON.stringify(text.slice(0, 40))}; it is a whole number.`);
    return Number(text);
  }
  if (type === 'json') return readJson(name, text) as FlagValue;
  if (choices !== undefined && !choices.includes(text)) {
    throw invalid(
      `--${name} is ${JSON.stringify(text.slice(0, 40))}.`,
      `${didYouMean(text, choices) ?? ''} It is one of ${choices.join(', ')}.`.trim(),
    );
  }
  return text;
}

function readJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(`--${name} is not valid JSON.`, `Write it in single quotes: --${name} '{"key": "value"}'.`);
  }
}

function readArguments(command: Command, given: readonly string[]): Readonly<Record<string, string>> {
  const wanted = command.arguments ?? [];
  const extra = given[wanted.length];
  if (extra !== undefined) {
    throw invalid(
      `${JSON.stringify(extra.slice(0, 60))} is one word too many for ${command.name === '' ? 'this' : command.name}.`,
      `${valuesHaveNames(command)}See proxmox-mcp-plus ${command.name} --help.`,
    );
  }
  return Object.fromEntries(
    wanted.flatMap((argument, index) => {
      const value = given[index];
      if (value === undefined) {
        if (argument.isRequired)
          throw invalid(`${argument.name.toUpperCase()} is missing. ${argument.summary}`, `See proxmox-mcp-plus ${command.name} --help.`);
        return [];
      }
      if (argument.choices && !argument.choices.includes(value)) {
        throw invalid(
          `There is no ${argument.name} ${JSON.stringify(value.slice(0, 60))}.`,
          didYouMean(value, argument.choices) ?? `Known are ${argument.choices.join(', ')}.`,
        );
      }
      return [[argument.name, value]];
    }),
  );
}

/** For whoever writes `call start_vm 101`. */
function valuesHaveNames({ flags = {} }: Command): string {
  const named = Object.entries(flags).filter(([, { type }]) => type !== 'boolean');
  const shown = named.slice(0, 3).map(([name, flag]) => `--${name} ${placeholderOf(flag)}`);
  return shown.length === 0 ? '' : `Values have names: ${shown.join(', ')}${named.length > shown.length ? ', …' : ''}. `;
}

function unknownFlag(rawName: string, command: Command, known: readonly string[]): OperationError {
  const shown = known.map((name) => `--${name}`);
  return invalid(
    `${command.name === '' ? 'The program' : command.name} has no flag ${rawName.slice(0, 60)}.`,
    didYouMean(rawName, shown) ?? `It has ${shown.join(', ')}.`,
  );
}

function invalid(message: string, hint?: string): OperationError {
  return new OperationError('invalid_input', message, { hint });
}
