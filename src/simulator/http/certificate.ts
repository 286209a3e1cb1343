import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { der, pem } from './der.ts';

/** The certificate a node serves, and the certificate authority of the cluster that signed it. All PEM. */
export interface ServedCertificate {
  readonly key: string;
  readonly certificate: string;
  readonly caCertificate: string;
  /** SHA-256 of the served certificate: upper-case hex, separated by colons. */
  readonly fingerprint: string;
  readonly caFingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly names: readonly string[];
}

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  unit: '2.5.4.11',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  alternativeName: '2.5.29.17',
  subjectKey: '2.5.29.14',
  authorityKey: '2.5.29.35',
} as const;

const fingerprintOf = (bytes: Buffer): string =>
  (createHash('sha256').update(bytes).digest('hex').toUpperCase().match(/../g) ?? []).join(':');

const distinguishedName = (...attributes: ReadonlyArray<readonly [string, string]>): Buffer =>
  der.sequence(...attributes.map(([type, value]) => der.set(der.sequence(der.objectIdentifier(type), der.utf8(value)))));

const extension = (type: string, isCritical: boolean, value: Buffer): Buffer =>
  der.sequence(der.objectIdentifier(type), ...(isCritical ? [der.boolean(true)] : []), der.octets(value));

const keyIdentifier = (publicKey: KeyObject): Buffer =>
  createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): number[] =>
    text
      .split(':')
      .filter((group) => group !== '')
      .map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail)];
  return Buffer.from(
    [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after].flatMap((group) => [
      group >> 8,
      group & 0xff,
    ]),
  );
}

interface Request {
  issuer: Buffer;
  subject: Buffer;
  publicKey: KeyObject;
  signingKey: KeyObject;
  notBefore: Date;
  notAfter: Date;
  extensions: readonly Buffer[];
}

/** An X.509 v3 certificate with an ECDSA signature. */
function issue(request: Request): Buffer {
  const algorithm = der.sequence(der.objectIdentifier(OID.ecdsaSha256));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const content = der.sequence(
    der.context(0, der.integer(Buffer.from([2])), true),
    der.integer(serial),
    algorithm,
    request.issuer,
    der.sequence(der.time(request.notBefore), der.time(request.notAfter)),
    request.subject,
    request.publicKey.export({ type: 'spki', format: 'der' }),
    der.context(3, der.sequence(...request.extensions), true),
  );
  return der.sequence(content, algorithm, der.bits(sign('sha256', content, request.signingKey)));
}

/**
 * Makes the certificate authority of a cluster and a certificate for its nodes, valid for the loopback names as well.
 * @see pve-cluster PVE/Cluster/Setup.pm gen_pve_ssl_cert
 */
export function createCertificate(nodeNames: readonly string[], host: string): ServedCertificate {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const node = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const notBefore = new Date(Date.now() - 3_600_000);
  const inDays = (days: number): Date => new Date(notBefore.getTime() + days * 86_400_000);
  const issuer = distinguishedName(
    [OID.commonName, 'Proxmox Virtual Environment'],
    [OID.unit, randomUUID()],
    [OID.organization, 'PVE Cluster Manager CA'],
  );
  const authorityKey = keyIdentifier(authority.publicKey);
  const caCertificate = issue({
    issuer,
    subject: issuer,
    publicKey: authority.publicKey,
    signingKey: authority.privateKey,
    notBefore,
    notAfter: inDays(3650),
    extensions: [
      extension(OID.basicConstraints, true, der.sequence(der.boolean(true))),
      extension(OID.keyUsage, true, der.bits(Buffer.from([0b0000_0110]), 1)),
      extension(OID.subjectKey, false, der.octets(authorityKey)),
    ],
  });
  const addresses = [...new Set(['127.0.0.1', '::1', ...(isIP(host) === 0 ? [] : [host])])];
  const dnsNames = [...new Set(['localhost', ...nodeNames, ...(isIP(host) === 0 ? [host] : [])])];
  const certificate = issue({
    issuer,
    subject: distinguishedName(
      [OID.unit, 'PVE Cluster Node'],
      [OID.organization, 'Proxmox Virtual Environment'],
      [OID.commonName, nodeNames[0] ?? 'localhost'],
    ),
    publicKey: node.publicKey,
    signingKey: authority.privateKey,
    notBefore,
    notAfter: inDays(730),
    extensions: [
      extension(OID.basicConstraints, false, der.sequence()),
      extension(OID.extendedKeyUsage, false, der.sequence(der.objectIdentifier(OID.serverAuth))),
      extension(
        OID.alternativeName,
        false,
        der.sequence(
          ...dnsNames.map((name) => der.context(2, Buffer.from(name, 'latin1'), false)),
          ...addresses.map((address) => der.context(7, addressBytes(address), false)),
        ),
      ),
      extension(OID.subjectKey, false, der.octets(keyIdentifier(node.publicKey))),
      extension(OID.authorityKey, false, der.sequence(der.context(0, authorityKey, false))),
    ],
  });
  return {
    key: node.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem('CERTIFICATE', certificate),
    caCertificate: pem('CERTIFICATE', caCertificate),
    fingerprint: fingerprintOf(certificate),
    caFingerprint: fingerprintOf(caCertificate),
    notBefore: Math.floor(notBefore.getTime() / 1000),
    notAfter: Math.floor(inDays(730).getTime() / 1000),
    names: [...addresses, ...dnsNames],
  };
}
