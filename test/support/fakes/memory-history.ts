import type { HistoryStore } from '../../../src/backends/contracts.ts';
import { chatError } from '../../../src/errors.ts';
import type { MessagePlace, MessageRating, SessionRecord } from '../../../src/protocol/broker.ts';
import type { Message } from '../../../src/protocol/wire.ts';
import type { Faults } from './faults.ts';
import { copyOf, type MemorySession, type MemoryState } from './memory-state.ts';

type ListOptions = Parameters<HistoryStore['list']>[1];
type SearchOptions = Parameters<HistoryStore['search']>[1];
type Found = Awaited<ReturnType<HistoryStore['search']>>;
type SessionList = Awaited<ReturnType<HistoryStore['list']>>;

export class MemoryHistory implements HistoryStore {
  readonly #state: MemoryState;
  readonly #faults: Faults;

  constructor(state: MemoryState, faults: Faults) {
    this.#state = state;
    this.#faults = faults;
  }

  async store(session: SessionRecord, messages: Message[], ratings: MessageRating[] = []): Promise<{ deleted: boolean }> {
    return this.#faults.write('history.store', session.id, () => {
      const kept = this.#state.sessions.get(session.id) ?? { record: copyOf(session), deleted: false, messages: new Map(), ratings: new Map() };
      if (kept.deleted) return { deleted: true };
      if (session.rev > kept.record.rev) kept.record = copyOf(session);
      for (const { siblings: _counted, versions: _listed, feedback: _thought, ...message } of messages) {
        if (!kept.messages.has(message.id)) kept.messages.set(message.id, JSON.stringify(message));
      }
      for (const rating of ratings) {
        const newer = (kept.ratings.get(rating.messageId)?.rev ?? 0) < rating.rev;
        if (newer && kept.messages.has(rating.messageId)) kept.ratings.set(rating.messageId, copyOf(rating));
      }
      this.#state.sessions.set(session.id, kept);
      return { deleted: false };
    });
  }

  async session(sessionId: string): Promise<{ record: SessionRecord; deleted: boolean } | null> {
    return this.#faults.read('history.session', sessionId, () => {
      const kept = this.#state.sessions.get(sessionId);
      return kept ? { record: copyOf(kept.record), deleted: kept.deleted } : null;
    });
  }

  async message(sessionId: string, messageId: string): Promise<Message | null> {
    return this.#faults.read('history.message', sessionId, () => {
      return this.#messages(sessionId).find((message) => message.id === messageId) ?? null;
    });
  }

  async messages(sessionId: string, messageIds: string[]): Promise<Message[]> {
    return this.#faults.read('history.messages', sessionId, () => this.#plain(sessionId).filter(({ id }) => messageIds.includes(id)).sort((a, b) => a.position - b.position));
  }

  async shared(shareId: string): Promise<SessionRecord | null> {
    return this.#faults.read('history.shared', null, () => {
      const kept = [...this.#state.sessions.values()].find(({ record }) => record.share?.id === shareId);
      return kept ? copyOf(kept.record) : null;
    });
  }

  async page(sessionId: string, before: number | undefined, limit: number): Promise<{ messages: Message[]; hasMore: boolean }> {
    return this.#faults.read('history.page', sessionId, () => {
      const below = this.#messages(sessionId)
        .filter((message) => message.position < (before ?? Infinity))
        .sort((a, b) => a.position - b.position);
      return { messages: below.slice(-limit), hasMore: below.length > limit };
    });
  }

  async outline(sessionId: string, after: number): Promise<MessagePlace[]> {
    return this.#faults.read('history.outline', sessionId, () => {
      const above = this.#messages(sessionId).filter(({ position }) => position > after);
      return above.map(({ id, parentId, role, position }) => ({ id, parentId, role, position })).sort((a, b) => a.position - b.position);
    });
  }

  async list(userId: string, options: ListOptions): Promise<SessionList> {
    return this.#faults.read('history.list', null, () => {
      const of = [...this.#state.sessions.values()].filter((kept) => !kept.deleted && kept.record.userId === userId);
      return pageOf(of.filter((kept) => matches(kept, options.query)), options);
    });
  }

  async search(userId: string, { query, hits, ...page }: SearchOptions): Promise<Found> {
    const { sessions, ...rest } = words(query).length === 0 ? { sessions: [], hasMore: false } : await this.list(userId, { ...page, query });
    const messagesOf = (id: string): Message[] => this.#plain(id).filter(({ content }) => hasWords(query)(content)).sort((a, b) => b.position - a.position).slice(0, hits);
    return { found: sessions.map((session) => ({ session, messages: messagesOf(session.id) })), ...rest };
  }

  async remove(sessionId: string, userId: string, rev: number): Promise<void> {
    return this.#faults.write('history.remove', sessionId, () => {
      const kept = this.#state.sessions.get(sessionId);
      if (kept?.deleted) return;
      const now = new Date(this.#state.options.clock.now()).toISOString();
      const { settings: _said, pinned: _marked, share: _shared, ...known }: SessionRecord = kept?.record ?? { id: sessionId, userId, createdAt: now, updatedAt: now, title: '', messageCount: 0, tip: null, nextPosition: 1, rev };
      const record = { ...known, title: '', rev: Math.max(rev, known.rev), messageCount: 0, tip: null };
      this.#state.sessions.set(sessionId, { record, deleted: true, messages: new Map(), ratings: new Map() });
    });
  }

  #plain(sessionId: string): Message[] {
    return [...(this.#state.sessions.get(sessionId)?.messages.values() ?? [])].map((json) => JSON.parse(json) as Message);
  }

  #messages(sessionId: string): Message[] {
    const all = this.#plain(sessionId);
    return all.map((stored) => {
      const feedback = this.#state.sessions.get(sessionId)?.ratings.get(stored.id)?.feedback;
      const message = feedback ? { ...stored, feedback: copyOf(feedback) } : stored;
      const turn = all.filter((other) => other.parentId === message.parentId && other.role === message.role);
      const versions = turn.sort((a, b) => a.position - b.position).map(({ id }) => id);
      return versions.length > 1 ? { ...message, siblings: versions.length, versions } : message;
    });
  }
}

function pageOf(found: MemorySession[], { before, limit, query }: ListOptions): SessionList {
  const searching = query !== undefined && query.trim() !== '';
  const place = (record: SessionRecord): string => `${record.pinned && !searching ? 1 : 0} ${record.updatedAt} ${record.id}`;
  const end = before === undefined ? null : decode(before);
  const below = found
    .map((kept) => copyOf(kept.record))
    .sort((a, b) => (place(a) < place(b) ? 1 : -1))
    .filter((record) => end === null || place(record) < end);
  const sessions = below.slice(0, limit);
  const last = sessions.at(-1);
  if (below.length <= limit || !last) return { sessions, hasMore: false };
  return { sessions, hasMore: true, before: Buffer.from(`@${place(last)}`).toString('base64url') };
}

function decode(before: string): string {
  const text = Buffer.from(before, 'base64url').toString();
  if (!text.startsWith('@')) throw chatError('invalid', 'before: is not a place this list gave');
  return text.slice(1);
}

function matches(kept: MemorySession, query: string | undefined): boolean {
  if (query === undefined || query.trim() === '') return true;
  const texts = [kept.record.title, ...[...kept.messages.values()].map((json) => (JSON.parse(json) as Message).content)];
  return texts.some(hasWords(query));
}

function hasWords(query: string): (text: string) => boolean {
  const asked = words(query);
  const last = asked.pop();
  return (text) => {
    const all = words(text);
    return last !== undefined && asked.every((word) => all.includes(word)) && all.some((word) => word.startsWith(last));
  };
}

/** An idea of its own of what a word is, for the texts of the tests. */
function words(text: string): string[] {
  const folded = text.normalize('NFKD').toLowerCase().normalize('NFD').replace(/[\u0300-\u036f]/gu, '').replaceAll('đ', 'd').replaceAll('ς', 'σ');
  return folded.normalize('NFC').match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
}
