import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';

/** An authorization server that publishes its keys and signs whatever it is asked to. */
export interface AuthorizationServer extends AsyncDisposable {
  readonly issuer: string;
  readonly requests: readonly string[];
  sign(claims: JWTPayload): Promise<string>;
  /** Signed with a key that nobody published. */
  forge(claims: JWTPayload): Promise<string>;
  /** Signs with a new key from now on, and withdraws the one before. */
  rotate(): Promise<void>;
}

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  async function newKey(kid: string) {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
  }
  let current = await newKey('1');
  const { privateKey: foreignKey } = await generateKeyPair('ES256');
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const documents: Readonly<Record<string, unknown>> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
      '/keys': { keys: [current.jwk] },
    };
    const document = documents[request.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const signed = (claims: JWTPayload, key = current.privateKey): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: current.kid }).sign(key);
  return {
    issuer,
    requests,
    sign: (claims) => signed(claims),
    forge: (claims) => signed(claims, foreignKey),
    async rotate() {
      current = await newKey(String(Number(current.kid) + 1));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
