import type { MessageRow } from './message-row.ts';

const INSTALL_AGENT =
  'In a Linux guest: install the package qemu-guest-agent and run `systemctl enable --now qemu-guest-agent`. ' +
  'In a Windows guest: run guest-agent\\qemu-ga-x86_64.msi (or virtio-win-guest-tools.exe) from the virtio-win ISO.';

/** What Proxmox VE says of the QEMU guest agent of a VM, each with its emitter. */
export const AGENT_MESSAGES: readonly MessageRow[] = [
  // qemu-server PVE/QemuServer/Agent.pm and PVE/QMPClient.pm
  {
    pattern: /^No QEMU guest agent configured/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The QEMU guest agent is switched off in the options of this VM.',
    hint: `Enable it with \`qm set VMID --agent 1\` and power-cycle the VM. ${INSTALL_AGENT}`,
  },
  {
    pattern: /^QEMU guest agent is not running/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The QEMU guest agent does not answer in this VM.',
    hint: `${INSTALL_AGENT} If it was just enabled in the options of the VM, power-cycle the VM.`,
  },
  // The agent has been asked, and may have done it
  {
    pattern: /^VM \d+ qga command 'guest-(?:exec|file-[\w-]+)' failed - got timeout/,
    failure: 'in_doubt',
    code: 'timeout',
    message: () => 'The QEMU guest agent was asked and did not answer in time.',
    hint: 'Look at the VM before repeating anything. If it persists, restart qemu-guest-agent in the guest.',
  },
  {
    pattern: /^VM \d+ qga command '[\w-]+' failed - got timeout/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The QEMU guest agent does not answer in this VM.',
    hint: INSTALL_AGENT,
  },
  // qemu qga/main.c, ga_set_frozen: while a backup or snapshot is being taken, the agent obeys almost nothing
  {
    pattern: /^Agent error: (?:The )?[Cc]ommand [\w-]+ has been disabled: the agent is in frozen state/,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The file systems of this VM are frozen, as while a backup or snapshot is taken.',
    hint: 'Try again in a moment. If no backup runs, the freeze was left behind: thaw it with `qm guest cmd VMID fsfreeze-thaw` on the node.',
  },
  // qemu qapi/qmp-dispatch.c, as told by PVE/QemuServer/Agent.pm, check_agent_error
  {
    pattern: /^Agent error: (?:The )?[Cc]ommand (?<command>[\w-]+) has (?:been disabled|not been found)/,
    failure: 'refused',
    code: 'conflict',
    message: ({ command }) => `The QEMU guest agent of this VM does not allow ${command ?? 'this'}.`,
    hint: 'In the guest, take it out of the blocked commands (block-rpcs or BLACKLIST_RPC in /etc/sysconfig/qemu-ga or /etc/qemu/qemu-ga.conf) and restart qemu-guest-agent.',
  },
  // qemu qga/commands.c, qmp_guest_exec: the program was not started
  {
    pattern: /^Agent error: .*Failed to execute (?:child process|helper program)/,
    failure: 'refused',
    code: 'not_found',
    message: () => 'The program cannot be started in this VM.',
    hint: 'Name an existing program by its full path, e.g. /usr/bin/df. Words of a shell (cd, export, |) are no programs.',
  },
  // qemu qga/commands.c, qmp_guest_exec_status; the second before QEMU 8.2, whose agents many guests still have
  {
    pattern: /^Agent error: (?:PID \S+ does not exist|Invalid parameter 'pid')/,
    failure: 'refused',
    code: 'not_found',
    message: () => 'The QEMU guest agent does not know the process any more.',
  },
  // qemu qga/commands-posix.c and commands-win32.c, guest_file_open
  {
    pattern: /^Agent error: .*failed to open file .*(?:No such file or directory|cannot find the (?:file|path))/is,
    failure: 'refused',
    code: 'not_found',
    message: () => 'There is no such file or folder in this VM.',
  },
  {
    pattern: /^Agent error: .*failed to open file /,
    failure: 'refused',
    code: 'conflict',
    message: () => 'The QEMU guest agent could not open the file.',
    hint: 'It may be a folder, or the agent (or SELinux) may keep it closed.',
  },
];
