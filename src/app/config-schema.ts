import { z } from 'zod';
import {
  auditSection,
  authSection,
  jobsSection,
  loggingSection,
  mcpSection,
  proxmoxSection,
  securitySection,
} from './basic-config-schema.ts';
import { httpSection, keysSection, oauthSection, webhooksSection } from './http-config-schema.ts';
import { approvalsSection, commandPolicySection, policySection } from './policy-config-schema.ts';
import { apiTunnelSection, sshSection } from './ssh-config-schema.ts';

/** The whole config file. The sections and keys are those of the predecessor, and more. */
export const configSchema = z.object({
  proxmox: proxmoxSection.describe('Where Proxmox VE is, and how it is told from an impostor.'),
  api_tunnel: apiTunnelSection.prefault({}).describe('The way to the API through SSH, where there is no other.'),
  auth: authSection.describe('The API token that everything is done with.'),
  logging: loggingSection.prefault({}).describe('What is logged, and where.'),
  mcp: mcpSection.prefault({}).describe('The MCP side: which tools it offers, and where it listens when it is served over HTTP.'),
  http: httpSection.prefault({}).describe('The OpenAPI side, and what holds for everything that is served over HTTP.'),
  keys: keysSection.describe('Named keys for HTTP, known by their hashes.'),
  oauth: oauthSection.prefault({}).describe('An OAuth 2.1 authorization server whose tokens are accepted over HTTP.'),
  webhooks: webhooksSection.describe('Servers that are told when a job ends or wants an approval.'),
  jobs: jobsSection.prefault({}).describe('Where jobs are kept, and how long.'),
  audit: auditSection.prefault({}).describe('Where calls are recorded.'),
  policy: policySection.prefault({}).describe('What may be done, by whom, on what.'),
  command_policy: commandPolicySection.describe('The command policy of the predecessor; the section policy says the same and more.'),
  approvals: approvalsSection.prefault({}).describe('How people are asked.'),
  ssh: sshSection.describe('How nodes are reached over SSH. Without it, operations on commands and files in containers do not exist.'),
  security: securitySection.prefault({}).describe('What is less safe, and has to be said.'),
});
export type Config = z.output<typeof configSchema>;
