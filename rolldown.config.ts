import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'rolldown';
import { leaveOut } from './scripts/leave-out.ts';
import type { PreparedOffer } from './src/app/prepared-offer.ts';

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

/** Puts what the server tells of itself into the bundle, so that a start answers `tools/list` without computing it. */
function preparedOffers(): Plugin {
  return {
    name: 'prepared-offers',
    async transform(code, id) {
      if (!id.endsWith('/src/app/prepared-offer.ts')) return null;
      const { prepareOffers } = (await import(
        pathToFileURL(resolve('scripts/prepare-offers.ts')).href
      )) as typeof import('./scripts/prepare-offers.ts');
      const offers = await prepareOffers();
      const filled = code.replace(
        /(PREPARED_OFFERS: readonly PreparedOffer\[\] = )\[\]/,
        (_all, head: string) => `${head}${codeOf(offers)}`,
      );
      if (filled === code) throw new Error('prepared-offer.ts has no empty PREPARED_OFFERS to fill.');
      return { code: filled };
    },
  };
}

/** Offers as code that makes them: parsing JSON is faster than running the same as code, and most tools are in every offer. */
function codeOf(offers: readonly PreparedOffer[]): string {
  const pool = [...new Set(offers.flatMap(({ tools }) => tools.map((tool) => JSON.stringify(tool))))];
  const packed = offers.map((offer) => ({ ...offer, tools: offer.tools.map((tool) => pool.indexOf(JSON.stringify(tool))) }));
  const parsed = (json: string): string => `JSON.parse(${JSON.stringify(json)})`;
  return `((pool, offers) => offers.map((offer) => ({ ...offer, tools: offer.tools.map((at) => pool[at]) })))(${parsed(`[${pool.join(',')}]`)}, ${parsed(JSON.stringify(packed))})`;
}

/** One file for what every start needs, and chunks for what is loaded when it is used. No runtime dependencies remain. */
export default defineConfig({
  input: { main: 'src/main.ts' },
  platform: 'node',
  // The native halves of ssh2 and pg are optional there; without them they work in JavaScript.
  external: [/^node:/, 'pg-native', 'cpu-features', /sshcrypto\.node$/],
  plugins: [partsOfUndici(), leaveOut(), packedData(), preparedOffers()],
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
