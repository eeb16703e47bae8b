/**
 * Who this browser is: a guest whose token the server makes and renews, or somebody who brought a token. Kept in
 * storage per server, shared by all tabs.
 */
import { z } from 'zod';
import { wireError } from '../../../src/protocol/errors.ts';
import { Account } from './account.ts';
import type { Environment } from './environment.ts';
import { callHttp } from './http.ts';
import { Observable } from './observable.ts';
import { parseJson } from './parse-json.ts';
import { failed, localError, succeeded, type Result } from './result.ts';
import { lifetimeOf, userOf } from './token-claims.ts';

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
  /** That of the user whom this page began with. */
  readonly account: Account;
  /** Of the token in storage. */
  readonly key: string;
  private readonly env: Environment;
  private readonly url: string;

  constructor(env: Environment, url: string) {
    this.env = env;
    this.url = url;
    this.key = `holdfast.token:${url}`;
    this.account = new Account(env, url, userOf(this.current()?.token));
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
    if (stored !== null && (stored.kind === 'own' || this.isFresh(stored))) return this.usable(stored);
    return this.renew(stored?.token ?? null);
  }

  /** A token other than `stale`, for the same user where the server allows it. A pasted one cannot be renewed. */
  async renew(stale: string | null): Promise<Result<string>> {
    return this.env.exclusively(this.key, async () => {
      const stored = this.current();
      if (stored !== null && stored.token !== stale && (stored.kind === 'own' || this.isFresh(stored))) return this.usable(stored);
      if (stored?.kind === 'own') return this.needSignIn(null);
      return this.askForGuest(stored, stored?.token);
    });
  }

  useOwn(token: string): void {
    this.store(token, 'own', this.current());
    this.follow();
  }

  forget(): void {
    this.env.storage.remove(this.key);
  }

  /** The token in storage is another one; false when it is for another user. */
  follow(): boolean {
    const still = this.check();
    if (still && this.current() !== null) this.signIn.set(null);
    return still;
  }

  /** False, and over for this page, when the token in storage is not for its user. */
  check(): boolean {
    if (!this.account.isOf(userOf(this.current()?.token))) this.account.end();
    return !this.account.over.value;
  }

  /** For this page's user only. */
  private usable(stored: StoredToken | null): Result<string> {
    return this.check() && stored !== null ? succeeded(stored.token) : failed(wireError('unauthenticated', 'Somebody else is signed in.'));
  }

  private isFresh(stored: StoredToken): boolean {
    const remaining = this.remainingMs(stored);
    return remaining === null || remaining > Math.min(MARGIN_MS, (stored.lifetimeMs ?? 0) * MARGIN_SHARE);
  }

  /** In place of the token `before`; `old`: to stay the same guest. */
  private async askForGuest(before: StoredToken | null, old: string | undefined): Promise<Result<string>> {
    if (old === undefined) {
      const config = configSchema.safeParse(await this.config());
      if (config.success && !config.data.guests) return this.needSignIn(config.data.signInUrl ?? null);
    }
    const answer = await callHttp(this.env, `${this.url}/api/auth/guest`, { method: 'POST', token: old });
    // Somebody signed in, or out, meanwhile: that counts.
    const now = this.current();
    if (now?.token !== before?.token) return this.usable(now);
    if (answer.ok) {
      const guest = guestSchema.safeParse(answer.value);
      if (!guest.success) return failed(localError('bad-answer'));
      this.signIn.set(null);
      return this.usable(this.store(guest.data.token, 'guest', before));
    }
    if (answer.error.code !== 'unauthenticated') return answer;
    return old === undefined ? this.needSignIn(null) : this.askForGuest(before, undefined);
  }

  private async config(): Promise<unknown> {
    const answer = await callHttp(this.env, `${this.url}/api/config`);
    return answer.ok ? answer.value : null;
  }

  private needSignIn(url: string | null): Result<string> {
    this.signIn.set({ url });
    return failed(wireError('unauthenticated', 'A sign-in is needed.'));
  }

  /** A guest whom the server does not know any more goes on as the next one; who signs in has what nobody had. */
  private store(token: string, kind: StoredToken['kind'], before: StoredToken | null): StoredToken {
    const stored: StoredToken = { token, kind, receivedAt: this.env.clock.now(), lifetimeMs: lifetimeOf(token) };
    if (kind === 'guest' || before === null) this.account.hand(userOf(before?.token), userOf(token));
    // Last: other tabs are told of the token, and look then.
    this.env.storage.set(this.key, JSON.stringify(stored));
    return stored;
  }
}
