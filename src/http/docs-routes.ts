import { createDocsAssets } from './docs-assets.ts';
import type { HttpContext } from './request-context.ts';
import type { RouteTable } from './route-table.ts';

/** Scripts and styles come from here only; Swagger UI draws its icons from data URLs. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SCRIPT = `window.addEventListener('load', () => {
  SwaggerUIBundle({ url: document.body.dataset.document, dom_id: '#swagger-ui', deepLinking: true, layout: 'BaseLayout', validatorUrl: null, persistAuthorization: false });
});
`;

/** `GET /docs`: the document for people, from files of this server alone. */
export function addDocsRoutes(routes: RouteTable, publicPath: string): void {
  const assetNamed = createDocsAssets();
  const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ProxmoxMCP-Plus</title>
<link rel="icon" href="${publicPath}/docs/favicon-32x32.png">
<link rel="stylesheet" href="${publicPath}/docs/swagger-ui.css">
</head>
<body data-document="${publicPath}/openapi.json">
<div id="swagger-ui"></div>
<script src="${publicPath}/docs/swagger-ui-bundle.js"></script>
<script src="${publicPath}/docs/start.js"></script>
</body>
</html>
`;

  routes.get('/docs', async () => {
    if (!(await assetNamed('swagger-ui-bundle.js'))) {
      return Response.json(
        { detail: `This installation holds no documentation page. The document is at ${publicPath}/openapi.json` },
        { status: 404 },
      );
    }
    return new Response(page, { headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY } });
  });
  routes.get('/redoc', () => new Response(null, { status: 308, headers: { location: `${publicPath}/docs` } }));
  routes.get('/docs/start.js', () => new Response(SCRIPT, { headers: { 'content-type': 'text/javascript; charset=utf-8' } }));
  routes.get('/docs/{file}', async (context) => serve(context, await assetNamed(context.req.param('file') ?? '')));
}

function serve(context: HttpContext, asset: Awaited<ReturnType<ReturnType<typeof createDocsAssets>>>): Response {
  if (!asset) return Response.json({ detail: 'Not Found' }, { status: 404 });
  const headers = { etag: asset.etag, 'cache-control': 'private, max-age=86400', vary: 'Accept-Encoding' };
  if (context.req.header('if-none-match') === asset.etag) return new Response(null, { status: 304, headers });
  const zipped = /\bgzip\b/.test(context.req.header('accept-encoding') ?? '');
  const bytes = new Uint8Array(zipped ? asset.gzipped : asset.bytes);
  return new Response(bytes, { headers: { ...headers, 'content-type': asset.type, ...(zipped ? { 'content-encoding': 'gzip' } : {}) } });
}
