/**
 * What the product needs of its stores. Two implementations stand behind each contract (embedded/: one SQLite file;
 * cluster/: Redis, MongoDB, Kafka); one suite in test/contract proves both. Columns import this file and no other
 * of the backends.
 *
 * Every method rejects with an Error when the store cannot be reached or cannot write (the cluster's stores with
 * `chatError('unavailable')` when the server is away); the outcome of a write that rejected is unknown, and repeating it
 * must be safe.
 */
import type { BrokerOptions } from 'moleculer';
import type { ServerOptions } from 'socket.io';
import type { MessagePlace, MessageRating, SessionRecord } from '../protocol/broker.ts';
import type { Cursor, Event, Message, SessionSettings, Share } from '../protocol/wire.ts';

// ---- ownership ------------------------------------------------------------------------------------------------

/** The right to write one session. Every write compares the whole value. */
export interface Lease {
  sessionId: string;
  nodeId: string;
  /** Fencing epoch: grows with every claim of the session, on any node. */
  epoch: number;
}
export type ClaimResult =
  | { status: 'claimed'; lease: Lease }
  | { status: 'held'; nodeId: string }
  /** The store may have lost data a moment ago: only who still has the session in memory may write it (`restore`). */
  | { status: 'settling'; retryAfterMs: number };

/** What a node is told about its right to own sessions. Both are called at most once per cause, never from inside a call. */
export interface LeaseEvents {
  /** It could not renew in time, or was declared dead: every lease is gone, what memory holds is void. It joins again by itself. */
  lost(): void;
  /** The store lost writes it had acknowledged, and this node renewed in time: what it has in memory is the truth (`restore`). */
  storeLost(): void;
}

export interface LeaseStore {
  /**
   * Takes the session unless a live node holds it. Free, held by a dead node, or held by this very node (whose memory
   * of it is void from now on): claimed under an epoch above every earlier one. Needs a log (`EventLog.create`). A log
   * that an earlier life of the store left behind gets a new logId, and stays `unsure` until its first append.
   */
  claim(sessionId: string, nodeId: string): Promise<ClaimResult>;
  /** Gives the session back; nothing happens when the lease is no longer the current one. */
  release(lease: Lease): Promise<void>;
  owner(sessionId: string): Promise<{ nodeId: string; epoch: number } | null>;
  /** Begins the liveness of this process. */
  join(nodeId: string, events: LeaseEvents): Promise<void>;
  /** Ends it: every lease of this node is free from now on. */
  leave(nodeId: string): Promise<void>;
  /** Sessions whose log history has not fully acknowledged and that no live node owns. Oldest first. */
  abandoned(limit: number): Promise<string[]>;
}

// ---- the event log --------------------------------------------------------------------------------------------

/** The current attempt at a reply. Chunks of any other run are dropped. */
export interface RunRecord {
  runId: string;
  replyId: string;
  /** Length of the reply's logged text when this run began, in UTF-16 units. */
  baseOffset: number;
  /** null until a node accepted it. */
  aiNode: string | null;
  /** 1 for the first run of the reply, and again after each run that brought its text forward. */
  attempt: number;
  /** Runs before that count began; absent: none. */
  earlier?: number;
  /** The model was asked in words to go on from its text, because it cannot take that up by itself. */
  asking?: true;
  /** The session's when the reply began: every run of it asks for the same. */
  settings?: SessionSettings;
}

/** Everything a new owner needs besides the events; kept 7 days after the last append. */
export interface LogMeta {
  sessionId: string;
  userId: string;
  title: string;
  createdAt: string;
  updatedAt: string;
  /** Grows with every change of the session record. */
  rev: number;
  nextPosition: number;
  messageCount: number;
  /** Newest message of the active path. */
  tip: string | null;
  /** What the tip follows; absent until a message is written under a version of the server that says it. */
  tipParent?: string | null;
  /** Absent while nothing was ever set. */
  settings?: SessionSettings;
  /** Absent: it never was. */
  pinned?: boolean;
  /** Absent or null: it is not shared. */
  share?: Share | null;
  logId: string;
  /** seq of the newest event; 0 when there is none. */
  head: number;
  /** seq of the oldest event still kept; head + 1 when none is. */
  firstSeq: number;
  /** History has everything up to this seq. */
  storedThrough: number;
  /** The reply that is open, and its run. */
  run: RunRecord | null;
  /** False when operations older than this meta may be known to history only. */
  opsComplete: boolean;
  deleted: boolean;
  /**
   * The log was written in an earlier life of a store that may have lost its newest appends, so history may be ahead of
   * it. Its owner compares the two before anything else; its first append ends this. Embedded: never, since log and
   * history are one file, whose commits are lost from the newest on: what history took from a log cannot outlive it.
   */
  unsure?: true;
}
/** The part of the meta that an append may change. */
export type MetaPatch = Partial<
  Pick<LogMeta, 'title' | 'updatedAt' | 'rev' | 'nextPosition' | 'messageCount' | 'tip' | 'tipParent' | 'settings' | 'pinned' | 'share' | 'run' | 'opsComplete' | 'deleted'>
>;

/** The first answer to an operation, found again by its id (derived from user, session and clientMessageId). */
export interface OpResult {
  messageId: string;
  replyId: string;
}

export interface AppendRequest {
  lease: Lease;
  logId: string;
  /** Must be head + 1. With no events it is head + 1 too. */
  firstSeq: number;
  /** Unique per attempt at these events; the same id again answers `already` and writes nothing. */
  batchId: string;
  /** In order, seq firstSeq, firstSeq + 1, … May be empty when only the meta changes. */
  events: Event[];
  meta: MetaPatch;
  ops: { id: string; result: OpResult }[];
  /** Written to the outbox in the same atomic step. */
  audit: AuditEntry[];
}
export type AppendResult =
  | {
      status: 'appended' | 'already';
      /** Epoch ms until which an accumulated client wants whole texts; 0 when none does. */
      accumulatedUntil: number;
    }
  /** The lease is not the current one. Nothing was written; stop. */
  | { status: 'fenced' }
  /** The log is not where the caller thought (another logId or head). Nothing was written; forget memory. */
  | { status: 'mismatch'; logId: string; head: number };

/** A whole log, written anew by the owner that still remembers it, after its store lost data. */
export interface RestoreRequest {
  /** The lease it held. */
  lease: Lease;
  /** Under a new logId; `head` is the number of events, `firstSeq` 1, `storedThrough` below the first event that history lacks. */
  meta: LogMeta;
  /** seq 1, 2, 3, …: what history lacks. */
  events: Event[];
  ops: { id: string; result: OpResult }[];
  audit: AuditEntry[];
}
export type RestoreResult =
  | { status: 'restored'; lease: Lease }
  /** Another node has claimed the session since, or this one may not restore any more. Nothing was written; forget memory. */
  | { status: 'refused' };

export interface EventLog {
  /** Makes the log of a session that has none; answers the existing meta, unchanged, when it has one. */
  create(seed: LogSeed): Promise<LogMeta>;
  /** null: no log. While the store settles after a loss it cannot tell, and rejects with `unavailable`. */
  meta(sessionId: string): Promise<LogMeta | null>;
  /** One consistent view: the meta and the kept events with seq > afterSeq, in order. null: as in `meta`. */
  read(sessionId: string, afterSeq: number): Promise<{ meta: LogMeta; events: Event[] } | null>;
  /**
   * Checks everything before it writes anything; all of it is written or none. Never creates a lease or a log.
   * The session counts as unsaved from its first event until `acknowledge`. When the store has lost data it rejects
   * (never `fenced` or `mismatch`), and `LeaseEvents.storeLost` or `lost` says how to go on.
   */
  append(request: AppendRequest): Promise<AppendResult>;
  /** Replaces the log, its operations and the lease (a new epoch) in one step, unless another node claimed since. */
  restore(request: RestoreRequest): Promise<RestoreResult>;
  /**
   * History has everything up to `storedThrough`. The session stops being unsaved when that is the head at this very
   * moment. Answers false when fenced.
   */
  acknowledge(lease: Lease, storedThrough: number): Promise<boolean>;
  findOp(sessionId: string, opId: string): Promise<OpResult | null>;
  /**
   * Accumulated clients watch these sessions until then (epoch ms). Answers the heads of those in which no reply is open:
   * a log that was made anew forgot who watches, and whoever is elsewhere missed something. Unknown sessions are skipped.
   */
  watchAccumulated(sessionIds: string[], until: number): Promise<Record<string, Cursor>>;
  /** Which of these have an open reply. */
  streamingAmong(sessionIds: string[]): Promise<Set<string>>;
  /**
   * Drops what is due at `now` (epoch ms): acknowledged events older than the retention, empty logs, and whole logs
   * (with their operations) after their idle time. Cluster: Redis does it by expiry and this does nothing.
   */
  expire(now: number): Promise<void>;
}
export interface LogSeed {
  sessionId: string;
  userId: string;
  title: string;
  createdAt: string;
  updatedAt: string;
  rev: number;
  nextPosition: number;
  messageCount: number;
  tip: string | null;
  tipParent?: string | null;
  settings?: SessionSettings;
  pinned?: boolean;
  share?: Share | null;
  /** Short and random; never one this session had before. */
  logId: string;
  opsComplete: boolean;
}

// ---- history --------------------------------------------------------------------------------------------------

export interface FoundMessages {
  session: SessionRecord;
  messages: Message[];
}

/**
 * Messages that are read say which versions of their turn there are (`siblings`, `versions`), counted when they are read,
 * and what was thought of them (`feedback`).
 */
export interface HistoryStore {
  /**
   * Stores finished messages (insert only, by id: one that is there stays as it is) and the session record (only when
   * its `rev` is higher than the stored one). Repeating it changes nothing. `deleted`: there is a tombstone, and
   * nothing was stored. `ratings`: feedback on replies that are stored, now or before; only one of a higher `rev` counts.
   */
  store(session: SessionRecord, messages: Message[], ratings?: MessageRating[]): Promise<{ deleted: boolean }>;
  session(sessionId: string): Promise<{ record: SessionRecord; deleted: boolean } | null>;
  message(sessionId: string, messageId: string): Promise<Message | null>;
  /** Those of these messages that are there, by position, without their versions. */
  messages(sessionId: string, messageIds: string[]): Promise<Message[]>;
  /** The session whose stored record has this share; null when none has it. */
  shared(shareId: string): Promise<SessionRecord | null>;
  /** The newest `limit` messages below position `before`, oldest first. */
  page(sessionId: string, before: number | undefined, limit: number): Promise<{ messages: Message[]; hasMore: boolean }>;
  /**
   * Of one user: pinned ones first, then the others, each newest update first; with a query all alike. `query` finds
   * words in titles and texts, ignoring case and accents.
   */
  list(
    userId: string,
    options: { before?: string; limit: number; query?: string },
  ): Promise<{ sessions: SessionRecord[]; hasMore: boolean; before?: string }>;
  /**
   * The same sessions in the same order as `list` with this query, each with the newest `hits` of its messages that have
   * all the words, newest first, without their versions. None: they are in the title.
   */
  search(userId: string, options: { query: string; before?: string; limit: number; hits: number }): Promise<{ found: FoundMessages[]; hasMore: boolean; before?: string }>;
  /** Where each message above this position stands in the session's tree, without its text, by position. */
  outline(sessionId: string, after: number): Promise<MessagePlace[]>;
  /** Leaves a tombstone first, then removes the messages. Nothing stored later revives it. */
  remove(sessionId: string, userId: string, rev: number): Promise<void>;
}

// ---- files ----------------------------------------------------------------------------------------------------

/** What is known of a file that somebody gave to a session. */
export interface StoredFile {
  /** Derived from user, session and the client's own id of the file. */
  id: string;
  userId: string;
  sessionId: string;
  name: string;
  type: string;
  bytes: number;
  /** Epoch ms. */
  keptAt: number;
}
export type KeepResult =
  | { status: 'kept' | 'already'; file: StoredFile }
  /** The user's files would be more than `quota` bytes together; nothing was kept. `used`: what they are now. */
  | { status: 'full'; used: number };

export interface FileStore {
  /**
   * Keeps the whole file or nothing of it. An id that is there already answers `already` with the first file, and nothing
   * is written. Uploads of one user at the same moment may go over the quota together.
   */
  keep(file: StoredFile, content: Uint8Array, quota: number): Promise<KeepResult>;
  file(id: string): Promise<StoredFile | null>;
  /** null: no such file. */
  content(id: string): Promise<Uint8Array | null>;
  /** These are part of a message from now on, and stay as long as their session. Answers those of this user and session, as they were asked for. */
  use(ids: string[], of: { userId: string; sessionId: string }): Promise<StoredFile[]>;
  removeSession(sessionId: string): Promise<void>;
  /** Drops what was kept before this time (epoch ms) and is part of no message. Answers how many. */
  sweep(before: number): Promise<number>;
}

// ---- audit ----------------------------------------------------------------------------------------------------

export interface AuditEntry {
  /** Unique and the same in every repeat: it begins with `<sessionId>:<logId>:<seq>` for log events. */
  id: string;
  at: string;
  type: string;
  sessionId: string | null;
  userId: string | null;
  epoch: number | null;
  seq: number | null;
  /** The log that `seq` counts in. */
  logId?: string;
  data: Record<string, unknown>;
}
export interface AuditOutbox {
  /** For what has no append to ride on (refused logins, takeovers). Never rejects because the outbox is full. */
  add(entries: AuditEntry[]): Promise<void>;
  /** The oldest entries that are not delivered yet. */
  peek(limit: number): Promise<{ key: string; entry: AuditEntry }[]>;
  /** They are delivered: forget them. */
  remove(keys: string[]): Promise<void>;
  /** `shed`: entries dropped because the outbox was full, since the store was made. */
  stats(): Promise<{ entries: number; bytes: number; shed: number }>;
}
/** Where audit entries end up: the same SQLite file, or Kafka. At least once; repeats share the entry's id. */
export interface AuditSink {
  /** An empty list only makes it ready for the next. */
  deliver(entries: AuditEntry[]): Promise<void>;
  /**
   * Hands over everything that was delivered by now, in order for each session, repeats included. Analytics may be left
   * out. Rejects when the trail cannot be read to its end.
   */
  read(options: AuditReadOptions, take: (entries: AuditEntry[]) => void): Promise<void>;
}
export interface AuditReadOptions {
  /** Entries of this session only. */
  sessionId?: string;
  /** Entries delivered at this time (epoch ms) or later; some earlier ones may come too. */
  since?: number;
  progress?(read: number, of: number): void;
}

// ---- small ones -----------------------------------------------------------------------------------------------

export interface Quotas {
  /** Takes one of `points` per `windowMs` for this key; answers 0, or how long to wait in ms when none is left. */
  take(key: string, points: number, windowMs: number): Promise<number>;
}

/** Which processes of the installation are there, faster and surer than heartbeats. Embedded: nobody ever goes. */
export interface Presence {
  /** True once the process of this node is certainly gone or cut off. Rejects when that cannot be told. */
  isGone(nodeId: string): Promise<boolean>;
  /** Called once for each node that goes. The returned function ends it. */
  onGone(listener: (nodeId: string) => void): () => void;
}

/** How frames travel between the gateways of a cluster. */
export interface FanOutLink {
  readonly adapter: NonNullable<ServerOptions['adapter']>;
  /** Resolves when frames sent to rooms this node joined before reach it. Rejects when that takes too long. */
  joined(): Promise<void>;
  /** Frames may have been lost: this node's clients open again with their cursors. */
  onInterrupted(listener: () => void): void;
  /** Frames of this node that other gateways may not have got, since it started. */
  lost(): number;
  close(): Promise<void>;
}

export interface Backends {
  readonly mode: 'embedded' | 'cluster';
  readonly leases: LeaseStore;
  readonly log: EventLog;
  readonly history: HistoryStore;
  readonly files: FileStore;
  readonly outbox: AuditOutbox;
  readonly sink: AuditSink;
  readonly quotas: Quotas;
  readonly presence: Presence;
  /** What the broker of this node is made with: transporter and discoverer; embedded: nothing. */
  readonly network: Pick<BrokerOptions, 'transporter' | 'registry'>;
  /** For a gateway, once; null: there are no other gateways. */
  openFanOut(): Promise<FanOutLink> | null;
  /** True once sessions can be claimed (a cluster's store settles for one node TTL after it lost data, or was new). */
  settled(): Promise<boolean>;
  /** A secret of this installation, made once and kept (32 random bytes, base64url). */
  secret(name: string): Promise<string>;
  /** Each dependency by name: up or not, and why. */
  health(): Promise<Record<string, { ok: boolean; detail?: string }>>;
  close(): Promise<void>;
}
