/**
 * Writes the OpenAPI document of the whole catalogue to standard output, for linters and generators of clients.
 *
 * Usage: node scripts/openapi.ts > openapi.json
 */
import { VERSION } from '../src/app/version.ts';
import { registerOperation } from '../src/dispatch/registered-operation.ts';
import { openApiDocument } from '../src/http/openapi-document.ts';
import { CATALOG } from '../src/operations/catalog.ts';
import type { Operation } from '../src/operations/define.ts';

const operations = Object.entries(CATALOG as Readonly<Record<string, readonly Operation[]>>).flatMap(([toolset, members]) =>
  members.map((operation) => registerOperation(operation, toolset)),
);
const document = openApiDocument({ operations, version: VERSION, serverUrl: '/', isAuthRequired: true, hasTokens: true });
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
