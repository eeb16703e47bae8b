/** Brings a message of a session into its view, wherever it stands: on an older page, or on another version's path. */
import { MAX_PAGE } from '../../../src/protocol/limits.ts';
import type { Environment } from './environment.ts';
import type { SessionView } from './fold.ts';
import { failed, localError, succeeded, type ClientError, type Result } from './result.ts';
import type { SessionStore } from './session-store.ts';
import type { Transport } from './transport.ts';
import { waitFor } from './wait-for.ts';

export interface Place {
  messageId: string;
  position: number;
}

/** Longest wait for one step, in ms. */
const STEP_LIMIT_MS = 10_000;

/** Succeeds once the view has the message. */
export async function reveal(env: Environment, transport: Transport, store: SessionStore, place: Place): Promise<Result<void>> {
  let selected = false;
  for (;;) {
    const view = await viewWith(env, store, (now) => !selected || holds(now, place) || isAbove(now, place));
    if (!view) return failed(store.snapshot.value.error ?? localError('timeout'));
    if (holds(view, place)) return succeeded(undefined);
    if (isAbove(view, place)) {
      await store.loadOlder(MAX_PAGE);
      const { error } = store.snapshot.value.older;
      if (error !== null) return failed(error);
    } else {
      // Its page is there without it: it is on the path of another version.
      const refusal = await select(transport, store, place);
      if (refusal !== null) return failed(refusal);
      selected = true;
    }
  }
}

/** On a page that is not loaded yet, if it is on this path. */
function isAbove({ hasMore, messages }: SessionView, { position }: Place): boolean {
  return hasMore && (messages[0]?.position ?? 0) > position;
}

function holds(view: SessionView, { messageId }: Place): boolean {
  return view.messages.some(({ id }) => id === messageId);
}

async function select(transport: Transport, store: SessionStore, { messageId }: Place): Promise<ClientError | null> {
  const answer = await transport.request('message:select', { sessionId: store.sessionId ?? '', messageId });
  return answer.ok ? null : answer.error;
}

/** The view of a session that is live, and fits; null when there is none in time, or the session cannot be opened. */
function viewWith(env: Environment, store: SessionStore, fits: (view: SessionView) => boolean): Promise<SessionView | null> {
  return waitFor(env, store.snapshot, STEP_LIMIT_MS, ({ phase, view, older }) => {
    if (phase === 'failed' || view?.deleted === true) return null;
    return phase === 'live' && view !== null && !older.loading && fits(view) ? view : undefined;
  });
}
