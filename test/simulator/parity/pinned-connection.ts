import { connect, type TLSSocket } from 'node:tls';

const bare = (fingerprint: string): string => fingerprint.replace(/^sha256:|:/gi, '').toLowerCase();

/**
 * Connects to the origin of a URL, and gives the connection only when its certificate has this SHA-256 fingerprint.
 * @throws Error when it has another one: nothing was sent then
 */
export async function connectPinned(url: string, fingerprint: string): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: Number(port === '' ? 443 : port), rejectUnauthorized: false, timeout: 10_000 }, () => {
      const presented = socket.getPeerX509Certificate()?.fingerprint256 ?? 'none';
      if (bare(presented) === bare(fingerprint)) {
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new Error(`${url} presents the certificate ${presented}, not ${fingerprint}.`));
    });
    socket.on('error', reject);
    socket.on('timeout', () => socket.destroy(new Error(`${url} does not answer.`)));
  });
}
