/** A certificate of a server's own for 127.0.0.1, which no authority vouches for. Guard with `describeWith(['openssl', …], …)`. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Paths of two PEM files in `dir`. */
export function selfSigned(dir: string): { key: string; certificate: string } {
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
  const about = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...about], { stdio: 'ignore' });
  return { key, certificate };
}
