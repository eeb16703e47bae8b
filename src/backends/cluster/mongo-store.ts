/**
 * History in MongoDB without transactions: each step may be repeated by anyone, and their order makes the whole right.
 * A tombstone is written before messages are removed, and who wrote messages looks for it afterwards: whichever came
 * first, one of the two removes them.
 */
import mongoose from 'mongoose';
import type { Clock } from '../../clock.ts';
import type { MessagePlace, MessageRating, SessionRecord } from '../../protocol/broker.ts';
import type { Message } from '../../protocol/wire.ts';
import type { HistoryStore } from '../contracts.ts';
import type { Found, ListOptions, SearchOptions, SessionList } from '../list-place.ts';
import type { MongoLink } from './mongo-connection.ts';
import { listSessions, searchSessions } from './mongo-list.ts';
import { tombstoneOf } from '../tombstone.ts';
import { withFeedback, withVersions } from '../versions.ts';
import { idOf, messageDoc, messageKey, placeOf, sessionDoc, type HistoryModels, type MessageDoc, type SessionDoc } from './mongo-models.ts';

const DUPLICATE = 11_000;

export class MongoHistory implements HistoryStore {
  readonly #link: MongoLink;
  readonly #models: HistoryModels;
  readonly #clock: Clock;

  constructor(link: MongoLink, models: HistoryModels, clock: Clock) {
    this.#link = link;
    this.#models = models;
    this.#clock = clock;
  }

  store(session: SessionRecord, messages: Message[], ratings: MessageRating[] = []): Promise<{ deleted: boolean }> {
    return this.#link.ask(async () => {
      let deleted = await this.#writeSession(session);
      if (!deleted && messages.length > 0) {
        await this.#insert(messages.map((message) => messageDoc(session, message)));
        deleted = await this.#isDeleted(session.id);
      }
      if (!deleted && ratings.length > 0) await this.#rate(session.id, ratings);
      // Also when nothing was written now: an earlier attempt may have ended before it could undo itself.
      if (deleted) await this.#models.messages.deleteMany({ session: session.id });
      return { deleted };
    });
  }

  session(sessionId: string): Promise<{ record: SessionRecord; deleted: boolean } | null> {
    return this.#link.ask(async () => {
      const doc = await this.#models.sessions.findById(sessionId, { record: 1, deleted: 1 }).lean();
      return doc && { record: JSON.parse(doc.record) as SessionRecord, deleted: doc.deleted };
    });
  }

  message(sessionId: string, messageId: string): Promise<Message | null> {
    return this.#link.ask(async () => {
      const doc = await this.#models.messages.findById(messageKey(sessionId, messageId), { words: 0 }).lean();
      return doc && ((await this.#toMessages(sessionId, [doc]))[0] ?? null);
    });
  }

  messages(sessionId: string, messageIds: string[]): Promise<Message[]> {
    return this.#link.ask(async () => {
      const keys = messageIds.map((id) => messageKey(sessionId, id));
      const docs = await this.#models.messages.find({ _id: { $in: keys } }, { message: 1 }).sort({ position: 1 }).lean();
      return docs.map(({ message }) => JSON.parse(message) as Message);
    });
  }

  shared(shareId: string): Promise<SessionRecord | null> {
    return this.#link.ask(async () => {
      const doc = await this.#models.sessions.findOne({ share: shareId }, { record: 1 }).lean();
      return doc && (JSON.parse(doc.record) as SessionRecord);
    });
  }

  page(sessionId: string, before: number | undefined, limit: number): Promise<{ messages: Message[]; hasMore: boolean }> {
    return this.#link.ask(async () => {
      const below = { session: sessionId, position: { $lt: before ?? Number.MAX_SAFE_INTEGER } };
      const docs = await this.#models.messages.find(below, { words: 0 }).sort({ position: -1 }).limit(limit + 1).lean();
      return { messages: await this.#toMessages(sessionId, docs.slice(0, limit).reverse()), hasMore: docs.length > limit };
    });
  }

  outline(sessionId: string, after: number): Promise<MessagePlace[]> {
    return this.#link.ask(async () => {
      const above = { session: sessionId, position: { $gt: after } };
      const docs = await this.#models.messages.find(above, { turn: 1, position: 1 }).sort({ position: 1 }).lean();
      return docs.map(placeOf);
    });
  }

  list(userId: string, options: ListOptions): Promise<SessionList> {
    return this.#link.ask(() => listSessions(this.#models, userId, options));
  }

  search(userId: string, options: SearchOptions): Promise<Found> {
    return this.#link.ask(() => searchSessions(this.#models, userId, options));
  }

  remove(sessionId: string, userId: string, rev: number): Promise<void> {
    return this.#link.ask(async () => {
      let doc = await this.#models.sessions.findById(sessionId).lean();
      while (!doc?.deleted) {
        const known = doc && (JSON.parse(doc.record) as SessionRecord);
        const tombstone = sessionDoc(tombstoneOf({ id: sessionId, userId, rev }, known, this.#clock.now()), true);
        const { _id, ...fields } = tombstone;
        const { matchedCount } = await this.#models.sessions.updateOne({ _id, deleted: false }, { $set: fields });
        if (matchedCount > 0 || (await this.#createUnlessThere(tombstone)) === null) break;
        doc = await this.#models.sessions.findById(sessionId).lean();
      }
      await this.#models.messages.deleteMany({ session: sessionId });
    });
  }

  /** Answers whether there is a tombstone instead. */
  async #writeSession(session: SessionRecord): Promise<boolean> {
    const doc = sessionDoc(session, false);
    const { _id, ...fields } = doc;
    for (;;) {
      const { matchedCount } = await this.#models.sessions.updateOne({ _id, deleted: false, rev: { $lt: doc.rev } }, { $set: fields });
      if (matchedCount > 0) return false;
      const there = await this.#createUnlessThere(doc);
      if (there === null) return false;
      if (there.deleted || there.rev >= doc.rev) return there.deleted;
    }
  }

  /**
   * null: made now; else the one that is there. It is a write also when it changes nothing, so that its answer waits
   * until what it found is on a majority.
   */
  async #createUnlessThere(doc: SessionDoc): Promise<SessionDoc | null> {
    const { _id, ...fields } = doc;
    try {
      return await this.#models.sessions.findOneAndUpdate({ _id }, { $setOnInsert: fields }, { upsert: true, returnDocument: 'before' }).lean();
    } catch (error) {
      // Another made it at the same moment.
      if (!isDuplicate(error)) throw error;
      return this.#models.sessions.findById(_id).lean();
    }
  }

  /** A message that is there stays as it is. */
  async #insert(docs: MessageDoc[]): Promise<void> {
    try {
      await this.#models.messages.insertMany(docs, { ordered: false, lean: true, rawResult: true });
    } catch (error) {
      if (!onlyDuplicates(error)) throw error;
    }
  }

  /** An older one changes nothing, also when it comes later. */
  async #rate(sessionId: string, ratings: MessageRating[]): Promise<void> {
    const updates = ratings.map(({ messageId, feedback, rev }) => ({
      updateOne: {
        filter: { _id: messageKey(sessionId, messageId), feedbackRev: { $not: { $gte: rev } } },
        update: { $set: { feedback: JSON.stringify(feedback), feedbackRev: rev } },
      },
    }));
    await this.#models.messages.bulkWrite(updates);
  }

  async #isDeleted(sessionId: string): Promise<boolean> {
    return (await this.#models.sessions.exists({ _id: sessionId, deleted: true })) !== null;
  }

  /** The versions of a turn are counted when they are read: a later one changes the number for all. */
  async #toMessages(sessionId: string, docs: Pick<MessageDoc, 'message' | 'turn' | 'feedback'>[]): Promise<Message[]> {
    if (docs.length === 0) return [];
    const turns = { session: sessionId, turn: { $in: docs.map(({ turn }) => turn) } };
    const versions = await this.#models.messages.find(turns, { turn: 1 }).sort({ position: 1 }).lean();
    const byTurn = new Map<string, string[]>();
    for (const { _id, turn } of versions) byTurn.set(turn, [...(byTurn.get(turn) ?? []), idOf(_id)]);
    return docs.map(({ message, turn, feedback }) => withVersions(withFeedback(JSON.parse(message) as Message, feedback), byTurn.get(turn) ?? []));
  }
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof mongoose.mongo.MongoServerError && error.code === DUPLICATE;
}

/** A failed write concern beside the duplicates counts: what is there may not be on a majority yet. */
function onlyDuplicates(error: unknown): boolean {
  if (!(error instanceof mongoose.mongo.MongoBulkWriteError)) return false;
  const failures = [error.writeErrors].flat();
  return failures.length > 0 && failures.every(({ code }) => code === DUPLICATE) && !error.result.getWriteConcernError();
}
