import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The `live` section of the config file: where guests for the test may be made. */
const liveSection = z.strictObject({
  /** Node to work on. */
  node: z.string(),
  /** For disks of guests. */
  storage: z.string(),
  backup_storage: z.string(),
  image_storage: z.string(),
  /** Volid of a container template; without it containers are left out. */
  container_template: z.string().optional(),
  /** https URL of a small ISO image; without it the download is left out. */
  iso_url: z.string().optional(),
  /** Ten ids from here on are reserved for the test. */
  first_vmid: z.int().min(100).max(999_999_000).default(990_000),
});
export type LiveSettings = z.output<typeof liveSection>;

/** Where the configuration of the live test is. Never the default one: the test makes and destroys guests. */
export function liveConfigPath(environment: NodeJS.ProcessEnv): string {
  return environment['PROXMOX_MCP_E2E_CONFIG'] || 'proxmox-config/config.live.json';
}

/** @throws Error that says what is missing */
export function readLiveSettings(path: string): LiveSettings {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no JSON'}). Copy proxmox-config/config.live.example.json and fill it in.`,
      { cause: error },
    );
  }
  const parsed = liveSection.safeParse((content as Readonly<Record<string, unknown>>)['live'] ?? {});
  if (parsed.success) return parsed.data;
  throw new Error(
    `The section live of ${path} is not complete: ${parsed.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('; ')}`,
  );
}
