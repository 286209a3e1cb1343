import { describe, expect, test } from 'vitest';
import { findBuiltInDenial, findBuiltInDenialInScript } from '../../src/policy/built-in-denial.ts';
import { checkCanaries } from '../../src/policy/canaries.ts';
import { decide } from '../../src/policy/decide.ts';
import type { PolicyInput } from '../../src/policy/policy-schema.ts';
import { isWrapper } from '../../src/policy/wrapper.ts';
import { command, policy } from './facts.ts';

type Commands = NonNullable<PolicyInput['commands']>;

describe('programs that run what they are given', () => {
  test.each(
    'sh bash /bin/dash ./zsh busybox env /usr/bin/env xargs find awk gawk mawk sed python python3 python3.12 pypy3 perl perl5.36.0 ruby3.1 node nodejs lua5.4 php8.2 tclsh8.6 ssh sudo su doas nice timeout nsenter chroot setsid nohup strace watch vi vim.basic docker systemd-run cmd.exe C:\\Windows\\System32\\CMD.EXE powershell pwsh PowerShell.exe /lib64/ld-linux-x86-64.so.2 ld-musl-x86_64.so.1 C:cmd.exe c:powershell cmd.exe::$DATA cmd:x \\\\?\\C:\\Windows\\cmd.EXE. D:\\tools\\report.bat report.CMD report.bat. run.cmd::$DATA /proc/self/exe /proc/1/exe //proc/./7/exe /x/../proc/7/root/bin/ls proc/self/exe ../../dev/fd/3 sudo-rs pwsh-preview perl5.40-x86_64-linux-gnu python3.13-dbg php-cgi8.3 nc.traditional nc.openbsd sshpass runcon npx eatmydata dc sqlite3 systemd-inhibit runas schtasks proxychains4'.split(
      ' ',
    ),
  )('%s', (program) => {
    expect(isWrapper(program)).toBe(true);
    for (const commands of [{ mode: 'audit_only' }, { allow_patterns: ['.*'] }] satisfies Commands[]) {
      expect(decide(command([program, 'x']), policy({ commands }))).toMatchObject({
        effect: 'deny',
        code: 'CMD_POLICY_NOT_ALLOWLISTED',
        cause: 'wrapper',
      });
    }
    expect(decide(command([program, 'x']), policy({ commands: { mode: 'audit_only', allow_shell_scripts: true } })).effect).toBe('ask');
    expect(
      decide(command([program, 'x']), policy({ commands: { rules: [{ program, arguments: ['x'], knows_wrapper: true }] } })).effect,
    ).toBe('allow');
  });

  test.each(
    'uname ls cat systemctl journalctl df ps ip apt-get dpkg nodectl findmnt shutdown sshd envoy pythonista /srv/proc/x /usr/bin/dev x86_64 time-sync'.split(
      ' ',
    ),
  )('%s is none', (program) => expect(isWrapper(program)).toBe(false));
});

describe('built-in denials', () => {
  test.each<[string, string[][]]>([
    [
      'remove_tree',
      [
        ['rm', '-rf', '/'],
        ['rm', '-fr', 'x'],
        ['rm', '-r', '-f', 'x'],
        ['rm', '-Rvf', 'x'],
        ['rm', '--recursive', '--force', 'x'],
        ['rm', '--rec', '--f', 'x'],
        ['rm', 'x', '-rf'],
        ['/bin/rm', '-rf', 'x'],
        ['rm', '-r', '/'],
        ['rm', '-r', '//'],
        ['rm', '-r', '/*'],
        ['rm', '-r', '/.'],
        ['sudo', 'rm', '-rf', '/'],
        ['ionice', '-c3', 'rm', '-rf', 'x'],
        ['sh', '-c', 'rm -rf /'],
        ['bash', '-c', 'id; rm  -rf /'],
        ['sh', '-c', 'sh -c "rm -rf /"'],
        ['mytool', 'rm', '-rf', 'x'],
      ],
    ],
    [
      'fork_bomb',
      [
        ['bash', '-c', ':(){ :|:& };:'],
        ['bash', '-c', ':(){:|:&};:'],
        ['bash', '-c', 'bomb() { bomb | bomb & }; bomb'],
        ['bash', '-c', 'true;f(){ f|f& };f'],
      ],
    ],
    [
      'make_filesystem',
      [
        ['mkfs', '/dev/sda'],
        ['mkfs.ext4', '/dev/sda1'],
        ['/sbin/mkfs.xfs', 'x'],
        ['sudo', 'mke2fs', 'x'],
        ['wipefs', '-a', '/dev/sda'],
        ['format', 'C:'],
        ['diskpart.exe'],
      ],
    ],
    [
      'write_device',
      [
        ['dd', 'if=/dev/zero', 'of=/dev/sda'],
        ['dd', 'of=/tmp/../dev/sda'],
        ['dd', 'of=//dev//sda'],
        ['shred', '/dev/sda'],
        ['tee', '/dev/sda'],
        ['cp', 'x', '/dev/sda'],
        ['sudo', 'dd', 'of=/dev/nvme0n1'],
      ],
    ],
    [
      'power_off',
      [
        ['shutdown', 'now'],
        ['reboot'],
        ['/sbin/poweroff'],
        ['halt'],
        ['init', '0'],
        ['telinit', '6'],
        ['systemctl', 'poweroff'],
        ['systemctl', '--no-wall', 'reboot'],
        ['systemctl', 'start', 'reboot.target'],
        ['systemctl', 'isolate', 'halt.target'],
        ['sudo', 'reboot'],
        ['shutdown.exe', '/s'],
      ],
    ],
  ])('%s', (name, commands) => {
    for (const argv of commands) expect({ argv, found: findBuiltInDenial(argv) }).toEqual({ argv, found: name });
    for (const argv of commands) expect(findBuiltInDenial(argv, [name as 'power_off'])).not.toBe(name);
  });

  test.each<[string[]]>([
    [['rm', 'x']],
    [['rm', '-r', 'x']],
    [['rm', '-f', 'x']],
    [['rm', '--', '-rf']],
    [['ls', '-rf']],
    [['which', 'shutdown']],
    [['systemctl', 'status', 'reboot.target']],
    [['systemctl', 'status', 'halt']],
    [['dd', 'if=/dev/sda', 'of=/dev/null']],
    [['dd', 'of=/tmp/dev/sda']],
    [['cp', '/dev/sda', 'x']],
    [['echo', ':()']],
    [['init', '3']],
  ])('%j meets none', (argv) => expect(findBuiltInDenial(argv)).toBeUndefined());

  test('are found in scripts', () => {
    expect(findBuiltInDenialInScript('cd /\nif true; then\n  rm -rf "$x"\nfi')).toBe('remove_tree');
    expect(findBuiltInDenialInScript(':(){ :|:& };:')).toBe('fork_bomb');
    expect(findBuiltInDenialInScript('uname -a | tee /tmp/x')).toBeUndefined();
  });
});

describe('canaries at start', () => {
  test('sing not for the defaults and for narrow rules', () => {
    expect(checkCanaries(policy())).toEqual([]);
    expect(checkCanaries(policy({ commands: { rules: [{ program: 'uname', options: ['-a'] }], allow_patterns: ['^df\\s+-h$'] } }))).toEqual(
      [],
    );
  });

  test('name the pattern, the rule or the mode that lets them through', () => {
    const found = checkCanaries(
      policy({
        commands: {
          allow_patterns: ['df', '^tar .*$'],
          rules: [{ name: 'files', program: 'cat', arguments: [{ pattern: '.*' }] }],
        },
      }),
    );
    expect(found.map(({ path }) => path)).toEqual(['policy.commands.allow_patterns[1]', 'policy.commands.rules (files)']);
    expect(
      checkCanaries(policy({ commands: { mode: 'audit_only' } })).every(
        (finding) => finding.path === 'policy.commands.mode' && finding.weaker_than_default,
      ),
    ).toBe(true);
    expect(checkCanaries(policy({ commands: { without_built_in_denials: ['power_off'] } }))).toMatchObject([
      { path: 'policy.commands.without_built_in_denials' },
    ]);
  });
});
