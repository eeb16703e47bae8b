/**
 * The history actions over their store. A store that cannot answer is a retryable error for the caller; the cause is
 * logged here and nowhere shown. Errors the store gives a user's code (a malformed `before`) pass.
 */
import type { HistoryStore } from '../backends/contracts.ts';
import { chatError, isUnexpected } from '../errors.ts';
import type { ActionInput, ActionName, ActionResults } from '../protocol/broker.ts';
import { DEFAULT_PAGE } from '../protocol/limits.ts';
import { search } from './search.ts';
import { shared } from './shared.ts';

export type HistoryAction = Extract<ActionName, `history.${string}`>;
export type Answers = { [N in HistoryAction]: (store: HistoryStore, params: ActionInput<N>) => Promise<ActionResults[N]> };

export const answers: Answers = {
  'history.store': (store, { session, messages, ratings }) => store.store(session, messages, ratings),
  'history.page': (store, { sessionId, before, limit }) => store.page(sessionId, before, limit),
  'history.message': (store, { sessionId, messageId }) => store.message(sessionId, messageId),
  'history.session': (store, { sessionId }) => store.session(sessionId),
  'history.outline': (store, { sessionId, after }) => store.outline(sessionId, after),
  'history.list': (store, { userId, before, query, limit }) => store.list(userId, { before, query, limit: limit ?? DEFAULT_PAGE }),
  'history.search': search,
  'history.shared': shared,
  'history.remove': (store, { sessionId, userId, rev }) => store.remove(sessionId, userId, rev),
};

/** `note` hears of a store that failed. */
export async function answer<T>(work: () => Promise<T>, note: (error: unknown) => void): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUnexpected(error)) throw error;
    note(error);
    throw chatError('unavailable', 'The history cannot be reached right now. Try again.');
  }
}
