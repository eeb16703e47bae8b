/** Tokens of users of the bench's own, signed with the cluster's secret: no limit on guests stands in the way. */
import { SignJWT } from 'jose';

export const SECRET = 'the secret of a benchmark, of no use anywhere else';
const key = new TextEncoder().encode(SECRET);

export function tokenOf(user: string): Promise<string> {
  return new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setSubject(user).setIssuedAt().setExpirationTime('12h').sign(key);
}
