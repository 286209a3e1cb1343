import { splitWords } from '../domain/shell-words.ts';
import { pathSegments } from './path-segments.ts';
import { isSecretFile } from './secret-file.ts';
import { programName, isWrapper } from './wrapper.ts';

/** Names of the commands, and of the reading of files, that are refused whatever the rules say, unless the policy gives the name up. */
export const BUILT_IN_DENIALS = ['remove_tree', 'fork_bomb', 'make_filesystem', 'write_device', 'power_off', 'secret_file'] as const;
/** One of these names. */
export type BuiltInDenial = (typeof BUILT_IN_DENIALS)[number];

/**
 * The first built-in denial that a command meets, looking through wrappers (`sudo rm -rf /`) and into texts that a wrapper
 * would run (`sh -c 'rm -rf /'`), or undefined.
 */
export function findBuiltInDenial(argv: readonly string[], off: readonly BuiltInDenial[] = []): BuiltInDenial | undefined {
  return BUILT_IN_DENIALS.find((name) => !off.includes(name) && meets(name, argv, 0));
}

/** The same for the text of a shell script, cut at its separators; quoting games can hide from it, so scripts need approval too. */
export function findBuiltInDenialInScript(script: string, off: readonly BuiltInDenial[] = []): BuiltInDenial | undefined {
  if (!off.includes('fork_bomb') && isForkBomb(script)) return 'fork_bomb';
  for (const command of commandsOf(script)) {
    const found = findBuiltInDenial(command, off);
    if (found !== undefined) return found;
  }
  return undefined;
}

const TESTS: Readonly<Record<Exclude<BuiltInDenial, 'fork_bomb'>, (name: string, rest: readonly string[]) => boolean>> = {
  remove_tree: (name, rest) => name === 'rm' && removesTree(rest),
  make_filesystem: (name) => /^(?:mkfs(?:\..+)?|mke2fs|mkswap|wipefs|blkdiscard|diskpart|format)$/.test(name),
  write_device: writesDevice,
  power_off: (name, rest) => powersOff(name, rest),
  secret_file: (_name, rest) => rest.some(isSecretFile),
};

function meets(denial: BuiltInDenial, argv: readonly string[], depth: number): boolean {
  if (denial === 'fork_bomb') return argv.some(isForkBomb);
  const test = TESTS[denial];
  const wrapped = isWrapper(argv[0] ?? '');
  for (let at = 0; at < argv.length; at += 1) {
    if (at > 0 && !wrapped && denial !== 'remove_tree') break;
    if (test(programName(argv[at] ?? ''), argv.slice(at + 1, at + 200))) return true;
  }
  if (depth > 2) return false;
  return argv.some((text) => /[\s;|&`$]/.test(text) && commandsOf(text).some((inner) => meets(denial, inner, depth + 1)));
}

/** The commands in a shell text, roughly: enough to find a plain danger, not a shell parser. */
function commandsOf(text: string): readonly (readonly string[])[] {
  return text
    .slice(0, 16_384)
    .split(/[;|&\n`(){}]+/)
    .map((command) => {
      const strict = splitWords(command.trim());
      return strict.ok
        ? strict.words
        : command
            .replaceAll(/["'\\]/g, '')
            .split(/\s+/)
            .filter((word) => word !== '');
    })
    .filter((words) => words.length > 0)
    .slice(0, 500);
}

/** Recursive and forced, in any spelling; or recursive on the root or on everything. */
function removesTree(rest: readonly string[]): boolean {
  const end = rest.indexOf('--');
  const options = (end < 0 ? rest : rest.slice(0, end)).filter((word) => word.startsWith('-'));
  const has = (letters: RegExp, long: string) =>
    options.some((option) => (option.startsWith('--') ? option.length > 2 && long.startsWith(option) : letters.test(option)));
  const recursive = has(/[rR]/, '--recursive');
  const everything = rest.some((word) => /^\/[/.]*\*?$|^\*$/.test(word)) || has(/^$/, '--no-preserve-root');
  return recursive && (has(/f/, '--force') || everything);
}

function isForkBomb(text: string): boolean {
  const dense = text.replaceAll(/\s+/g, '');
  for (let at = dense.indexOf('(){'); at >= 0; at = dense.indexOf('(){', at + 3)) {
    const name = /(?:^|[;&|'"]|function)([^;&|'"(){}$]{1,64})$/.exec(dense.slice(Math.max(0, at - 80), at))?.[1];
    const body = dense.slice(at + 3, at + 3 + 300);
    if (name !== undefined && (body.startsWith(`${name}|${name}`) || body.startsWith(`${name}&${name}`))) return true;
  }
  return false;
}

const HARMLESS_DEVICES = new Set(['null', 'zero', 'full', 'stdout', 'stderr', 'tty', 'shm', 'fd', 'pts']);

function isDevice(path: string): boolean {
  const [folder, device] = pathSegments(path);
  return path.startsWith('/') && folder === 'dev' && device !== undefined && !HARMLESS_DEVICES.has(device);
}

function writesDevice(name: string, rest: readonly string[]): boolean {
  if (name === 'dd') return rest.some((word) => word.startsWith('of=') && isDevice(word.slice(3)));
  if (name === 'shred' || name === 'tee') return rest.some(isDevice);
  return (
    ['cp', 'mv', 'install'].includes(name) &&
    (isDevice(rest.at(-1) ?? '') || rest.some((word) => /^(?:-t|--target-directory=)./.test(word) && isDevice(word.replace(/^[^/]*/, ''))))
  );
}

function powersOff(name: string, rest: readonly string[]): boolean {
  if (['shutdown', 'reboot', 'halt', 'poweroff', 'stop-computer', 'restart-computer'].includes(name)) return true;
  if (name === 'init' || name === 'telinit') return rest.some((word) => word === '0' || word === '6');
  if (name !== 'systemctl') return false;
  const states = /^(?:poweroff|reboot|halt|kexec|soft-reboot)(?:\.target)?$/;
  const [verb = '', ...units] = rest.filter((word) => !word.startsWith('-'));
  return states.test(verb) || (/^(?:re)?start$|^isolate$/.test(verb) && units.some((unit) => states.test(unit)));
}
