/** What a JWT says of itself. It is not verified: the server does that. */
import { z } from 'zod';
import { parseJson } from './parse-json.ts';

const lifeSchema = z.object({ iat: z.number(), exp: z.number() });
const userSchema = z.object({ sub: z.string().min(1) });

/** How long it lives from now if it was just made: its own `exp` - `iat`. */
export function lifetimeOf(token: string): number | null {
  const life = lifeSchema.safeParse(claimsOf(token)).data;
  return life === undefined ? null : (life.exp - life.iat) * 1000;
}

/** Whose it is; null: it does not say, and no server takes it. */
export function userOf(token: string | undefined): string | null {
  return userSchema.safeParse(claimsOf(token ?? '')).data?.sub ?? null;
}

function claimsOf(token: string): unknown {
  const part = token.split('.')[1];
  return part === undefined ? null : parseJson(decodeBase64Url(part));
}

function decodeBase64Url(text: string): string | null {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return null;
  }
}
