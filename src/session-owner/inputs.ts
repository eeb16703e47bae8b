/** What can happen to a session: commands of users, and what the ai nodes and timers report. */
import type { OpResult, RunRecord } from '../backends/contracts.ts';
import type { RunChunk, SessionRecord } from '../protocol/broker.ts';
import type { WireError } from '../protocol/errors.ts';
import type { Feedback, Message, MessageFile, MessageStatus, Session, SettingsChange, Share } from '../protocol/wire.ts';

/**
 * A sibling version of a message. `of`: that message, naming all its versions as they were when the next message's
 * position was `seen`. `content`: of the edited message; or what the new reply begins with, '' for a new one.
 */
export interface VersionCommand {
  type: 'version';
  operation: VersionOperation;
  /** `messageId` is the operation's id, and the id of the message that an edit makes. */
  ids: OpResult;
  clientMessageId: string;
  of: Message;
  content: string;
  /** Of the edited message. */
  files?: MessageFile[];
  seen: number;
}
export type VersionOperation = 'regenerate' | 'continue' | 'edit';

export type Command =
  | { type: 'send'; ids: OpResult; clientMessageId: string; content: string; files?: MessageFile[] }
  | VersionCommand
  | { type: 'switch'; tip: string; tipParent: string | null; seen: number }
  | { type: 'cancel'; messageId: string }
  | { type: 'rename'; title: string }
  | { type: 'configure'; settings: SettingsChange }
  /** Of a reply that has ended. */
  | { type: 'rate'; messageId: string; feedback: Feedback | null }
  | { type: 'pin'; pinned: boolean }
  /** `shareId`: of a session that is not shared yet. */
  | { type: 'share'; shareId: string }
  | { type: 'unshare' }
  | { type: 'delete' };

export type RunReport =
  | { type: 'chunk'; aiNode: string; chunk: RunChunk }
  | { type: 'run-accepted'; runId: string; aiNode: string }
  /** No text of this run will come: nobody took it. `final`: another node could not take it either. */
  | { type: 'run-refused'; runId: string; error: WireError; final?: boolean }
  /** The node that generated it is gone, or forgot it. */
  | { type: 'run-lost'; runId: string };

/** What history has and a log lacks. */
export interface Behind {
  /** Of the log that was compared. */
  head: number;
  /** History has a tombstone. */
  deleted: boolean;
  /** History's, when it is newer than the log's. */
  record: SessionRecord | null;
  /** The reply that the log has open, as it ended. */
  ended: Message | null;
  /** The reply that neither has, as it began, under the id and position it was accepted with. */
  lost: Message | null;
}

export type Report =
  | RunReport
  /** The store lost what history knows of, and nobody remembers it (`lost-reply.ts`). */
  | { type: 'log-behind'; behind: Behind };

export type Input = Command | Report;

export type Answer =
  | { type: 'sent'; ids: OpResult; duplicate: boolean }
  | { type: 'switched'; tip: string }
  /** The session has grown since what the command was decided from was read. */
  | { type: 'moved' }
  | { type: 'cancelled'; status: MessageStatus }
  /** No reply of that id is known here; history may know it. */
  | { type: 'unknown-reply' }
  | { type: 'renamed'; session: Session }
  | { type: 'configured'; session: Session }
  | { type: 'rated'; feedback: Feedback | null }
  | { type: 'pinned'; session: Session }
  | { type: 'shared'; share: Share; session: Session }
  | { type: 'unshared'; session: Session }
  | { type: 'deleted' }
  | { type: 'refused'; error: WireError };

/** What is done once the events are in the log, never before. */
export type Effect =
  | { type: 'start-run'; run: RunRecord; prefix: string }
  | { type: 'abort-run'; runId: string; aiNode: string }
  | { type: 'replay-run'; runId: string; aiNode: string; offset: number }
  | { type: 'acknowledge-run'; runId: string; aiNode: string; offset: number; ended: boolean }
  | { type: 'sessions-changed'; change: 'created' | 'renamed' | 'deleted' | 'updated' };
