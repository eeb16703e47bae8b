import type { ClientEvent, ClientEventName } from '../../../src/protocol/wire.ts';
import type { ClientReplies } from './replies.ts';
import type { Result } from './result.ts';

/** What sessions and lists see of the connection. */
export interface Transport {
  readonly online: boolean;
  /** Asks the server. Never rejects; `offline` at once without a connection, `timeout` after `limitMs`. */
  request<N extends ClientEventName>(name: N, payload: ClientEvent<N>, limitMs?: number): Promise<Result<ClientReplies[N]>>;
  /** The connection looks dead: find out, and replace it if it is. */
  check(): void;
}

/** Longest wait for one answer, in ms. */
export const REQUEST_LIMIT_MS = 10_000;
