/** Sets what a session asks of the model. A new one is begun with it, before its first message. */
import type { Session, SettingsChange } from '../../../src/protocol/wire.ts';
import type { Environment } from './environment.ts';
import type { Observable } from './observable.ts';
import { failed, localError, succeeded, type Result } from './result.ts';
import type { SyncPhase } from './session-sync.ts';
import type { Transport } from './transport.ts';
import { waitFor } from './wait-for.ts';

/** What is needed of the session's store. */
export interface Configurable {
  readonly sessionId: string | null;
  readonly snapshot: Pick<Observable<{ sessionId: string | null; phase: SyncPhase }>, 'value' | 'subscribe'>;
  /** Opens it, and makes it when it is new. */
  reopen(): void;
}

/** Longest wait for a new session, in ms. */
const BEGIN_LIMIT_MS = 8_000;

/** What `settings` does not name stays; null is the server's default again. */
export async function configure(env: Environment, transport: Transport, store: Configurable, settings: SettingsChange): Promise<Result<Session>> {
  if (!transport.online) return failed(localError('offline'));
  const sessionId = store.sessionId ?? (await begun(env, store));
  if (sessionId === null) return failed(localError('timeout'));
  const answer = await transport.request('session:configure', { sessionId, settings });
  return answer.ok ? succeeded(answer.value.session) : answer;
}

/** The id of a new session once the server made it; null when that takes too long. */
function begun(env: Environment, store: Configurable): Promise<string | null> {
  const made = waitFor(env, store.snapshot, BEGIN_LIMIT_MS, ({ sessionId }) => sessionId ?? undefined);
  if (store.snapshot.value.phase === 'draft') store.reopen();
  return made;
}
