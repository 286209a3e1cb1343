import type { Plugin } from 'rolldown';

interface LeftOut {
  /** The import itself, or the end of a module's path. */
  readonly module: string;
  /** What stands in its place. */
  readonly code: string;
}

/** Parts of packages that this program never reaches, though they are imported beside what it uses. */
const LEFT_OUT: readonly LeftOut[] = [
  {
    // A validator of JSON schemas: the MCP server is always given one of our own.
    module: '@modelcontextprotocol/server/_shims',
    code: `export { default as process } from 'node:process';
export class DefaultJsonSchemaValidator { getValidator() { throw new Error('No validator of JSON schemas is in this build.'); } }`,
  },
  // Asked for a span only where exemplars are switched on.
  { module: '@opentelemetry/api', code: 'module.exports = { trace: { getSpan() {} }, context: { active() {} } };' },
  // One of two parsers of HTTP. Where this one does not compile undici takes the other, which runs on every processor.
  { module: '/undici/lib/llhttp/llhttp_simd-wasm.js', code: 'module.exports = Buffer.alloc(0);' },
  // Files over SSH, servers and new keys: only commands and tunnels are used.
  { module: '/ssh2/lib/protocol/SFTP.js', code: 'module.exports = { SFTP: class {} };' },
  { module: '/ssh2/lib/server.js', code: 'module.exports = class {};' },
  { module: '/ssh2/lib/keygen.js', code: 'module.exports = {};' },
];

/**
 * Keeps parts of packages out of the bundle.
 * @throws Error at the end of the build for a part that no package imports any more
 */
export function leaveOut(): Plugin {
  const unused = new Set(LEFT_OUT.map(({ module }) => module));
  const find = (id: string): LeftOut | undefined => LEFT_OUT.find(({ module }) => id === `\0${module}` || id.endsWith(module));
  return {
    name: 'leave-out',
    resolveId: (id) => (LEFT_OUT.some(({ module }) => module === id) ? `\0${id}` : null),
    load(id) {
      const part = find(id);
      if (!part) return null;
      unused.delete(part.module);
      return { code: part.code, moduleType: 'js' };
    },
    buildEnd() {
      if (unused.size > 0) throw new Error(`Nothing imports ${[...unused].join(', ')}: take it from the list of what is left out.`);
    },
  };
}
