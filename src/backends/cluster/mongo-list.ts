/** Pages of a user's sessions; the place in the list is that of the last one shown, so nothing is skipped. */
import type { QueryFilter } from 'mongoose';
import type { SessionRecord } from '../../protocol/broker.ts';
import type { Message } from '../../protocol/wire.ts';
import { decodePlace, pageOf, TOP, type Found, type ListOptions, type Place, type SearchOptions, type SessionList } from '../list-place.ts';
import { userKey, type HistoryModels, type SessionDoc } from './mongo-models.ts';
import { wantedWords, type Wanted } from '../../words.ts';

export async function listSessions(models: HistoryModels, userId: string, { before, limit, query }: ListOptions): Promise<SessionList> {
  const place = before === undefined ? TOP : decodePlace(before);
  const user = userKey(userId);
  if (query !== undefined && query.trim() !== '') {
    const wanted = wantedWords(query);
    if (!wanted) return { sessions: [], hasMore: false };
    return pageOf(await below(models, { user, ...(await found(models, user, wanted)) }, place, limit + 1), limit);
  }
  // Two ranges, as the pinned are not a part of the order by time.
  const pinned = place.pinned ? await below(models, { user, pinned: true }, place, limit + 1) : [];
  const left = limit + 1 - pinned.length;
  const others = left > 0 ? await below(models, { user, pinned: { $ne: true } }, place.pinned ? TOP : place, left) : [];
  return pageOf([...pinned, ...others], limit);
}

/** The newest of these sessions below a place. The first bound lets the index begin there. */
async function below(models: HistoryModels, of: QueryFilter<SessionDoc>, { updatedAt, id }: Place, limit: number): Promise<SessionRecord[]> {
  const older = { updatedAt: { $lte: updatedAt }, $or: [{ updatedAt: { $lt: updatedAt } }, { _id: { $lt: id } }] };
  const docs = await models.sessions
    .find({ $and: [of, older], deleted: false }, { record: 1 })
    .sort({ updatedAt: -1, _id: -1 })
    .limit(limit)
    .lean();
  return docs.map(({ record }) => JSON.parse(record) as SessionRecord);
}

/** All words in the title, or in one message. What is held of a search is an id for each session with such a message. */
async function found(models: HistoryModels, user: string, wanted: Wanted): Promise<QueryFilter<SessionDoc>> {
  const inMessages = await models.messages.distinct('session', { user, ...hasWords(wanted) });
  return { $or: [{ _id: { $in: inMessages } }, hasWords(wanted)] };
}

/** Words are letters and digits only, so they mean themselves in the expression; anchored, it is a range of the index. */
function hasWords({ whole, beginning }: Wanted): { $and: { words: string | RegExp }[] } {
  return { $and: [...whole.map((word) => ({ words: word })), { words: new RegExp(`^${beginning}`) }] };
}

/** One question for each session of the page: its messages from the newest on, until there are enough. */
export async function searchSessions(models: HistoryModels, userId: string, { query, hits, ...page }: SearchOptions): Promise<Found> {
  const wanted = wantedWords(query);
  if (!wanted) return { found: [], hasMore: false };
  const { sessions, ...rest } = await listSessions(models, userId, { ...page, query });
  const messagesOf = async (session: string): Promise<Message[]> => {
    const docs = await models.messages.find({ session, user: userKey(userId), ...hasWords(wanted) }, { message: 1 }).sort({ position: -1 }).limit(hits).lean();
    return docs.map(({ message }) => JSON.parse(message) as Message);
  };
  return { found: await Promise.all(sessions.map(async (session) => ({ session, messages: await messagesOf(session.id) }))), ...rest };
}
