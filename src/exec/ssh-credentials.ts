import { readFile } from 'node:fs/promises';
import { expandHome } from '../domain/home-path.ts';
import { systemCode } from '../domain/thrown.ts';
import { parseHostKeyFingerprint } from './host-fingerprint.ts';
import type { ExpectedKeys } from './host-key-verdict.ts';
import { findKnownKeys, parseKnownHosts } from './known-hosts.ts';
import { notSent } from './ssh-failure.ts';
import type { SshSettings, SshTarget } from './ssh-settings.ts';

/** Reads what is known of a host's keys: the pins for its node or host name, and all known_hosts files. */
export async function readExpectedKeys(settings: SshSettings, target: SshTarget): Promise<ExpectedKeys> {
  const pins = [...new Set([target.node, target.host])]
    .flatMap((name) => (Object.hasOwn(settings.hostFingerprints, name) ? (settings.hostFingerprints[name] ?? []) : []))
    .map(parseHostKeyFingerprint);
  const texts = await Promise.all(settings.knownHostsFiles.map((file) => readKnownHosts(expandHome(file), target)));
  return { pins, known: findKnownKeys(parseKnownHosts(texts.join('\n')), target.host, target.port) };
}

async function readKnownHosts(file: string, target: SshTarget): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    // A file that is there and cannot be read may hold the line that revokes the key.
    throw notSent('key_unusable', target, `The known_hosts file ${file} cannot be read.`, { cause: error });
  }
}

/** The private key file, or undefined when none is set. */
export async function readKeyFile(settings: SshSettings, target: SshTarget): Promise<Buffer | undefined> {
  if (settings.keyFile === undefined) return undefined;
  const file = expandHome(settings.keyFile);
  try {
    return await readFile(file);
  } catch (error) {
    throw notSent('key_unusable', target, `The SSH key ${file} ${systemCode(error) === 'ENOENT' ? 'does not exist' : 'cannot be read'}.`, {
      hint: 'Check ssh.key_file and the rights of the file.',
      cause: error,
    });
  }
}
