import { flagsOf, type Command } from './command.ts';

const PROGRAM_NAMES = ['proxmox-mcp-plus', 'proxmox-mcp'] as const;

/** Shell completion. The scripts ask the program itself, so that they never grow stale. */
export function completionCommands(all: () => readonly Command[]): readonly Command[] {
  const scripts = Object.entries(SCRIPTS).map(([shell, script]): Command => ({
    name: `completion ${shell}`,
    summary: `print the completion script for ${shell}`,
    details: `Try it with: ${TRIALS[shell] ?? ''}`,
    answersJson: false,
    async run({ terminal }) {
      terminal.out(script);
      return 0;
    },
  }));
  return [
    ...scripts,
    {
      name: 'complete',
      summary: 'candidates for the last word of a command line, one per line',
      arguments: [{ name: 'line', summary: 'The words before and at the cursor, separated by line feeds.', isRequired: false }],
      answersJson: false,
      isHidden: true,
      async run({ arguments: { line = '' }, terminal }) {
        const found = complete(all(), line.split('\n'));
        terminal.out(found.map((candidate) => `${candidate}\n`).join(''));
        return 0;
      },
    },
  ];
}

/** What may stand in place of the last word. */
export function complete(commands: readonly Command[], words: readonly string[]): readonly string[] {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const command = commands
    .filter(({ name }) => name !== '' && before.slice(0, name.split(' ').length).join(' ') === name)
    .toSorted((a, b) => b.name.length - a.name.length)[0];
  const flags = command ? flagsOf(command) : {};
  const previous = before.at(-1) ?? '';
  const valued = previous.startsWith('--') ? flags[previous.slice(2)] : undefined;
  if (valued && valued.type !== 'boolean') return begin(valued.choices ?? [], last);
  if (last.startsWith('-')) return begin(command ? Object.keys(flags).map((name) => `--${name}`) : ['--help', '--version'], last);
  if (command) {
    const position = before.length - command.name.split(' ').length;
    return begin(command.arguments?.[position]?.choices ?? [], last);
  }
  const prefix = before.length === 0 ? '' : `${before.join(' ')} `;
  const next = commands
    .filter(({ name, isHidden }) => isHidden !== true && name !== '' && name.startsWith(prefix))
    .map(({ name }) => name.slice(prefix.length).split(' ')[0] ?? '');
  return begin([...new Set(next)], last);
}

function begin(candidates: readonly string[], text: string): readonly string[] {
  return candidates.filter((candidate) => candidate.startsWith(text));
}

const TRIALS: Readonly<Record<string, string>> = {
  bash: 'source <(proxmox-mcp-plus completion bash)',
  zsh: 'source <(proxmox-mcp-plus completion zsh)',
  fish: 'proxmox-mcp-plus completion fish | source',
};

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_proxmox_mcp_plus() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[*]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _proxmox_mcp_plus ${PROGRAM_NAMES.join(' ')}
`,
  zsh: `#compdef ${PROGRAM_NAMES.join(' ')}
_proxmox_mcp_plus() {
  local -a found
  found=(\${(f)"$("\${words[1]}" complete -- "\${(F)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi
}
compdef _proxmox_mcp_plus ${PROGRAM_NAMES.join(' ')}
`,
  fish: `function __proxmox_mcp_plus
  set -l before (commandline -opc)
  set -l last (commandline -ct)
  set -l line (begin; string join \\n -- $before[2..-1]; printf %s "$last"; end | string collect -N -a)
  $before[1] complete -- $line 2>/dev/null
end
${PROGRAM_NAMES.map((name) => `complete -c ${name} -a '(__proxmox_mcp_plus)'`).join('\n')}
`,
};
