/**
 * Tokens: what a request says about who sends it. Guests' are made and signed here; external ones come from the
 * operator's own programs (AUTH_JWT_SECRET) or from an identity provider (AUTH_JWKS_URL).
 * A user id that begins with "guest:" is believed only from a token signed with our secret by the issuer "holdfast".
 * The algorithm decides the key: HS256 is always our secret, public-key algorithms are always the identity
 * provider's keys, everything else is refused; so no public key can pass for a secret, and "none" for nothing.
 */
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT, type JWTPayload, type JWTVerifyOptions } from 'jose';
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { chatError } from '../../errors.ts';
import { randomId } from '../../ids.ts';
import { createKeySet, PUBLIC_KEY_ALGORITHMS } from './key-set.ts';
import { ENDED, NOT_VALID, tokenError } from './token-errors.ts';

export const GUEST_ISSUER = 'holdfast';
const GUEST_PREFIX = 'guest:';
const GUEST_ID_LENGTH = 22;
/** An issuer's clock may be this far ahead of ours, in seconds. The end of a token is exact. */
const LEEWAY_S = 5;

export interface Identity {
  userId: string;
  /** Epoch ms. */
  expiresAt: number;
}

export interface Tokens {
  /** A token of a new guest, or a fresh one of this guest. */
  issueGuest(userId?: string): Promise<Identity & { token: string }>;
  /** Throws `unauthenticated`, or `unavailable` when the identity provider's keys cannot be had right now. */
  verify(token: string): Promise<Identity>;
  /** The guest whose token this is, if it is valid or ended less than AUTH_GUEST_REFRESH_MS ago. Throws `unauthenticated`. */
  refreshable(token: string): Promise<string>;
}

export type TokenSettings = Pick<
  Config,
  'AUTH_GUESTS' | 'AUTH_GUEST_TTL_MS' | 'AUTH_GUEST_REFRESH_MS' | 'AUTH_JWT_SECRET' | 'AUTH_JWKS_URL' | 'AUTH_ISSUER' | 'AUTH_AUDIENCE'
>;

/** `secret` signs guests' tokens: AUTH_JWT_SECRET, or the one this installation made for itself. */
export function createTokens(config: TokenSettings, secret: string, clock: Clock): Tokens {
  const key = new TextEncoder().encode(secret);
  const { guest, external } = verifiers(config, key, clock);
  return {
    async issueGuest(userId = GUEST_PREFIX + randomId(GUEST_ID_LENGTH)) {
      const now = clock.now();
      const expiresAt = now + config.AUTH_GUEST_TTL_MS;
      const claims = { iss: GUEST_ISSUER, sub: userId, iat: now / 1000, exp: expiresAt / 1000 };
      return { userId, expiresAt, token: await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key) };
    },
    verify: (token) =>
      orTokenError(async () => {
        const { alg, payload } = unverified(token);
        const bySecret = alg === 'HS256';
        const byGuest = bySecret && hasGuestId(payload);
        const identity = identityOf(await (byGuest ? guest(token, 0) : external(token, bySecret)), byGuest);
        if (identity.expiresAt <= clock.now()) throw chatError('unauthenticated', ENDED);
        return identity;
      }),
    refreshable: (token) =>
      orTokenError(async () => identityOf(await guest(token, config.AUTH_GUEST_REFRESH_MS), true).userId),
  };
}

/** The claims of a token whose signature, issuer, audience and (with LEEWAY_S) times are right. */
function verifiers(config: TokenSettings, key: Uint8Array, clock: Clock) {
  const keySet = config.AUTH_JWKS_URL === undefined ? undefined : createKeySet(config.AUTH_JWKS_URL);
  const wanted = { issuer: config.AUTH_ISSUER, audience: config.AUTH_AUDIENCE };
  const rules = (algorithms: string[], more: JWTVerifyOptions): JWTVerifyOptions => ({
    clockTolerance: LEEWAY_S,
    ...more,
    algorithms,
    requiredClaims: ['sub', 'exp'],
    currentDate: new Date(clock.now()),
  });
  return {
    async guest(token: string, endedAgoMs: number): Promise<JWTPayload> {
      if (!config.AUTH_GUESTS) throw chatError('unauthenticated', 'Guests are not allowed here. Sign in.');
      const clockTolerance = LEEWAY_S + endedAgoMs / 1000;
      return (await jwtVerify(token, key, rules(['HS256'], { issuer: GUEST_ISSUER, clockTolerance }))).payload;
    },
    async external(token: string, bySecret: boolean): Promise<JWTPayload> {
      if (bySecret && config.AUTH_JWT_SECRET !== undefined) return (await jwtVerify(token, key, rules(['HS256'], wanted))).payload;
      if (!bySecret && keySet !== undefined) return (await jwtVerify(token, keySet, rules(PUBLIC_KEY_ALGORITHMS, wanted))).payload;
      throw chatError('unauthenticated', NOT_VALID);
    },
  };
}

/** What the token says, to choose how to verify it; nothing here is believed yet. Throws `unauthenticated` if it is no token. */
function unverified(token: string): { alg: string | undefined; payload: JWTPayload } {
  try {
    return { alg: decodeProtectedHeader(token).alg, payload: decodeJwt(token) };
  } catch {
    throw chatError('unauthenticated', NOT_VALID);
  }
}

async function orTokenError<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (thrown) {
    throw tokenError(thrown);
  }
}

function hasGuestId(payload: JWTPayload): boolean {
  return String(payload.sub).startsWith(GUEST_PREFIX);
}

/** The verified claims as an identity; whose id is not of its own kind is refused. */
function identityOf(payload: JWTPayload, byGuest: boolean): Identity {
  const { sub = '', exp = 0 } = payload;
  if (hasGuestId(payload) !== byGuest || !/^[^\p{Cc}]{1,256}$/u.test(sub)) throw chatError('unauthenticated', NOT_VALID);
  return { userId: sub, expiresAt: exp * 1000 };
}
