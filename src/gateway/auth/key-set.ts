/** Keys of an identity provider, fetched when needed and again when a token names a key that is not among them. */
import { createRemoteJWKSet } from 'jose';

/** No HMAC: a public key must never serve as a secret. */
export const PUBLIC_KEY_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** A rotated key is known at most this much later; tokens naming made-up keys cause no more than one fetch in it. */
export const KEY_COOLDOWN_MS = 5_000;
const FETCH_TIMEOUT_MS = 3_000;
const MAX_AGE_MS = 600_000;

/** `url` is AUTH_JWKS_URL, an address by its setting's own rule. */
export function createKeySet(url: string): ReturnType<typeof createRemoteJWKSet> {
  return createRemoteJWKSet(new URL(url), { cooldownDuration: KEY_COOLDOWN_MS, timeoutDuration: FETCH_TIMEOUT_MS, cacheMaxAge: MAX_AGE_MS });
}
