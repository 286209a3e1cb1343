import { pathSegments } from './path-segments.ts';

/** Files that hold credentials of a guest, as lower-case paths below its root. */
const SECRET_FILES: readonly RegExp[] = [
  /^etc\/g?shadow-?$/,
  /^etc\/(?:security\/opasswd|master\.passwd|krb5\.keytab|pve\/priv\/.+|ssl\/private\/.+)$/,
  /^etc\/ssh\/ssh_host_[^/]+_key$/,
  /^proc\/[^/]+\/(?:task\/[^/]+\/)?environ$/,
  /(?:^|\/)\.ssh\/(?:id_[^/]+(?<!\.pub)|identity)$/,
  /(?:^|\/)\.(?:netrc|pgpass|my\.cnf|git-credentials|vault-token)$/,
  /(?:^|\/)\.(?:aws\/credentials|kube\/config|docker\/config\.json|gnupg\/private-keys-v1\.d\/.+)$/,
  /(?:^|\/)windows\/(?:system32\/config|repair)\/(?:sam|system|security)$/,
  /(?:^|\/)ntds\.dit$/,
];

/**
 * Whether a path names a file that holds credentials of a guest: password hashes, private keys, tokens of well-known tools. A list
 * of names, so a bar against accidents and plain attempts: links and copies within the guest are not seen.
 */
export function isSecretFile(path: string): boolean {
  const segments = pathSegments(path.slice(0, 4096).toLowerCase(), /[\\/]/);
  // The root of the guest, seen through one of its processes.
  const plain = segments.join('/').replace(/^(?:proc\/[^/]+\/(?:task\/[^/]+\/)?root\/)+/, '');
  return SECRET_FILES.some((file) => file.test(plain));
}
