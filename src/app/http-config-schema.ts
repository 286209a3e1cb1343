import { z } from 'zod';
import { SCOPES } from '../domain/principal.ts';
import { isProtectedUrl } from '../domain/protected-url.ts';
import { always } from './config-setting.ts';
import { webhookUrlProblem } from './webhook-url.ts';

/** A path in front of all routes; `/` and nothing mean none. */
const pathPrefix = z
  .string()
  .regex(/^(?:\/|(?:\/[\w.~-]+)*\/?)$/, 'must look like /proxmox')
  .transform((path) => path.replace(/\/$/, ''));

/** The OpenAPI side of the HTTP service. */
export const httpSection = z.object({
  host: z.string().default('127.0.0.1').meta(always('API_HOST', 'Address for HTTP.')),
  port: z.int().min(0).max(65_535).default(8811).meta(always('API_PORT', 'Port for HTTP.')),
  api_key: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .meta({
      ...always('PROXMOX_API_KEY', 'The key that may do everything. Give agents and programs named keys with fewer scopes.'),
      secret: true,
    }),
  allow_no_auth: z
    .boolean()
    .default(false)
    .meta(always('PROXMOX_ALLOW_NO_AUTH', 'Serve without any key. Whoever reaches the port operates the cluster.')),
  strict_auth: z.boolean().default(true).meta(always('PROXMOX_STRICT_AUTH', 'Of the predecessor; always on where there is a key.')),
  public_docs: z.boolean().default(false).meta(always('PROXMOX_PUBLIC_DOCS', 'Show /docs and /openapi.json without a key.')),
  rate_limit_rpm: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .meta(always('PROXMOX_RATE_LIMIT_RPM', 'Requests per minute for each principal and each address; 0 without limit.')),
  max_connections_per_address: z
    .int()
    .min(0)
    .max(2000)
    .default(200)
    .meta(
      always(
        'API_MAX_CONNECTIONS_PER_ADDRESS',
        'Connections that one address may hold at once; 0 without limit. Trusted proxies and this machine have none.',
      ),
    ),
  cors_allow_origins: z
    .array(z.string())
    .default([])
    .meta(always('MCPO_CORS_ALLOW_ORIGINS', 'Pages that may read answers; none by default.')),
  allowed_hosts: z.array(z.string()).default([]).meta(always('API_ALLOWED_HOSTS', 'Host headers to accept; any where a key is asked for.')),
  trusted_proxies: z
    .array(z.string())
    .default([])
    .meta(always('API_TRUSTED_PROXIES', 'Addresses or networks of proxies whose X-Forwarded-For counts.')),
  path_prefix: pathPrefix.default('').meta(always('MCPO_PATH_PREFIX', 'All routes lie below this path.')),
  root_path: pathPrefix.default('').meta(always('MCPO_ROOT_PATH', 'Path that a reverse proxy takes off.')),
  mcp: z.enum(['off', 'same-port', 'own-port']).default('off').meta(always('API_MCP', 'Serve MCP at /mcp too, here or at mcp.port.')),
});

const scopes = z.array(z.enum(SCOPES)).min(1).describe('What the key may do.');

/** Named keys, known by their hashes. */
export const keysSection = z
  .array(
    z.object({
      name: z
        .string()
        .regex(/^[\w.@-]{1,64}$/)
        .describe('Names the holder in jobs, audit and logs.'),
      hash: z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/i, 'must be sha256: and 64 hex digits')
        .describe('From `proxmox-mcp-plus keys add`.'),
      scopes,
      expires: z.iso.datetime({ offset: true }).or(z.iso.date()).optional().describe('When the key stops to count.'),
    }),
  )
  .max(1000)
  .default([]);

/** Servers that are told when a job ends or wants an approval. */
export const webhooksSection = z
  .array(
    z
      .object({
        url: z.string().max(2048).describe('Where to post; https, or http on this machine.'),
        secret: z.string().min(16).max(512).describe('Key of the signature.'),
        events: z
          .array(z.enum(['job.ended', 'approval.wanted']))
          .min(1)
          .default(['job.ended', 'approval.wanted'])
          .describe('What it is told.'),
        allow_http: z
          .boolean()
          .default(false)
          .describe('Post through a private network without encryption: whoever is on the way reads what jobs do.'),
      })
      .superRefine(({ url, allow_http: allowsHttp }, { addIssue }) => {
        const problem = webhookUrlProblem(url, allowsHttp);
        if (problem !== undefined) addIssue({ code: 'custom', path: ['url'], message: problem });
      }),
  )
  .max(20)
  .default([]);

/** What comes from there decides who is let in. */
const protectedUrl = z
  .url()
  .refine(isProtectedUrl, 'must be https, or on this machine: whoever changes keys on their way can forge tokens');

/** An OAuth 2.1 authorization server whose tokens are accepted. */
export const oauthSection = z.object({
  issuer: protectedUrl.optional().meta(always('PROXMOX_OAUTH_ISSUER', 'Issuer of the tokens.')),
  audience: z.string().max(512).optional().meta(always('PROXMOX_OAUTH_AUDIENCE', 'Audience that tokens must be meant for.')),
  jwks_uri: protectedUrl.optional().meta(always('PROXMOX_OAUTH_JWKS_URI', 'Where the keys are; found through the issuer otherwise.')),
  resource: z.url().optional().meta(always('PROXMOX_OAUTH_RESOURCE', 'URL of this service as clients know it; the audience by default.')),
});
