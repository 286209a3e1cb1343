import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress, gzip } from 'node:zlib';

/** A file of the documentation page, ready to be sent. */
export interface DocsAsset {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

/** The only files that are served, and as what. */
const TYPES = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

const compress = promisify(gzip);
const unpack = promisify(brotliDecompress);

/** Reads a file of Swagger UI; undefined for any other name, or where this installation has none. */
export function createDocsAssets(): (name: string) => Promise<DocsAsset | undefined> {
  const loaded = new Map<string, Promise<DocsAsset | undefined>>();
  return (name) => {
    if (!Object.hasOwn(TYPES, name)) return Promise.resolve(undefined);
    const known = loaded.get(name) ?? load(name as keyof typeof TYPES);
    loaded.set(name, known);
    return known;
  };
}

async function load(name: keyof typeof TYPES): Promise<DocsAsset | undefined> {
  for (const folder of folders()) {
    try {
      const bytes = await readFrom(folder, name);
      const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
      return { type: TYPES[name], bytes, gzipped: await compress(bytes), etag };
    } catch {
      // Looked for in the next place.
    }
  }
  return undefined;
}

/** The published program holds large files packed: browsers take gzip only where the connection has no TLS. */
async function readFrom(folder: string, name: string): Promise<Buffer> {
  const path = join(folder, name);
  return readFile(`${path}.br`).then(unpack, () => readFile(path));
}

/** Beside the built program, then among the development dependencies. */
function folders(): readonly string[] {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const built = [join(here, 'swagger-ui'), join(here, '..', 'swagger-ui')];
  try {
    return [...built, dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))];
  } catch {
    return built;
  }
}
