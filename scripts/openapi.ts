/**
 * Writes the OpenAPI document of the whole catalogue to standard output, for linters and generators of clients.
 *
 * Usage: node scripts/openapi.ts > openapi.json
 */
import { VERSION } from '../src/app/version.ts';
import { registerCatalog } from '../src/dispatch/registered-operation.ts';
import { openApiDocument } from '../src/http/openapi-document.ts';
import { CATALOG } from '../src/operations/catalog.ts';

const operations = registerCatalog(CATALOG);
const document = openApiDocument({ operations, version: VERSION, serverUrl: '/', isAuthRequired: true, hasTokens: true });
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
