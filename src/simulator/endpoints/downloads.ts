import { createHash } from 'node:crypto';
import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, parameterFailure } from '../api/failure.ts';
import { logTime, MIB } from '../model/size.ts';
import { volumePath, volumesOn, type Storage } from '../model/storage.ts';
import { seconds, usableStorage, type RemoteFile, type World } from '../model/world.ts';
import { Interrupted, type Work } from '../tasks/task-registry.ts';

const EXTENSIONS: Readonly<Record<string, RegExp>> = {
  iso: /\.(?:iso|img)$/i,
  vztmpl: /\.tar\.(?:gz|xz|zst|bz2)$/i,
  import: /\.(?:ova|ovf|qcow2|raw|vmdk|img)$/i,
};
const FORMATS: Readonly<Record<string, string>> = {
  gz: 'tgz',
  xz: 'txz',
  zst: 'tzst',
  bz2: 'tbz2',
  iso: 'iso',
  img: 'iso',
  qcow2: 'qcow2',
  raw: 'raw',
  vmdk: 'vmdk',
  ova: 'ova',
};

const remoteFile = (world: World, url: string): Required<Pick<RemoteFile, 'size' | 'mimetype' | 'status' | 'rate'>> & RemoteFile => ({
  size: (40 + (Number.parseInt(createHash('sha1').update(url).digest('hex').slice(0, 4), 16) % 900)) * MIB,
  mimetype: 'application/octet-stream',
  status: 200,
  rate: 100 * MIB,
  ...world.remoteFiles.get(url),
});

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const hostOf = (url: string): string => {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
};

/** The dots that wget prints, 32 MiB a line. */
function* dots(file: { size: number; rate: number }): Work {
  const lineBytes = 32 * MIB;
  const total = file.size / file.rate;
  for (let offset = 0; offset < file.size; offset += lineBytes) {
    const bytes = Math.min(lineBytes, file.size - offset);
    yield bytes / file.rate;
    const done = offset + bytes;
    const marks = Array.from({ length: 4 }, (_, n) => '.'.repeat(Math.max(0, Math.min(8, Math.floor((bytes - n * 8 * MIB) / MIB)))))
      .join(' ')
      .padEnd(35);
    const rate = `${(file.rate / MIB).toFixed(1)}M`.slice(0, 5);
    yield `${String(offset / 1024).padStart(6)}K ${marks} ${String(Math.floor((100 * done) / file.size)).padStart(2)}% ${rate.padStart(5)}${done === file.size ? `=${total.toFixed(1)}s` : ` ${Math.ceil((file.size - done) / file.rate)}s`}`;
  }
}

interface Download {
  readonly storage: Storage;
  readonly content: string;
  readonly name: string;
  readonly url: string;
  readonly checksum: string | undefined;
  readonly overwrite: boolean;
}

/** @see pve-storage PVE/API2/Storage/Status.pm download_url, pve-common PVE/Tools.pm download_file_from_url */
function* download(call: Call, plan: Download): Work {
  const { world, node } = call;
  const volid = `${plan.storage.storage}:${plan.content}/${plan.name}`;
  const path = volumePath(plan.storage, volid);
  const volumes = volumesOn(plan.storage, node);
  yield `downloading ${plan.url} to ${path}`;
  if (volumes.has(volid)) {
    if (plan.checksum === undefined) throw new Error(`refusing to override existing file '${path}'`);
    yield 'calculating checksum of existing file...';
    yield 1;
    const existing = remoteFile(world, plan.url).checksum ?? plan.checksum;
    if (existing === plan.checksum) {
      yield 'OK, got correct file already, no need to download';
      return;
    }
    throw new Error(`mismatch, file already exists: got '${existing}' != expect '${plan.checksum}'`);
  }
  const file = remoteFile(world, plan.url);
  const stamp = (): string => logTime(seconds(world));
  const temporary = `${path}.tmp_dwnl.${1000 + world.random.between(1, 8000)}`;
  yield `--${stamp()}--  ${plan.url}`;
  try {
    if (file.isRefused === true) throw new Error(`download failed: Connecting to ${hostOf(plan.url)}... failed: Connection refused.`);
    yield `Connecting to ${hostOf(plan.url)}... connected.`;
    if (file.status !== 200) {
      yield `HTTP request sent, awaiting response... ${file.status} ${STATUS_TEXTS[file.status] ?? 'Error'}`;
      yield `${stamp()} ERROR ${file.status}: ${STATUS_TEXTS[file.status] ?? 'Error'}.`;
      throw new Error('download failed: exit code 8');
    }
    yield 'HTTP request sent, awaiting response... 200 OK';
    yield `Length: ${file.size} (${Math.round(file.size / MIB)}M) [${file.mimetype}]`;
    yield `Saving to: '${temporary}'`;
    yield* dots(file);
  } catch (error) {
    if (error instanceof Interrupted) throw new Error('download failed: received interrupt', { cause: error });
    throw error;
  }
  yield `${stamp()} (${(file.rate / MIB).toFixed(0)} MB/s) - '${temporary}' saved [${file.size}/${file.size}]`;
  if (file.invalid !== undefined) throw new Error(`failed to verify file: qemu-img: Could not open '${temporary}': ${file.invalid}`);
  if (plan.checksum !== undefined) {
    yield 'calculating checksum...';
    const got = file.checksum ?? plan.checksum;
    if (got !== plan.checksum) throw new Error(`checksum mismatch: got '${got}' != expect '${plan.checksum}'`);
    yield 'OK, checksum verified';
  }
  volumes.set(volid, {
    volid,
    content: plan.content,
    format: FORMATS[plan.name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'raw',
    size: file.size,
    used: file.size,
    ctime: seconds(world),
  });
  yield `download of '${plan.url}' to '${path}' finished`;
}

const TEMPLATES = [
  ['alpine-3.22-default', 'alpine', '3.22', '20250617', 'tar.xz', 'LXC default image for alpine 3.22 (20250617)'],
  ['debian-12-standard', 'debian-12', '12.12', '12.12-1', 'tar.zst', 'Debian 12 Bookworm (standard)'],
  ['debian-13-standard', 'debian-13', '13.1', '13.1-2', 'tar.zst', 'Debian 13 Trixie (standard)'],
  ['ubuntu-24.04-standard', 'ubuntu-24.04', '24.04', '24.04-2', 'tar.zst', 'Ubuntu 24.04 Noble (standard)'],
] as const;
const templateName = ([name, , , version, suffix]: (typeof TEMPLATES)[number]): string => `${name}_${version}_amd64.${suffix}`;

/** Fetching ISO images, container templates and disk images from elsewhere. */
export const downloadEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/nodes/{node}/storage/{storage}/download-url',
    handler(call) {
      const { parameters, world, node } = call;
      const storage = usableStorage(world, parameters.string('storage'), node);
      const content = parameters.string('content');
      const name = (parameters.string('filename').split('/').at(-1) ?? '').replace(/^.*[/\\]/, '').replace(/[^-a-zA-Z0-9_.]/g, '_');
      if (!storage.content.includes(content)) throw failure(`storage '${storage.storage}' is not configured for content-type '${content}'`);
      if (EXTENSIONS[content]?.test(name) !== true) throw parameterFailure({ filename: 'wrong file extension' });
      return call.worker('download', name, () =>
        download(call, {
          storage,
          content,
          name,
          url: parameters.string('url'),
          checksum: parameters.optionalString('checksum'),
          overwrite: false,
        }),
      );
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/query-url-metadata',
    handler({ world, parameters }) {
      const url = parameters.string('url');
      const file = remoteFile(world, url);
      if (file.isRefused === true) throw failure(`invalid server response: '500 Can't connect to ${hostOf(url)} (Connection refused)'`);
      if (file.status !== 200) throw failure(`invalid server response: '${file.status} ${STATUS_TEXTS[file.status] ?? 'Error'}'`);
      return {
        filename: file.filename ?? decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? ''),
        size: file.size,
        mimetype: file.mimetype,
      };
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/aplinfo',
    handler: () =>
      TEMPLATES.map((template) => ({
        template: templateName(template),
        package: template[0],
        os: template[1],
        version: template[3],
        type: 'lxc',
        section: 'system',
        architecture: 'amd64',
        headline: template[5],
        description: template[5],
        infopage: 'https://pve.proxmox.com/wiki/Linux_Container',
        location: `http://download.proxmox.com/images/system/${templateName(template)}`,
        source: 'http://download.proxmox.com/images',
        sha512sum: createHash('sha512').update(template[0]).digest('hex'),
      })),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/aplinfo',
    handler(call) {
      const name = call.parameters.string('template');
      if (!TEMPLATES.some((template) => templateName(template) === name)) throw parameterFailure({ template: 'no such template' });
      const storage = usableStorage(call.world, call.parameters.string('storage'), call.node);
      if (!storage.content.includes('vztmpl')) throw failure(`unknown template storage type '${storage.type}'`);
      return call.worker('download', name, () =>
        download(call, {
          storage,
          content: 'vztmpl',
          name,
          url: `http://download.proxmox.com/images/system/${name}`,
          checksum: createHash('sha512').update(name).digest('hex'),
          overwrite: false,
        }),
      );
    },
  },
];
