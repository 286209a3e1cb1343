const WRAPPERS = new Set(
  [
    // Shells and programs that hold many others.
    'sh bash dash ash ksh ksh93 mksh zsh fish csh tcsh rbash rc yash posh busybox toybox',
    // Interpreters of scripts, and tools whose scripts can run programs.
    'python pypy perl ruby php lua luajit node nodejs deno bun tclsh wish expect awk gawk mawk nawk sed ed ex guile racket R Rscript',
    'java jshell groovy scala erl elixir iex ghc runghc go gdb lldb make gmake cmake ninja m4 jrunscript osascript',
    // Changers of identity or of surroundings.
    'sudo sudoedit su doas pkexec runuser sg newgrp setpriv capsh chroot nsenter unshare env setarch linux32 linux64 fakeroot proot bwrap',
    'firejail systemd-run systemd-nspawn machinectl dbus-run-session start-stop-daemon daemonize logsave',
    // Launchers.
    'xargs find fd fdfind parallel nice ionice chrt taskset numactl nohup setsid timeout time stdbuf unbuffer script watch flock lockfile with-lock',
    'strace ltrace perf valgrind entr exec command builtin eval source run-parts at batch crontab screen tmux dtach ld.so prlimit choom rlwrap',
    'dpkg-reconfigure debconf ssh-agent cpulimit softlimit envdir chpst tini dumb-init gosu su-exec s6-setuidgid',
    // Remote and container entry.
    'ssh scp sftp rsh rlogin mosh telnet nc ncat netcat socat docker podman nerdctl ctr crictl kubectl lxc lxc-attach lxc-execute pct qm incus virsh',
    // Editors and pagers with a way out to a shell.
    'vi vim nvim view vimdiff rvim emacs emacsclient nano pico less more most man',
    // Windows.
    'cmd command powershell powershell_ise pwsh wscript cscript mshta rundll32 regsvr32 wsl msiexec forfiles start conhost wmic psexec',
  ].flatMap((line) => line.toLowerCase().split(' ')),
);
const LOADER = /^ld(?:-linux[a-z0-9_.-]*|-musl[a-z0-9_.-]*|-[0-9.]+)?\.so(?:\.[0-9]+)*$/;

/** The name under which a program is known: without its folder, in lower case, without `.exe`. */
export function programName(program: string): string {
  const name = program.slice(Math.max(program.lastIndexOf('/'), program.lastIndexOf('\\')) + 1).toLowerCase();
  // Longer names exist on no file system, and the patterns below are not made for them.
  return name
    .slice(0, 300)
    .replace(/[. ]+$/, '')
    .replace(/\.(?:exe|com|bat|cmd)$/, '');
}

/**
 * True for a program that runs what it is given: a shell, an interpreter, `sudo`, `env`, `xargs`, `find`, `ssh` and the like.
 * Version numbers in the name do not hide it (`python3.12`). The list cannot be complete; rules that accept any argument of
 * any other program are the operator's word that this program is harmless.
 */
export function isWrapper(program: string): boolean {
  const name = programName(program);
  if (WRAPPERS.has(name) || LOADER.test(name)) return true;
  const unversioned = name.replace(/[-_.]?[0-9][0-9.]*(?:[a-z]{0,2})?$/, '');
  return WRAPPERS.has(unversioned) || WRAPPERS.has(name.replace(/[-.](?:basic|tiny|nox|gtk3?|static|real|wrapped)$/, ''));
}
