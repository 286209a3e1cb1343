import { holdsInvisible } from '../domain/invisible.ts';
import type { ArgumentPattern, ArgvRule, OptionPattern } from './argv-rule-schema.ts';
import type { Pattern } from './pattern.ts';
import { compilePattern } from './pattern.ts';
import { programName } from './wrapper.ts';

/** A command rule, ready to be applied. */
export interface CompiledArgvRule {
  readonly rule: ArgvRule;
  /** Whether the argv, program included, is one that the rule describes, to the last argument. */
  matches(argv: readonly string[]): boolean;
}

type Test = (text: string) => boolean;
interface Slot {
  readonly test: Test;
  readonly least: number;
  readonly most: number;
}
interface Option {
  readonly name: string;
  readonly value: Test | undefined;
  readonly most: number;
}

/** Prepares a rule that the schema accepted. */
export function compileArgvRule(rule: ArgvRule): CompiledArgvRule {
  const programs = new Set([rule.program].flat());
  // What is refused under its bare name is refused in every folder and spelling; what is allowed is allowed as written.
  const names = new Set(rule.effect === 'allow' ? [] : [...programs].filter((name) => !/[/\\]/.test(name)).map(programName));
  const slots = rule.arguments.map(compileArgument);
  const options = rule.options.map(compileOption);
  return {
    rule,
    matches: (argv) => {
      const [program, ...rest] = argv;
      if (program === undefined || !(programs.has(program) || names.has(programName(program)))) return false;
      return rule.any_arguments || (optionsWithinBounds(rest, options) && fits(rest, slots, options));
    },
  };
}

/**
 * Walks the arguments once, keeping every (slot, count) that the arguments so far could have led to. At each step an argument
 * is either the next positional one or a listed option.
 */
function fits(rest: readonly string[], slots: readonly Slot[], options: readonly Option[]): boolean {
  const reached: Set<number>[] = Array.from({ length: rest.length + 1 }, () => new Set<number>());
  const WIDTH = 128;
  const arrive = (at: number, slot: number, count: number) => {
    let here = slot;
    let seen = count;
    for (;;) {
      reached[at]?.add(here * WIDTH + seen);
      if (here >= slots.length || seen < (slots[here]?.least ?? 0)) return;
      here += 1;
      seen = 0;
    }
  };
  arrive(0, 0, 0);
  for (let at = 0; at < rest.length; at += 1) {
    const text = rest[at] ?? '';
    for (const state of reached[at] ?? []) {
      const slot = Math.floor(state / WIDTH);
      const count = state % WIDTH;
      const next = slots[slot];
      if (next !== undefined && count < next.most && next.test(text)) arrive(at + 1, slot, count + 1);
      for (const option of options) {
        if (option.value === undefined) {
          if (text === option.name) reached[at + 1]?.add(state);
          continue;
        }
        if (text === option.name && rest[at + 1] !== undefined && option.value(rest[at + 1] ?? '')) reached[at + 2]?.add(state);
        if (option.name.startsWith('--') && text.startsWith(`${option.name}=`) && option.value(text.slice(option.name.length + 1)))
          reached[at + 1]?.add(state);
      }
    }
  }
  return [...(reached[rest.length] ?? [])].some((state) => Math.floor(state / WIDTH) >= slots.length);
}

/** Counted over the whole command, so an option that also stands among the arguments counts there too. */
function optionsWithinBounds(rest: readonly string[], options: readonly Option[]): boolean {
  return options.every(
    (option) =>
      rest.filter((text) => text === option.name || (option.value !== undefined && text.startsWith(`${option.name}=`))).length <=
      option.most,
  );
}

function compileArgument(argument: ArgumentPattern): Slot {
  if (typeof argument === 'string') return { test: (text) => text === argument, least: 1, most: 1 };
  const least = argument.at_least ?? 1;
  return { test: compileTest(argument), least, most: argument.at_most ?? Math.max(1, least) };
}

function compileOption(option: OptionPattern): Option {
  if (typeof option === 'string') return { name: option, value: undefined, most: 1 };
  return {
    name: option.name,
    value: option.value === undefined ? undefined : compileTest(option.value),
    most: option.at_most ?? 1,
  };
}

function compileTest(kind: Exclude<ArgumentPattern, string>): Test {
  if ('literal' in kind) return (text) => text === kind.literal;
  if ('one_of' in kind) return (text) => kind.one_of.includes(text);
  if ('integer' in kind)
    return (text) => /^(?:0|[1-9][0-9]{0,15})$/.test(text) && Number(text) >= kind.integer.min && Number(text) <= kind.integer.max;
  if ('path_under' in kind) return (text) => isPathUnder(kind.path_under, text);
  const pattern = compileOrThrow(kind.pattern);
  return (text) => isPlain(text) && pattern.matchesWhole(text);
}

/** Free text never passes for an option and holds nothing that cannot be seen. */
function isPlain(text: string): boolean {
  return !text.startsWith('-') && !holdsInvisible(text);
}

/** True for an absolute path at or below the root, written without `.`, `..` or empty segments. */
export function isPathUnder(root: string, path: string): boolean {
  if (!path.startsWith('/') || !isPlain(path)) return false;
  const segments = path.replace(/\/$/, '').split('/').slice(1);
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) return false;
  const base = root.replace(/\/+$/, '');
  return `${path}/`.startsWith(`${base}/`);
}

/** A pattern that the schema has already accepted. */
export function compileOrThrow(source: string, options: { readonly ignoreCase?: boolean } = {}): Pattern {
  const result = compilePattern(source, options);
  if (!result.ok) throw new TypeError(result.problem);
  return result.pattern;
}
