/** Why a token was refused, in the product's words: the token's fault, or nobody could check it right now. */
import { errors } from 'jose';
import { chatError } from '../../errors.ts';
import { isErrorCode } from '../../protocol/errors.ts';

export const ENDED = 'The token has ended. Get a fresh one.';
export const NOT_VALID = 'The token is not valid here. Sign in again.';

const TOKEN_FAULTS = new Set([
  'ERR_JOSE_ALG_NOT_ALLOWED',
  'ERR_JOSE_NOT_SUPPORTED',
  'ERR_JWS_INVALID',
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'ERR_JWT_CLAIM_VALIDATION_FAILED',
  'ERR_JWT_INVALID',
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
]);
const RETRY_MS = 2_000;

/** What is neither the token's fault nor already ours can only be that the keys could not be fetched or used. */
export function tokenError(thrown: unknown): Error {
  if (thrown instanceof Error && 'type' in thrown && isErrorCode(thrown.type)) return thrown;
  if (thrown instanceof errors.JWTExpired) return chatError('unauthenticated', ENDED);
  if (thrown instanceof errors.JOSEError && TOKEN_FAULTS.has(thrown.code)) return chatError('unauthenticated', NOT_VALID);
  const error = chatError('unavailable', 'Signing in cannot be checked right now. Try again.', RETRY_MS);
  error.cause = thrown;
  return error;
}
