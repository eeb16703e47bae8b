/** The two collections of history. docs/HISTORY.md says why they look like this. */
import mongoose, { type Connection, type Model } from 'mongoose';
import type { MessagePlace, SessionRecord } from '../../protocol/broker.ts';
import type { Message } from '../../protocol/wire.ts';
import { withoutVersions } from '../versions.ts';
import { wordsOf } from '../../words.ts';

export interface SessionDoc {
  _id: string;
  user: string;
  rev: number;
  updatedAt: string;
  deleted: boolean;
  /** Absent in documents of earlier versions: it is not. */
  pinned?: boolean;
  /** Id of its share; null or absent: it is not shared. */
  share?: string | null;
  /** JSON: text in it may have U+0000 and lone surrogates, which BSON has not. */
  record: string;
  words: string[];
}
export interface MessageDoc {
  /** `<session>:<message>`; neither id has a colon. The primary key makes a message one document. */
  _id: string;
  session: string;
  user: string;
  position: number;
  /** Versions of one turn have the same. */
  turn: string;
  /** JSON, as above. */
  message: string;
  words: string[];
  /** JSON of what was thought of it, and the revision it came with; absent until somebody said so. */
  feedback?: string;
  feedbackRev?: number;
}
export interface HistoryModels {
  sessions: Model<SessionDoc>;
  messages: Model<MessageDoc>;
}

const text = { type: String, required: true } as const;
const number = { type: Number, required: true } as const;
const common = { versionKey: false, autoIndex: false, autoCreate: false, strict: 'throw', strictQuery: 'throw' } as const;

const sessionSchema = new mongoose.Schema<SessionDoc>(
  { _id: text, user: text, rev: number, updatedAt: text, deleted: { type: Boolean, required: true }, pinned: Boolean, share: String, record: text, words: [String] },
  common,
);
sessionSchema.index({ user: 1, deleted: 1, updatedAt: -1, _id: -1 });
sessionSchema.index({ user: 1, pinned: 1, updatedAt: -1, _id: -1 });
sessionSchema.index({ share: 1 });
sessionSchema.index({ user: 1, words: 1 });

const messageSchema = new mongoose.Schema<MessageDoc>(
  { _id: text, session: text, user: text, position: number, turn: text, message: text, words: [String], feedback: String, feedbackRev: Number },
  common,
);
messageSchema.index({ session: 1, position: -1 });
messageSchema.index({ session: 1, turn: 1 });
messageSchema.index({ user: 1, words: 1 });

export function historyModels(connection: Connection): HistoryModels {
  return {
    sessions: connection.model<SessionDoc>('Session', sessionSchema, 'sessions'),
    messages: connection.model<MessageDoc>('Message', messageSchema, 'messages'),
  };
}

/** User ids come from foreign tokens: any text. */
export function userKey(userId: string): string {
  return JSON.stringify(userId);
}

export function sessionDoc(record: SessionRecord, deleted: boolean): SessionDoc {
  const { id, userId, rev, updatedAt, title, pinned = false, share } = record;
  return { _id: id, user: userKey(userId), rev, updatedAt, deleted, pinned, share: share?.id ?? null, record: JSON.stringify(record), words: deleted ? [] : wordsOf(title) };
}

export function messageDoc(session: SessionRecord, message: Message): MessageDoc {
  return {
    _id: messageKey(session.id, message.id),
    session: session.id,
    user: userKey(session.userId),
    position: message.position,
    turn: turnKey(message),
    message: JSON.stringify(withoutVersions(message)),
    words: wordsOf(message.content),
  };
}

export function messageKey(sessionId: string, messageId: string): string {
  return `${sessionId}:${messageId}`;
}

function turnKey({ role, parentId }: Message): string {
  return `${role}:${parentId ?? ''}`;
}

/** A message's place, from the fields that stand beside its text. */
export function placeOf({ _id, turn, position }: Pick<MessageDoc, '_id' | 'turn' | 'position'>): MessagePlace {
  const [role, parentId] = turn.split(':');
  return { id: idOf(_id), parentId: parentId || null, role: role === 'user' ? 'user' : 'assistant', position };
}

/** The message's own id in a document's. */
export function idOf(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}
