/**
 * Who this browser is: a guest whose token the server makes and renews, or somebody who brought a token. Kept in
 * storage per server, shared by all tabs.
 */
import { z } from 'zod';
import { wireError } from '../../../src/protocol/errors.ts';
import type { Environment } from './environment.ts';
import { callHttp } from './http.ts';
import { Observable } from './observable.ts';
import { parseJson } from './parse-json.ts';
import { failed, localError, succeeded, type Result } from './result.ts';

const storedSchema = z.object({
  token: z.string().min(1),
  kind: z.enum(['guest', 'own']),
  /** By this browser's clock, so that a wrong one does not matter. */
  receivedAt: z.number(),
  /** null: the token does not say. */
  lifetimeMs: z.number().nullable(),
});
export type StoredToken = z.infer<typeof storedSchema>;

const configSchema = z.object({ guests: z.boolean(), signInUrl: z.string().nullish() });
const guestSchema = z.object({ token: z.string().min(1) });

/** A token with less than this left, or less than a tenth of its life, is renewed before it is used. */
const MARGIN_MS = 30_000;
const MARGIN_SHARE = 0.1;

export class TokenKeeper {
  /** Set while the server wants a sign-in: where it happens, when the server says so. */
  readonly signIn = new Observable<{ url: string | null } | null>(null);
  private readonly env: Environment;
  private readonly url: string;
  private readonly key: string;

  constructor(env: Environment, url: string) {
    this.env = env;
    this.url = url;
    this.key = `holdfast.token:${url}`;
  }

  current(): StoredToken | null {
    const text = this.env.storage.get(this.key);
    const parsed = storedSchema.safeParse(parseJson(text));
    return parsed.success ? parsed.data : null;
  }

  /** Milliseconds the token still lives by what it says of itself; null when it does not say. */
  remainingMs(stored: StoredToken): number | null {
    return stored.lifetimeMs === null ? null : stored.receivedAt + stored.lifetimeMs - this.env.clock.now();
  }

  /** A token to connect with; makes a guest where that is allowed. */
  async get(): Promise<Result<string>> {
    const stored = this.current();
    if (stored !== null && (stored.kind === 'own' || this.isFresh(stored))) return succeeded(stored.token);
    return this.renew(stored?.token ?? null);
  }

  /** A token other than `stale`, for the same user where the server allows it. A pasted one cannot be renewed. */
  async renew(stale: string | null): Promise<Result<string>> {
    return this.env.exclusively(this.key, async () => {
      const stored = this.current();
      if (stored !== null && stored.token !== stale && (stored.kind === 'own' || this.isFresh(stored))) return succeeded(stored.token);
      if (stored?.kind === 'own') return this.needSignIn(null);
      return this.askForGuest(stored?.token);
    });
  }

  useOwn(token: string): void {
    this.store(token, 'own');
    this.signIn.set(null);
  }

  forget(): void {
    this.env.storage.remove(this.key);
  }

  private isFresh(stored: StoredToken): boolean {
    const remaining = this.remainingMs(stored);
    return remaining === null || remaining > Math.min(MARGIN_MS, (stored.lifetimeMs ?? 0) * MARGIN_SHARE);
  }

  private async askForGuest(old: string | undefined): Promise<Result<string>> {
    if (old === undefined) {
      const config = configSchema.safeParse(await this.config());
      if (config.success && !config.data.guests) return this.needSignIn(config.data.signInUrl ?? null);
    }
    const answer = await callHttp(this.env, `${this.url}/api/auth/guest`, { method: 'POST', token: old });
    if (answer.ok) {
      const guest = guestSchema.safeParse(answer.value);
      if (!guest.success) return failed(localError('bad-answer'));
      this.store(guest.data.token, 'guest');
      this.signIn.set(null);
      return succeeded(guest.data.token);
    }
    if (answer.error.code !== 'unauthenticated') return answer;
    if (old === undefined) return this.needSignIn(null);
    this.forget();
    return this.askForGuest(undefined);
  }

  private async config(): Promise<unknown> {
    const answer = await callHttp(this.env, `${this.url}/api/config`);
    return answer.ok ? answer.value : null;
  }

  private needSignIn(url: string | null): Result<string> {
    this.signIn.set({ url });
    return failed(wireError('unauthenticated', 'A sign-in is needed.'));
  }

  private store(token: string, kind: StoredToken['kind']): void {
    const stored: StoredToken = { token, kind, receivedAt: this.env.clock.now(), lifetimeMs: lifetimeOf(token) };
    this.env.storage.set(this.key, JSON.stringify(stored));
  }
}

const claimsSchema = z.object({ iat: z.number(), exp: z.number() });

/** How long a JWT lives from now if it was just made: its own `exp` - `iat`. It is not verified: the server does that. */
export function lifetimeOf(token: string): number | null {
  const part = token.split('.')[1];
  if (part === undefined) return null;
  const claims = claimsSchema.safeParse(parseJson(decodeBase64Url(part)));
  return claims.success ? (claims.data.exp - claims.data.iat) * 1000 : null;
}

function decodeBase64Url(text: string): string | null {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return null;
  }
}
