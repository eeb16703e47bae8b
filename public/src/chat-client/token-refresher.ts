/** Gives the open socket a fresh guest token before the old one ends, so that it need not reconnect. */
import { RETRY, backoffMs } from './backoff.ts';
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import type { TokenKeeper } from './tokens.ts';

/** Renewed when this share of its life is left, and never later than this many ms before its end. */
const SHARE_LEFT = 0.2;
const LATEST_MS = 5 * 60_000;

export class TokenRefresher {
  private readonly env: Environment;
  private readonly connection: Connection;
  private readonly tokens: TokenKeeper;
  private cancel = (): void => {};
  private online = false;
  private attempt = 0;
  /** What the socket was accepted with last; another tab may have stored a newer one. */
  private inUse = '';

  constructor(env: Environment, connection: Connection, tokens: TokenKeeper) {
    this.env = env;
    this.connection = connection;
    this.tokens = tokens;
    connection.state.subscribe(({ phase }) => {
      const online = phase === 'online';
      if (online === this.online) return;
      this.online = online;
      this.attempt = 0;
      this.cancel();
      this.inUse = connection.token;
      if (online) this.schedule();
    });
  }

  private schedule(): void {
    const stored = this.tokens.current();
    if (stored?.kind !== 'guest' || stored.lifetimeMs === null) return;
    const margin = Math.min(stored.lifetimeMs * SHARE_LEFT, LATEST_MS);
    const wait = Math.max(0, (this.tokens.remainingMs(stored) ?? 0) - margin, backoffMs(RETRY, this.attempt, this.env.random));
    this.cancel = this.env.clock.after(wait, () => void this.refresh());
  }

  /** A failure is tried again; when the token ends first, the server closes the socket and the handshake renews it. */
  private async refresh(): Promise<void> {
    const fresh = await this.tokens.renew(this.inUse);
    if (!this.online) return;
    const answer = fresh.ok ? await this.connection.request('auth:refresh', { token: fresh.value }) : fresh;
    this.attempt = answer.ok ? 0 : this.attempt + 1;
    if (answer.ok && fresh.ok) this.inUse = fresh.value;
    if (this.online) this.schedule();
  }
}
