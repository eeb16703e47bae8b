/** A search of one user: what the store finds, with a line of each message around the words. */
import type { HistoryStore } from '../backends/contracts.ts';
import type { ActionInput, ActionResults } from '../protocol/broker.ts';
import { SEARCH_HITS, SEARCH_PAGE } from '../protocol/limits.ts';
import type { Message, SearchHit } from '../protocol/wire.ts';
import { wantedWords, type Wanted } from '../words.ts';
import { excerptOf, rangesOf } from './excerpt.ts';

export async function search(store: HistoryStore, { userId, query, before, limit }: ActionInput<'history.search'>): Promise<ActionResults['history.search']> {
  const wanted = wantedWords(query);
  if (!wanted) return { found: [], hasMore: false };
  const { found, ...rest } = await store.search(userId, { query, before, limit: limit ?? SEARCH_PAGE, hits: SEARCH_HITS + 1 });
  return {
    found: found.map(({ session, messages }) => ({
      session,
      titleRanges: rangesOf(session.title, wanted),
      hits: messages.slice(0, SEARCH_HITS).map((message) => hitOf(message, wanted)),
      moreHits: messages.length > SEARCH_HITS,
    })),
    ...rest,
  };
}

function hitOf({ id, position, role, createdAt, content }: Message, wanted: Wanted): SearchHit {
  return { messageId: id, position, role, createdAt, excerpt: excerptOf(content, wanted) };
}
