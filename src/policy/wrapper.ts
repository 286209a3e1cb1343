import { pathSegments } from './path-segments.ts';

const WRAPPERS = new Set(
  [
    // Shells and programs that hold many others.
    'sh bash dash ash ksh ksh93 mksh zsh fish csh tcsh rbash rc yash posh sash osh elvish nu xonsh busybox toybox',
    // Interpreters of scripts, and tools whose scripts can run programs.
    'python pypy perl ruby php lua luajit node nodejs deno bun tclsh wish expect awk gawk mawk nawk sed ed ex guile racket R Rscript',
    'java jshell groovy scala erl elixir iex ghc runghc go gdb lldb make gmake cmake ninja m4 jrunscript osascript original-awk dc',
    'ipython bpython micropython jython graalpy julia octave irb pry ghci runhaskell ocaml sbcl clisp swipl gst jjs kotlin dart qjs',
    'ts-node tsx mono wine dotnet gnuplot sqlite sqlite3 psql mysql mariadb',
    'rake gradle gradlew mvn ant scons bazel just npm npx pnpm pnpx yarn bunx composer bundle bundler poetry uv uvx pipx',
    // Changers of identity or of surroundings.
    'sudo sudoedit su doas pkexec runuser sg newgrp setpriv capsh chroot nsenter unshare env setarch linux32 linux64 fakeroot proot bwrap',
    'firejail systemd-run systemd-nspawn machinectl dbus-run-session start-stop-daemon daemonize logsave',
    // Launchers.
    'xargs find fd fdfind parallel nice ionice chrt taskset numactl nohup setsid timeout time stdbuf unbuffer script watch flock lockfile with-lock',
    'strace ltrace perf valgrind entr exec command builtin eval source run-parts at batch crontab screen tmux dtach ld.so prlimit choom rlwrap',
    'dpkg-reconfigure debconf ssh-agent cpulimit softlimit envdir chpst tini dumb-init catatonit gosu su-exec s6-setuidgid execlineb',
    'setuidgid setlock runcon aa-exec cgexec eatmydata faketime nocache multitime pexec xvfb-run xinit startx dbus-launch systemd-inhibit',
    'systemd-cat catchsegv torify torsocks tsocks proxychains trickle pee ifne chronic mispipe sem run-mailcap ansible ansible-playbook',
    // Remote and container entry.
    'ssh scp sftp rsh rlogin mosh telnet nc ncat netcat socat docker podman nerdctl ctr crictl kubectl lxc lxc-attach lxc-execute pct qm incus virsh',
    'sshpass autossh slogin dbclient plink pssh parallel-ssh pdsh clush buildah runc crun apptainer singularity flatpak toolbox distrobox ftp',
    // Editors and pagers with a way out to a shell.
    'vi vim nvim view vimdiff rvim rview emacs emacsclient nano pico joe jed micro mcedit less more most man mail mailx mutt',
    // Windows.
    'cmd command powershell powershell_ise pwsh wscript cscript mshta rundll32 regsvr32 wsl msiexec forfiles start conhost wmic psexec',
    'runas schtasks msbuild installutil regasm regsvcs pcalua odbcconf cmstp hh explorer control winrs wt',
  ].flatMap((line) => line.toLowerCase().split(' ')),
);
const LOADER = /^ld(?:-linux[a-z0-9_.-]*|-musl[a-z0-9_.-]*|-[0-9.]+)?\.so(?:\.[0-9]+)*$/;

const VERSION = /[-_.]?[0-9][0-9.]*(?:[a-z]{0,2})?$/;
/** Variants that distributions put side by side. */
const FLAVOUR =
  /[-.](?:basic|tiny|nox|gtk3?|static|real|wrapped|preview|beta|rs|cgi|dbg|lts|traditional|openbsd|[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9]*)$/;

/**
 * The name under which a program is known: without its folder, in lower case, without `.exe`. On Windows `C:cmd` is in the current folder of
 * that drive, and what follows a colon names a stream of the same file.
 */
export function programName(program: string): string {
  return fileName(program).replace(/\.(?:exe|com|bat|cmd)$/, '');
}

/**
 * True for a program that runs what it is given: a shell, an interpreter, `sudo`, `env`, `xargs`, `find`, `ssh` and the like.
 * Version numbers in the name do not hide it (`python3.12`). The list cannot be complete; rules that accept any argument of
 * any other program are the operator's word that this program is harmless.
 */
export function isWrapper(program: string): boolean {
  // cmd.exe runs these, and reads their arguments as it reads a command line, whatever quotes are around them.
  if (/\.(?:bat|cmd)$/.test(fileName(program)) || isPathOfProcess(program)) return true;
  let stem = programName(program);
  if (LOADER.test(stem)) return true;
  for (let round = 0; round < 3; round += 1) {
    if (WRAPPERS.has(stem)) return true;
    stem = stem.replace(FLAVOUR, '');
    if (WRAPPERS.has(stem)) return true;
    stem = stem.replace(VERSION, '');
  }
  return WRAPPERS.has(stem);
}

function fileName(program: string): string {
  const name = program.slice(Math.max(program.lastIndexOf('/'), program.lastIndexOf('\\')) + 1).toLowerCase();
  // Longer names exist on no file system, and the patterns here are not made for them.
  return name
    .slice(0, 300)
    .replace(/^[a-z]:/, '')
    .replace(/:.*$/s, '')
    .replace(/[. ]+$/, '');
}

/** `/proc/1/exe`, `/dev/fd/3`: other names of any program. A relative path counts from the root, where guests start programs. */
function isPathOfProcess(program: string): boolean {
  const [folder, ...below] = pathSegments(program);
  return below.length > 0 && (folder === 'proc' || folder === 'dev');
}
