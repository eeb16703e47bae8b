/**
 * Files that people give to their sessions, in MongoDB. A file is one document, which holds up to 16 MB: it is there
 * whole or not at all, without transactions and without pieces that a broken-off upload would leave behind.
 */
import mongoose, { type Connection, type Model } from 'mongoose';
import type { FileStore, KeepResult, StoredFile } from '../contracts.ts';
import type { MongoLink } from './mongo-connection.ts';
import { userKey } from './mongo-models.ts';
import { isDuplicate } from './mongo-store.ts';

export interface FileDoc {
  _id: string;
  session: string;
  user: string;
  keptAt: number;
  bytes: number;
  /** It is part of a message. */
  used: boolean;
  /** StoredFile as JSON, for its texts (see mongo-models.ts). */
  file: string;
  content: Buffer;
}

const required = <T>(type: T): { type: T; required: true } => ({ type, required: true });

const fileSchema = new mongoose.Schema<FileDoc>(
  {
    _id: required(String),
    session: required(String),
    user: required(String),
    keptAt: required(Number),
    bytes: required(Number),
    used: required(Boolean),
    file: required(String),
    content: required(Buffer),
  },
  { versionKey: false, autoIndex: false, autoCreate: false, strict: 'throw', strictQuery: 'throw' },
);
// With the bytes in it, what a user has is counted from the index alone.
fileSchema.index({ user: 1, bytes: 1 });
fileSchema.index({ session: 1 });
fileSchema.index({ used: 1, keptAt: 1 });

export function fileModel(connection: Connection): Model<FileDoc> {
  return connection.model<FileDoc>('File', fileSchema, 'files');
}

export class MongoFiles implements FileStore {
  readonly #link: MongoLink;
  readonly #files: Model<FileDoc>;

  constructor(link: MongoLink, files: Model<FileDoc>) {
    this.#link = link;
    this.#files = files;
  }

  keep(file: StoredFile, content: Uint8Array, quota: number): Promise<KeepResult> {
    return this.#link.ask(async () => {
      const there = await this.#find(file.id);
      if (there) return { status: 'already', file: there };
      const user = userKey(file.userId);
      const used = await this.#usedBy(user);
      if (used + content.byteLength > quota) return { status: 'full', used };
      const { id, sessionId, keptAt } = file;
      const doc = { _id: id, session: sessionId, user, keptAt, bytes: content.byteLength, used: false, file: JSON.stringify(file), content: Buffer.from(content) };
      try {
        await this.#files.insertMany([doc], { lean: true });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        return { status: 'already', file: (await this.#find(id)) ?? file };
      }
      return { status: 'kept', file };
    });
  }

  file(id: string): Promise<StoredFile | null> {
    return this.#link.ask(() => this.#find(id));
  }

  content(id: string): Promise<Uint8Array | null> {
    return this.#link.ask(async () => {
      const doc = await this.#files.findById(id, { content: 1 }).lean();
      return doc && bytesOf(doc.content);
    });
  }

  use(ids: string[], { userId, sessionId }: { userId: string; sessionId: string }): Promise<StoredFile[]> {
    return this.#link.ask(async () => {
      const mine = { _id: { $in: ids }, user: userKey(userId), session: sessionId };
      // First: what the sweep takes away in between is then not among those that are found.
      await this.#files.updateMany({ ...mine, used: false }, { $set: { used: true } });
      const docs = await this.#files.find(mine, { file: 1 }).lean();
      const found = new Map(docs.map(({ _id, file }) => [_id, JSON.parse(file) as StoredFile]));
      return ids.map((id) => found.get(id)).filter((file) => file !== undefined);
    });
  }

  removeSession(sessionId: string): Promise<void> {
    return this.#link.ask(async () => void (await this.#files.deleteMany({ session: sessionId })));
  }

  sweep(before: number): Promise<number> {
    return this.#link.ask(async () => (await this.#files.deleteMany({ used: false, keptAt: { $lt: before } })).deletedCount);
  }

  async #usedBy(user: string): Promise<number> {
    const [sum] = await this.#files.aggregate<{ bytes: number }>([{ $match: { user } }, { $group: { _id: null, bytes: { $sum: '$bytes' } } }]);
    return sum?.bytes ?? 0;
  }

  async #find(id: string): Promise<StoredFile | null> {
    const doc = await this.#files.findById(id, { file: 1 }).lean();
    return doc && (JSON.parse(doc.file) as StoredFile);
  }
}

/** A lean read gives the driver's own Binary. */
function bytesOf(content: Buffer | mongoose.mongo.Binary): Buffer {
  return Buffer.isBuffer(content) ? content : Buffer.from(content.buffer);
}
