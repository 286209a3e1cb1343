/** TERM is sent when the time is over, and KILL this much later. */
export const KILL_AFTER_SECONDS = 5;

/** A command that ends when its time is over, or when whoever asked for it is gone. */
export interface GuardedCommand {
  readonly argv: readonly string[];
  readonly timeoutSeconds: number;
  /** Length of what comes on stdin before the caller falls silent; the end of stdin means that the caller is gone. */
  readonly stdinBytes: number;
}

/**
 * The argv that runs a command under guard, so that nothing of its session outlives it. The scripts are constant: the command arrives as
 * words of its own and no shell reads it. Needs sh, setsid, sleep, cat and grep, for input also head, tee and wc, as Debian or BusyBox
 * have them, and /proc. What makes itself a session of its own escapes.
 */
export function guardArgv({ argv, timeoutSeconds, stdinBytes }: GuardedCommand): string[] {
  return ['sh', '-c', START, GUARD, String(timeoutSeconds), String(stdinBytes), ...argv];
}

/** The guard gets a process group of its own, by which it can end its own helpers. `setsid` waits because it has no need to fork. */
const START = 'setsid sh -c "$0" proxmox-mcp-plus "$@"; exit $?';

/**
 * Members of the session are found by the sixth field of /proc/PID/stat, behind the name, which may hold anything.
 *
 * Three processes side by side tell a fourth what happens: one that sleeps until the time is over, one that passes stdin on and sees
 * the caller go, and one that runs the command, whose process id is that of its session. TERM goes to all of the session first, and
 * KILL to what is left of it. The command is no background job, which would ignore INT. It sees the end of its stdin only when all
 * of it has come: a cut in the middle must not pass for the end.
 */
const GUARD = `seconds=$1 bytes=$2
shift 2
trap : TERM
exec 3>&1 5>&2 2> /dev/null
members() { grep -lE "\\) [^Z] [0-9]+ [0-9]+ $command " /proc/[0-9]*/stat; }
tell() {
  for stat in $(members); do
    pid=\${stat#/proc/}
    kill -s "$1" "\${pid%/stat}"
  done
}
stop() {
  echo over
  for second in ${Array.from({ length: KILL_AFTER_SECONDS }, (_, index) => index + 1).join(' ')}; do sleep 1; echo tick; done
  echo last
}
{
  { sleep "$seconds"; stop >&4; } < /dev/null &
  {
    exec 6>&1
    passed=0
    [ "$bytes" -eq 0 ] || passed=$(head -c "$bytes" | tee /proc/self/fd/6 | wc -c)
    exec > /dev/null
    [ "$((passed))" -ne "$bytes" ] || exec 6>&-
    cat
    stop >&4
  } | {
    setsid sh -c 'echo "begun $$" >&4; exec "$@" >&3 2>&5 3>&- 4>&- 5>&-' "$0" "$@"
    echo "end $?" >&4
  }
} 4>&1 | {
  command=none over=no code=125
  while read -r event value; do
    case $event in
    begun) command=$value; [ $over = no ] || break ;;
    end) code=$value; [ $over = yes ] || break ;;
    over) [ $over = yes ] || { over=yes; tell TERM; } ;;
    last) break ;;
    esac
    [ $over = no ] || [ "$command" = none ] || [ -n "$(members)" ] || break
  done
  if [ $over = yes ]; then
    code=124
    [ -z "$(members)" ] || code=137
    kill -s KILL -- "-$command"
    for round in 1 2 3 4 5 6 7 8 9; do [ -z "$(members)" ] || tell KILL; done
  fi
  trap '' TERM
  kill -s TERM 0
  exit "$code"
}
exit $?`;
