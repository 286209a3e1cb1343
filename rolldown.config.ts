import { defineConfig } from 'rolldown';

/** One file for what every start needs, and chunks for what is loaded when it is used. No runtime dependencies remain. */
export default defineConfig({
  input: { main: 'src/main.ts' },
  platform: 'node',
  external: [/^node:/, 'pg-native', 'cpu-features'],
  transform: { define: { 'process.env.PROXMOX_MCP_BUILD': '"published"' } },
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js', minify: true, cleanDir: true },
});
