import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startService, type Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ config: { http: { public_docs: true, root_path: '/api', path_prefix: '/proxmox' } } });
});
afterAll(() => service.close());

describe('the documentation page', () => {
  test('loads everything from this server, under a policy that allows nothing else', async () => {
    const page = await service.ask('/docs', { key: null });
    expect(page.status).toBe(200);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe-eval');
    const html = await page.text();
    const links = [...html.matchAll(/(?:src|href|data-document)="([^"]+)"/g)].map(([, link = '']) => link);
    expect(links.length).toBe(5);
    for (const link of links) {
      expect(link.startsWith('/api/proxmox/')).toBe(true);
      // Behind a proxy that takes its part off, and behind one that does not.
      for (const path of [link, link.slice('/api'.length)]) {
        const asset = await service.ask(path, { key: null });
        expect(asset.status).toBe(200);
        await asset.arrayBuffer();
      }
    }
    expect(html).not.toMatch(/<script>|<style|style=|\son\w+=/);
  });

  test('is compressed for those who can read that, and kept by browsers', async () => {
    const plain = await service.ask('/docs/swagger-ui-bundle.js', { key: null });
    expect(plain.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    const zipped = await service.ask('/docs/swagger-ui-bundle.js', { key: null, headers: { 'accept-encoding': 'gzip' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect((await zipped.arrayBuffer()).byteLength).toBeLessThan((await plain.arrayBuffer()).byteLength / 2);
    const again = await service.ask('/docs/swagger-ui-bundle.js', {
      key: null,
      headers: { 'if-none-match': plain.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
  });

  test.each(['/docs/package.json', '/docs/..%2fpackage.json', '/docs/swagger-ui.js', '/docs/__proto__'])(
    'serves no other file: %s',
    async (path) => {
      expect((await service.ask(path, { key: null })).status).toBe(404);
    },
  );
});

test('only the documentation is public where the operator opens it', async () => {
  expect((await service.ask('/openapi.json', { key: null })).status).toBe(200);
  for (const path of ['/jobs', '/metrics', '/readyz', '/events']) expect((await service.ask(path, { key: null })).status).toBe(401);
  expect((await service.ask('/get_nodes', { key: null, method: 'POST' })).status).toBe(401);
});
