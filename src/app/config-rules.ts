import { parseFingerprint } from '../proxmox/fingerprint.ts';
import { shownValue, type ConfigProblem } from './config-problem.ts';

/** One section of a config file as it was given; empty when it is missing or no object. */
export function sectionOf(raw: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const section = raw[name];
  return typeof section === 'object' && section !== null ? (section as Record<string, unknown>) : {};
}

/** What types cannot say. */
export function beyondTypes(given: Readonly<Record<string, unknown>>): readonly ConfigProblem[] {
  const proxmox = sectionOf(given, 'proxmox');
  const problems: ConfigProblem[] = [];
  const { fingerprint } = proxmox;
  const pins =
    typeof fingerprint === 'string'
      ? [fingerprint]
      : Array.isArray(fingerprint)
        ? fingerprint.filter((pin) => typeof pin === 'string')
        : [];
  for (const pin of pins) {
    try {
      parseFingerprint(pin);
    } catch {
      problems.push({
        where: 'proxmox.fingerprint (PROXMOX_FINGERPRINT)',
        value: shownValue(pin),
        expected: 'a SHA-256 fingerprint: 32 bytes in hex, with or without colons',
      });
    }
  }
  if (proxmox['verify_ssl'] === false && sectionOf(given, 'security')['dev_mode'] !== true) {
    problems.push({
      where: 'proxmox.verify_ssl (PROXMOX_VERIFY_SSL)',
      value: 'false',
      expected: 'needs security.dev_mode=true (PROXMOX_DEV_MODE); better pin the certificate with proxmox.fingerprint and leave it true',
    });
  }
  const { host } = proxmox;
  if (typeof host === 'string' && /[/@\s]/.test(host)) {
    problems.push({
      where: 'proxmox.host (PROXMOX_HOST)',
      value: shownValue(host),
      expected: 'a name or address only, without https:// and path',
    });
  }
  const { file: policyFile, read_only: _readOnly, toolsets: _toolsets, ...besideFile } = sectionOf(given, 'policy');
  const [stray] = Object.keys(besideFile);
  if (policyFile !== undefined && stray !== undefined) {
    problems.push({
      where: `policy.${stray}`,
      value: undefined,
      expected: 'belongs into policy.file, which is set; only read_only and toolsets stand beside it',
    });
  }
  const { user } = sectionOf(given, 'auth');
  if (typeof user === 'string' && (!user.includes('@') || user.includes('!'))) {
    problems.push({
      where: 'auth.user (PROXMOX_USER)',
      value: shownValue(user),
      expected: 'USER@REALM, e.g. mcp@pve; the token id belongs in token_name',
    });
  }
  return problems;
}
