/**
 * What any node answers without owning the session: open, history, list. Nothing here writes; a reply that seems lost and
 * a log that may be behind history need the owner: throws HeldElsewhere when only another node can tell.
 */
import type { LogMeta } from '../backends/contracts.ts';
import { chatError } from '../errors.ts';
import type { ActionInput, ActionResults, SessionRecord } from '../protocol/broker.ts';
import { DEFAULT_PAGE, SESSION_ID_LENGTH } from '../protocol/limits.ts';
import type { Cursor, Message, Session } from '../protocol/wire.ts';
import { createLog, noSuchSession, openLog } from './access.ts';
import type { SessionDirectory } from './directory.ts';
import { seemsLost } from './lost-reply.ts';
import type { OwnerWorld } from './owner-settings.ts';
import { findAt, findIn, readPath, type LogView, type Page } from './read-messages.ts';
import { recovering } from './refusals.ts';
import { recordView, sessionView, wholeSession } from './state.ts';
import { adopt } from './sweeper.ts';

export class Reads {
  readonly #world: OwnerWorld;
  readonly #directory: SessionDirectory;

  constructor(world: OwnerWorld, directory: SessionDirectory) {
    this.#world = world;
    this.#directory = directory;
  }

  /** What follows the cursor when the log can say exactly that; a snapshot otherwise. Never a guess. */
  async open(input: ActionInput<'session-owner.open'>): Promise<ActionResults['session-owner.open']> {
    const { userId, cursor, mode, limit } = input;
    const sessionId = input.sessionId ?? this.#world.newId(SESSION_ID_LENGTH);
    if (input.sessionId === undefined) await createLog(this.#world, userId, sessionId);
    else await openLog(this.#world, userId, sessionId);
    // Before the log is read: the owner then builds whole texts of everything that follows.
    if (mode === 'accumulated') await this.watch([sessionId]);
    // Whole texts leave no hole to see: a frame that was lost lies behind the cursor of the next one.
    if (cursor && mode !== 'accumulated') {
      const { meta: now, events } = await this.#read(sessionId, cursor.seq);
      if (continues(now, cursor)) return { session: wholeSession(now), cursor: { logId: now.logId, seq: now.head }, resync: false, events };
    }
    const { log: whole, page } = await this.#newest(sessionId, limit);
    return {
      session: wholeSession(whole.meta),
      cursor: { logId: whole.meta.logId, seq: whole.meta.head },
      resync: Boolean(cursor),
      ...withToken(page),
    };
  }

  async session({ userId, sessionId }: ActionInput<'session-owner.session'>): Promise<ActionResults['session-owner.session']> {
    return sessionView(await openLog(this.#world, userId, sessionId));
  }

  /** Answers the heads of those in which no reply is open. */
  async watch(sessionIds: string[]): Promise<ActionResults['session-owner.watch']> {
    const until = this.#world.clock.now() + this.#world.settings.ACCUMULATED_WATCH_MS;
    return this.#world.log.watchAccumulated(sessionIds, until);
  }

  async history({ userId, sessionId, before, limit }: ActionInput<'session-owner.history'>): Promise<ActionResults['session-owner.history']> {
    await openLog(this.#world, userId, sessionId);
    if (before === undefined) return withToken((await this.#newest(sessionId, limit)).page);
    const log = await this.#read(sessionId, 0);
    return withToken(await readPath(this.#world, log, await this.#beginning(log, before), limit ?? DEFAULT_PAGE));
  }

  /** All versions of a message, its own among them. */
  async versions({ userId, sessionId, messageId }: ActionInput<'session-owner.versions'>): Promise<ActionResults['session-owner.versions']> {
    await openLog(this.#world, userId, sessionId);
    const log = await this.#read(sessionId, 0);
    const message = await findIn(this.#world, log, messageId);
    if (!message) throw chatError('not-found', 'There is no such message in this session.');
    const found = await Promise.all((message.versions ?? [message.id]).map((id) => findIn(this.#world, log, id)));
    return { versions: found.filter((version) => version !== null) };
  }

  /** A reply that will never be finished is ended now, or else whoever looks at its question would wait for ever. */
  async #newest(sessionId: string, limit = DEFAULT_PAGE): Promise<{ log: LogView; page: Page }> {
    const look = async (): Promise<{ log: LogView; page: Page }> => {
      const log = await this.#read(sessionId, 0);
      return { log, page: await readPath(this.#world, log, null, limit) };
    };
    const seen = await look();
    if (!seemsLost(seen.log.meta, seen.page.messages)) return seen;
    await adopt(this.#directory, sessionId);
    // Its end is there now, or comes as a frame: who opens has joined the room before.
    return look();
  }

  async list(input: ActionInput<'session-owner.list'>): Promise<ActionResults['session-owner.list']> {
    const { sessions, ...rest } = await this.#world.ports.history.list(input);
    return { sessions: await this.#views(sessions), ...rest };
  }

  async search(input: ActionInput<'session-owner.search'>): Promise<ActionResults['session-owner.search']> {
    const { found, ...rest } = await this.#world.ports.history.search(input);
    const views = await this.#views(found.map(({ session }) => session));
    return { found: found.map((each, index) => ({ ...each, session: views[index]! })), ...rest };
  }

  async #views(records: SessionRecord[]): Promise<Session[]> {
    const streaming = await this.#world.log.streamingAmong(records.map(({ id }) => id));
    return records.map((record) => recordView(record, streaming.has(record.id)));
  }

  /** One consistent view of the meta and the events after this seq, once it is sure that history is not ahead of it. */
  async #read(sessionId: string, after: number): Promise<LogView> {
    const look = async (): Promise<LogView> => {
      const log = await this.#world.log.read(sessionId, after);
      // It was there a moment ago: it has just expired, and is made again from history when somebody asks again.
      if (!log) throw recovering();
      if (log.meta.deleted) throw noSuchSession();
      return log;
    };
    const seen = await look();
    if (!seen.meta.unsure) return seen;
    await (await this.#directory.actor(sessionId)).turn();
    const sure = await look();
    if (sure.meta.unsure) throw recovering();
    return sure;
  }

  /** `before`: what an earlier answer gave, or the id or position of a message. null: above everything. */
  async #beginning(log: LogView, before: string): Promise<Message | null> {
    const position = /^[1-9]\d{0,14}$/.test(before) ? Number(before) : null;
    if (position !== null && position >= log.meta.nextPosition) return null;
    const message = await (position === null ? findIn(this.#world, log, before) : findAt(this.#world, log, position));
    if (!message) throw chatError('invalid', 'before: must be the value an earlier answer gave, or the id of a message of this session');
    return message;
  }
}

/** The cursor stands in this log and nothing after it is gone. */
function continues(meta: LogMeta, cursor: Cursor): boolean {
  return cursor.logId === meta.logId && cursor.seq <= meta.head && cursor.seq >= meta.firstSeq - 1;
}

function withToken(page: { messages: Message[]; hasMore: boolean }): { messages: Message[]; hasMore: boolean; before?: string } {
  const oldest = page.messages[0];
  return page.hasMore && oldest ? { ...page, before: String(oldest.position) } : page;
}
