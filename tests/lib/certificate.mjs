// certificate.mjs - a self-signed certificate for localhost, made by openssl.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

// Gives the names of two PEM files in the folder: { cert, key }.
export async function makeCertificate(folder) {
  const files = { cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') };
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', files.key, '-out', files.cert]);
  return files;
}
