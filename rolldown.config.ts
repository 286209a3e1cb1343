import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'rolldown';
import { leaveOut } from './scripts/leave-out.ts';
import type { PreparedServer } from './src/app/prepared-servers.ts';

/**
 * undici brings fetch, mocks, caches and web sockets along; the bundle takes its pool of connections only. (`esbuildDetection`,
 * below, is undici's own switch that leaves its experimental second parser out.)
 */
function partsOfUndici(): Plugin {
  const folder = dirname(createRequire(import.meta.url).resolve('undici'));
  const part = (path: string): string => JSON.stringify(join(folder, 'lib', path));
  return {
    name: 'parts-of-undici',
    resolveId: (id) => (id === 'undici' ? '\0parts-of-undici' : null),
    load: (id) =>
      id === '\0parts-of-undici'
        ? [
            `import Dispatcher from ${part('dispatcher/dispatcher.js')};`,
            `import api from ${part('api/index.js')};`,
            `import Agent from ${part('dispatcher/agent.js')};`,
            `import buildConnector from ${part('core/connect.js')};`,
            'Object.assign(Dispatcher.prototype, api);',
            'export { Agent, buildConnector };',
          ].join('\n')
        : null,
  };
}

/** The simulator's copy of Proxmox's own schemas is large and needed by the demo only: it is packed until then. */
function packedData(): Plugin {
  return {
    name: 'packed-data',
    async load(id) {
      if (!/\/data\/pve-api\/[\d.]+\.json$/.test(id)) return null;
      const packed = brotliCompressSync(JSON.stringify(JSON.parse(await readFile(id, 'utf8')))).toString('base64');
      const code = `import { brotliDecompressSync } from 'node:zlib';\nexport default JSON.parse(brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString());`;
      return { code, moduleType: 'js' };
    },
  };
}

/** Puts recorded answers into the bundle, so that a start says what it offers without computing it. */
function preparedServers(): Plugin {
  return {
    name: 'prepared-servers',
    async transform(code, id) {
      if (!id.endsWith('/src/app/prepared-servers.ts')) return null;
      const { prepareServers } = (await import(
        pathToFileURL(resolve('scripts/prepare-servers.ts')).href
      )) as typeof import('./scripts/prepare-servers.ts');
      const servers = await prepareServers();
      const filled = code.replace(
        /(PREPARED_SERVERS: readonly PreparedServer\[\] = )\[\]/,
        (_all, head: string) => `${head}${codeOf(servers)}`,
      );
      if (filled === code) throw new Error('prepared-servers.ts has no empty PREPARED_SERVERS to fill.');
      return { code: filled };
    },
  };
}

/** Data as code that makes it: parsing JSON is faster than running the same as code. What is in several answers is there once. */
function codeOf(servers: readonly PreparedServer[]): string {
  const pool: string[] = [];
  const pooled = (value: unknown): number => {
    const text = JSON.stringify(value);
    return pool.includes(text) ? pool.indexOf(text) : pool.push(text) - 1;
  };
  const packed = JSON.stringify(servers, (key, value: unknown) => {
    if (key === 'instructions') return pooled(value);
    return LISTED.includes(key) && Array.isArray(value) ? value.map(pooled) : value;
  });
  const unpack = `(key, value) => key === 'instructions' ? pool[value] : ${JSON.stringify(LISTED)}.includes(key) && Array.isArray(value) ? value.map((at) => pool[at]) : value`;
  return `((pool) => JSON.parse(${JSON.stringify(packed)}, ${unpack}))(JSON.parse(${JSON.stringify(`[${pool.join(',')}]`)}))`;
}
/** What the answers to lists hold. */
const LISTED = ['tools', 'prompts', 'resources', 'resourceTemplates'];

/** One file for what every start needs, and chunks for what is loaded when it is used. No runtime dependencies remain. */
export default defineConfig({
  input: { main: 'src/main.ts' },
  platform: 'node',
  // The native halves of ssh2 and pg are optional there; without them they work in JavaScript.
  external: [/^node:/, 'pg-native', 'cpu-features', /sshcrypto\.node$/],
  plugins: [partsOfUndici(), leaveOut(), packedData(), preparedServers()],
  transform: {
    define: {
      'process.env.PROXMOX_MCP_BUILD': '"published"',
      esbuildDetection: 'true',
      // CommonJS parts ask for it and then read nothing from there: their WebAssembly is inside.
      __dirname: '"."',
    },
  },
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    minify: true,
    cleanDir: true,
  },
});
