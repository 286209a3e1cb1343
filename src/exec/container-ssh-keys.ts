import { OperationError } from '../domain/operation-error.ts';
import type { AuthorizedKey } from './authorized-key.ts';
import { authorizedKeyLine } from './authorized-key.ts';
import type { CommandOutput } from './command-output.ts';
import type { ContainerScript } from './container-script.ts';
import { REMOVE_NEW, shellScript } from './container-script.ts';

/** What became of authorized_keys. */
export interface KeysResult {
  readonly added: number;
  /** Keys that were there already. */
  readonly present: number;
  /** Lines of the file that hold a key now. */
  readonly total: number;
}

/**
 * Builds the command that adds keys to root's authorized_keys in a container, or puts them in place of what is there. The keys travel on
 * stdin. It is convergent: a second run changes nothing. The new file takes the place of the old one in one step, so that sshd
 * never sees half of it.
 */
export function updateKeysCommand(keys: readonly AuthorizedKey[], mode: 'append' | 'replace', home = '/root'): ContainerScript {
  const lines = Buffer.from(keys.map((key) => `${authorizedKeyLine(key)}\n`).join(''));
  return shellScript(SCRIPT, [mode, home, String(keys.length)], lines);
}

/** @throws OperationError when the command did not do its work */
export function readKeysResult(output: CommandOutput): KeysResult {
  const found = /^added=(\d+) present=(\d+) total=(\d+)\n$/.exec(Buffer.from(output.stdout).toString('latin1'));
  if (output.exitCode !== 0 || !found) {
    throw new OperationError('proxmox_failed', 'The SSH keys in the container could not be updated; its authorized_keys is as before.', {
      hint: 'Check that the container runs and has sh, mktemp and mv, and that its disk is not full.',
      // Without an exit code nobody saw whether the file had been put in place.
      effect: output.exitCode === null || output.timedOut ? 'unknown' : 'none',
      details: { exit_code: output.exitCode, signal: output.signal, timed_out: output.timedOut },
    });
  }
  const [, added, present, total] = found.map(Number);
  return { added: added ?? 0, present: present ?? 0, total: total ?? 0 };
}

const SCRIPT = `set -eu
umask 077
mode=$1 folder=$2/.ssh expected=$3
file=$folder/authorized_keys
mkdir -p "$folder"
chmod 700 "$folder"
new=$(mktemp "$folder/.authorized_keys.XXXXXX")
${REMOVE_NEW}
if [ "$mode" = append ] && [ -f "$file" ]; then
  while IFS= read -r line || [ -n "$line" ]; do printf '%s\\n' "$line"; done < "$file" > "$new"
fi
added=0 present=0
while IFS= read -r key; do
  blob=\${key#* } blob=\${blob%% *} found=no
  while IFS= read -r line; do
    case $line in
    '#'*) ;;
    *" $blob" | *" $blob "*) found=yes; break ;;
    esac
  done < "$new"
  if [ $found = yes ]; then present=$((present + 1)); continue; fi
  printf '%s\\n' "$key" >> "$new"
  added=$((added + 1))
done
[ $((added + present)) -eq "$expected" ]
total=0
while IFS= read -r line; do
  case $line in '' | '#'*) ;; *) total=$((total + 1)) ;; esac
done < "$new"
chmod 600 "$new"
mv -f "$new" "$file"
trap - EXIT
echo "added=$added present=$present total=$total"
`;
