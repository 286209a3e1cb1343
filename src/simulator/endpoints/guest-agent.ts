import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import { macOf, type AgentProcess, type Guest } from '../model/guest.ts';
import { findGuest } from '../model/world.ts';
import { runInGuest } from '../work/guest-shell.ts';

const BASE = '/nodes/{node}/qemu/{vmid}/agent';
const OUTPUT_LIMIT = 16 * 1024 ** 2;

/** The VM whose agent answers. @throws ApiFailure 500, after three seconds when the agent is configured but silent */
async function withAgent(call: Call): Promise<Guest> {
  const guest = findGuest(call.world, 'qemu', call.node, call.parameters.number('vmid'));
  if (guest.status !== 'running') throw failure(`VM ${guest.vmid} is not running`);
  if (!/^(?:1|enabled=1)/.test(String(guest.config['agent'] ?? '0'))) throw failure('No QEMU guest agent configured');
  if (guest.agent.running && guest.qmpstatus !== 'paused') return guest;
  await call.world.clock.hold(3);
  throw failure('QEMU guest agent is not running');
}

const isWide = (text: string): boolean => /[^\0-\xff]/.test(text);

/** @throws ApiFailure 500 for text that does not fit into bytes */
function latin1(text: string): Buffer {
  if (isWide(text)) throw failure('Wide character in subroutine entry at /usr/share/perl5/PVE/QemuServer/Agent.pm line 135.');
  return Buffer.from(text, 'latin1');
}

const bytes = (value: string | Uint8Array | undefined): Buffer =>
  value === undefined ? Buffer.alloc(0) : typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value);

async function execute(call: Call): Promise<unknown> {
  const guest = await withAgent(call);
  const command = call.parameters.values['command'];
  const argv = Array.isArray(command) ? command.map(String) : [String(command ?? '')];
  const input = latin1(call.parameters.optionalString('input-data') ?? '');
  if (argv.some((word) => /[^\0-\x7f]/.test(word))) {
    guest.agent.running = false;
    await call.world.clock.hold(5);
    throw failure(`VM ${guest.vmid} qga command 'guest-exec' failed - got timeout`);
  }
  const result = runInGuest(call.world.commandHandlers, guest, argv, input);
  if (result.missing === true)
    throw failure(
      `Agent error: Guest agent command failed, error was 'Failed to execute child process \u201c${argv[0] ?? ''}\u201d (No such file or directory)'`,
    );
  const pid = guest.agent.nextPid;
  guest.agent.nextPid += 2;
  const process: AgentProcess = {
    exitAt: call.world.clock.now() + (result.seconds ?? 0),
    exitcode: result.signal === undefined ? (result.exitcode ?? 0) : undefined,
    signal: result.signal,
    stdout: bytes(result.stdout),
    stderr: bytes(result.stderr),
    capture: true,
  };
  guest.agent.processes.set(pid, process);
  return { pid };
}

const output = (prefix: string, data: Buffer): Record<string, unknown> =>
  data.length === 0
    ? {}
    : {
        [`${prefix}-data`]: data.subarray(0, OUTPUT_LIMIT).toString('latin1'),
        [`${prefix}-truncated`]: data.length > OUTPUT_LIMIT ? 1 : 0,
      };

async function executionStatus(call: Call): Promise<unknown> {
  const guest = await withAgent(call);
  const pid = call.parameters.number('pid');
  const process = guest.agent.processes.get(pid);
  if (process === undefined) throw failure('Agent error: PID ld does not exist');
  if (process.exitAt > call.world.clock.now()) return { exited: 0 };
  guest.agent.processes.delete(pid);
  return {
    exited: 1,
    ...(process.exitcode === undefined ? {} : { exitcode: process.exitcode }),
    ...(process.signal === undefined ? {} : { signal: process.signal }),
    ...output('out', process.stdout),
    ...output('err', process.stderr),
  };
}

async function readFile(call: Call): Promise<unknown> {
  const guest = await withAgent(call);
  const path = call.parameters.string('file');
  const file = guest.agent.files.get(path);
  if (file === undefined) throw failure(`Agent error: failed to open file '${path}' (mode: 'r'): No such file or directory`);
  const part = file.subarray(0, OUTPUT_LIMIT);
  return { content: part.toString('latin1'), 'bytes-read': part.length, ...(file.length > part.length ? { truncated: 1 } : {}) };
}

async function writeFile(call: Call): Promise<null> {
  const guest = await withAgent(call);
  const content = call.parameters.string('content');
  guest.agent.files.set(
    call.parameters.string('file'),
    call.parameters.flag('encode', true) ? latin1(content) : Buffer.from(content, 'base64'),
  );
  return null;
}

function interfaces(guest: Guest): unknown {
  const statistics = {
    'rx-bytes': 512_004,
    'rx-packets': 4100,
    'rx-errs': 0,
    'rx-dropped': 0,
    'tx-bytes': 96_512,
    'tx-packets': 900,
    'tx-errs': 0,
    'tx-dropped': 0,
  };
  const cards = Object.keys(guest.config)
    .filter((key) => /^net\d+$/.test(key))
    .map((key, n) => ({
      name: `eth${n}`,
      'hardware-address': (macOf(String(guest.config[key])) ?? '').toLowerCase(),
      statistics,
      'ip-addresses': [
        ...(n === 0 ? [{ 'ip-address': guest.address, 'ip-address-type': 'ipv4', prefix: 24 }] : []),
        { 'ip-address': `fe80::be24:11ff:fe00:${(guest.vmid % 65_536).toString(16)}`, 'ip-address-type': 'ipv6', prefix: 64 },
      ],
    }));
  return [
    {
      name: 'lo',
      'hardware-address': '00:00:00:00:00:00',
      statistics,
      'ip-addresses': [
        { 'ip-address': '127.0.0.1', 'ip-address-type': 'ipv4', prefix: 8 },
        { 'ip-address': '::1', 'ip-address-type': 'ipv6', prefix: 128 },
      ],
    },
    ...cards,
  ];
}

/** A call whose answer is `{ result }`. */
const command = (method: 'GET' | 'POST', name: string, result: (guest: Guest, call: Call) => unknown): Endpoint => ({
  method,
  path: `${BASE}/${name}`,
  handler: async (call) => ({ result: result(await withAgent(call), call) }),
});

/** The guest agent of VMs. Output is raw bytes, each as the character of the same number. @see qemu-server PVE/API2/Qemu/Agent.pm */
export const guestAgentEndpoints: readonly Endpoint[] = [
  command('POST', 'ping', () => ({})),
  command('GET', 'info', () => ({
    version: '10.0.0',
    supported_commands: [
      'guest-ping',
      'guest-exec',
      'guest-exec-status',
      'guest-file-open',
      'guest-file-read',
      'guest-file-write',
      'guest-network-get-interfaces',
      'guest-get-osinfo',
      'guest-get-fsinfo',
    ].map((name) => ({ name, enabled: true, 'success-response': true })),
  })),
  command('GET', 'network-get-interfaces', interfaces),
  command('GET', 'get-osinfo', (guest) =>
    String(guest.config['ostype'] ?? '').startsWith('win')
      ? {
          id: 'mswindows',
          name: 'Microsoft Windows',
          'pretty-name': 'Windows Server 2025 Standard',
          version: 'Microsoft Windows Server 2025',
          'version-id': '2025',
          machine: 'x86_64',
          variant: 'server',
          'variant-id': 'server',
          'kernel-release': '26100',
          'kernel-version': '10.0',
        }
      : {
          id: 'debian',
          name: 'Debian GNU/Linux',
          'pretty-name': 'Debian GNU/Linux 13 (trixie)',
          version: '13 (trixie)',
          'version-id': '13',
          machine: 'x86_64',
          'kernel-release': '6.12.57+deb13-amd64',
          'kernel-version': '#1 SMP PREEMPT_DYNAMIC Debian 6.12.57-1',
        },
  ),
  command('GET', 'get-fsinfo', () => [
    {
      name: 'sda1',
      mountpoint: '/',
      type: 'ext4',
      'total-bytes': 33_188_503_552,
      'used-bytes': 6_664_220_672,
      disk: [
        { 'bus-type': 'scsi', bus: 0, target: 0, unit: 0, dev: '/dev/sda1', 'pci-controller': { domain: 0, bus: 1, slot: 1, function: 0 } },
      ],
    },
  ]),
  command('GET', 'get-host-name', (guest) => ({ 'host-name': String(guest.config['name'] ?? '') })),
  command('GET', 'get-time', (_, call) => Math.floor(call.world.clock.now()) * 1_000_000_000),
  command('GET', 'get-users', () => []),
  command('GET', 'get-vcpus', (guest) =>
    Array.from({ length: Number(guest.config['cores'] ?? 1) }, (_, n) => ({ 'logical-id': n, online: true, 'can-offline': n > 0 })),
  ),
  command('POST', 'fsfreeze-status', () => 'thawed'),
  command('POST', 'fsfreeze-freeze', () => 1),
  command('POST', 'fsfreeze-thaw', () => 1),
  command('POST', 'fstrim', () => ({ paths: [{ path: '/', minimum: 0, trimmed: 1_073_741_824 }] })),
  { method: 'POST', path: `${BASE}/exec`, handler: execute },
  { method: 'GET', path: `${BASE}/exec-status`, handler: executionStatus },
  { method: 'GET', path: `${BASE}/file-read`, handler: readFile },
  { method: 'POST', path: `${BASE}/file-write`, handler: writeFile },
];
