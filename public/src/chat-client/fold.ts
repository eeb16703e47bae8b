/**
 * A session as the client holds it, and how each frame changes it. Pure functions: a view is never changed in place.
 *
 * The text of the open reply lives in `streaming`, apart from the list, so that a piece of text costs the same however
 * long the conversation is. Rules: what the view has already is dropped; a hole or another log is a `gap` (open again
 * with the cursor); something that cannot follow from what the view holds is `broken`, and a path that it does not hold is
 * `elsewhere` (open again without one).
 */
import type { Cursor, Event, Feedback, Message, OpenReply, PageReply, Session, WholeMessage } from '../../../src/protocol/wire.ts';

export interface StreamingReply {
  messageId: string;
  /** The whole text so far. */
  text: string;
  /** The text started over under the same message, after the model was lost. */
  restarted: boolean;
}

export interface SessionView {
  session: Session;
  cursor: Cursor;
  /** The active path, oldest first. The open reply's `content` is not kept up to date: read it with `contentOf`. */
  messages: readonly Message[];
  streaming: StreamingReply | null;
  /** There are older messages than these. */
  hasMore: boolean;
  /** Where the page above begins; opaque. */
  before: string | undefined;
  deleted: boolean;
}

export type Verdict = 'applied' | 'nothing' | 'gap' | 'broken' | 'elsewhere';
export interface Folded {
  verdict: Verdict;
  view: SessionView;
}

export function contentOf(view: SessionView, message: Message): string {
  return view.streaming?.messageId === message.id ? view.streaming.text : message.content;
}

// ---- the reply to session:open ----------------------------------------------------------------------------------

/** The reply to session:open. */
export type Opened = Omit<OpenReply, 'events'> & { events?: LogEvent[]; before?: string };

/** What the view is after an open reply. `broken` only when the reply does not continue the view it was asked for. */
export function applyOpenReply(view: SessionView | null, reply: Opened): Folded | null {
  if (reply.messages !== undefined) return { verdict: 'applied', view: fromSnapshot(view, reply, reply.messages) };
  if (view === null) return null;
  const folded = applyEvents(view, reply.cursor.logId, reply.events ?? []);
  const reached = folded.view.cursor.logId === reply.cursor.logId && folded.view.cursor.seq >= reply.cursor.seq;
  if (folded.verdict === 'elsewhere') return folded;
  if (folded.verdict === 'broken' || !reached) return { verdict: 'broken', view: folded.view };
  return { verdict: 'applied', view: { ...folded.view, session: reply.session } };
}

function fromSnapshot(view: SessionView | null, reply: Opened, newest: Message[]): SessionView {
  const above = view === null ? [] : messagesAbove(view.messages, newest);
  const kept = above.length > 0 && view !== null;
  const open = newest.findLast((message) => message.status === 'streaming');
  return {
    session: reply.session,
    cursor: reply.cursor,
    messages: [...above, ...newest],
    streaming: open === undefined ? null : { messageId: open.id, text: open.content, restarted: false },
    hasMore: kept ? view.hasMore : (reply.hasMore ?? false),
    before: kept ? view.before : reply.before,
    deleted: false,
  };
}

/** Older messages that were loaded before and still lead to the first of the newest: they need no second loading. */
function messagesAbove(held: readonly Message[], newest: readonly Message[]): readonly Message[] {
  const parentId = newest[0]?.parentId ?? null;
  if (parentId === null) return [];
  const parent = held.findIndex((message) => message.id === parentId);
  const above = held.slice(0, parent + 1);
  return above.some((message) => message.status === 'streaming') ? [] : above;
}

/** The page above, as session:history answered it. Messages that are there already are left out. */
export function prependPage(view: SessionView, page: PageReply): SessionView {
  const known = new Set(view.messages.map((message) => message.id));
  const older = page.messages.filter((message) => !known.has(message.id));
  return { ...view, messages: [...older, ...view.messages], hasMore: page.hasMore, before: page.before };
}

// ---- frames -----------------------------------------------------------------------------------------------------

/** An event of a later version of the protocol: it takes its place in the order and changes nothing here. */
export interface UnknownEvent {
  type: 'unknown';
  seq: number;
}
export type LogEvent = Event | UnknownEvent;

/**
 * `sparse`: beside whole texts (accumulated mode). While a reply is open the numbers jump, because its pieces are not
 * sent, and how it ends is told by its last whole text; otherwise a jump is a hole as always.
 */
export function applyEvents(view: SessionView, logId: string, events: readonly LogEvent[], sparse = false): Folded {
  if (logId !== view.cursor.logId) return { verdict: 'gap', view };
  let current = view;
  for (const event of events) {
    if (event.seq <= current.cursor.seq) continue;
    const jumps = event.seq !== current.cursor.seq + 1;
    if (jumps && !(sparse && current.streaming !== null)) return { verdict: 'gap', view: current };
    const next = sparse && isReplyEvent(event) ? current : applyEvent(current, event);
    if (typeof next === 'string') return { verdict: next, view: current };
    current = { ...next, cursor: { logId, seq: event.seq } };
  }
  return { verdict: current === view ? 'nothing' : 'applied', view: current };
}

/** The hot frame: one more piece of the open reply. O(1). */
export function applyDelta(view: SessionView, logId: string, seq: number, text: string): Folded {
  if (logId !== view.cursor.logId) return { verdict: 'gap', view };
  if (seq <= view.cursor.seq) return { verdict: 'nothing', view };
  if (seq !== view.cursor.seq + 1) return { verdict: 'gap', view };
  if (view.streaming === null) return { verdict: 'broken', view };
  return { verdict: 'applied', view: { ...append(view, view.streaming, text), cursor: { logId, seq } } };
}

/** session:alive: nothing new, and this is the head of the log. */
export function checkHead(view: SessionView, logId: string, seq: number): Verdict {
  return logId !== view.cursor.logId || seq > view.cursor.seq ? 'gap' : 'nothing';
}

function append(view: SessionView, streaming: StreamingReply, text: string): SessionView {
  return { ...view, streaming: { ...streaming, text: streaming.text + text } };
}

type ReplyEvent = Exclude<Extract<Event, { messageId: string }>, { type: 'message.rated' }>;

function isReplyEvent(event: LogEvent): event is ReplyEvent {
  return 'messageId' in event && event.type !== 'message.rated';
}

function applyEvent(view: SessionView, event: LogEvent): SessionView | 'broken' | 'elsewhere' {
  if (isReplyEvent(event)) return applyReplyEvent(view, event) ?? 'broken';
  switch (event.type) {
    case 'message.created':
      return addMessage(view, event.message);
    case 'message.rated':
      return rated(view, event.messageId, event.feedback);
    case 'session.switched':
      return switchPath(view, event.tip);
    case 'session.configured':
      return { ...view, session: { ...view.session, settings: event.settings } };
    case 'session.renamed':
      return { ...view, session: { ...view.session, title: event.title } };
    case 'session.deleted':
      return { ...view, deleted: true, streaming: null };
    // The list tells of it.
    case 'session.pinned':
    case 'session.shared':
    case 'session.unshared':
    case 'unknown':
      return view;
  }
}

/** null: it cannot follow from this view. */
function applyReplyEvent(view: SessionView, event: ReplyEvent): SessionView | null {
  const streaming = view.streaming;
  if (streaming === null || streaming.messageId !== event.messageId) return null;
  switch (event.type) {
    case 'message.delta':
      return append(view, streaming, event.text);
    case 'message.restarted':
      return { ...view, streaming: { ...streaming, text: '', restarted: true } };
    case 'message.completed': {
      const { finishReason, usage, model } = event;
      const patch = { ...(usage && { usage }), ...(model !== undefined && { model }) };
      return finish(view, streaming, { status: 'complete', finishReason, ...patch });
    }
    case 'message.cancelled':
      return finish(view, streaming, { status: 'cancelled', finishReason: 'cancelled' });
    case 'message.failed':
      return finish(view, streaming, { status: 'failed', error: event.error });
    case 'message.interrupted':
      return finish(view, streaming, { status: 'interrupted' });
  }
}

/** Of a message that the view does not hold it says nothing here. */
function rated(view: SessionView, messageId: string, feedback: Feedback | null): SessionView {
  const messages = view.messages.map((message) => (message.id === messageId ? { ...message, feedback: feedback ?? undefined } : message));
  return { ...view, messages };
}

function finish(view: SessionView, reply: StreamingReply, patch: Partial<Message>): SessionView {
  const messages = view.messages.map((message) =>
    message.id === reply.messageId ? { ...message, ...patch, content: reply.text } : message,
  );
  return { ...view, messages, streaming: null, session: { ...view.session, streaming: false } };
}

/** A new message follows its parent: a newer version of a turn takes the place of what stood below that parent. */
function addMessage(view: SessionView, message: Message): SessionView | 'broken' | 'elsewhere' {
  if (view.streaming !== null && view.streaming.messageId !== message.id) return 'broken';
  const path = pathTo(view, message);
  if (path === null) return 'elsewhere';
  const streaming = message.status === 'streaming';
  const { messageCount } = view.session;
  return {
    ...view,
    messages: [...path.filter((other) => other.id !== message.id), message],
    streaming: streaming ? { messageId: message.id, text: message.content, restarted: false } : view.streaming,
    session: { ...view.session, updatedAt: message.createdAt, messageCount: messageCount + 1, streaming: streaming || view.session.streaming },
  };
}

/** What stays above a new message; null: the view does not hold it. The parent of the oldest message is on the page above. */
function pathTo({ messages }: SessionView, { parentId }: Message): readonly Message[] | null {
  const parent = messages.findIndex((other) => other.id === parentId);
  if (parent >= 0) return messages.slice(0, parent + 1);
  if (parentId === null || messages.length === 0 || messages[0]?.parentId === parentId) return [];
  return null;
}

/** The path to a message that the view holds is shorter than before; any other must be asked for. */
function switchPath(view: SessionView, tip: string | null): SessionView | 'elsewhere' {
  if (tip === null) return { ...view, messages: [], hasMore: false, before: undefined };
  const last = view.messages.findIndex((message) => message.id === tip);
  return last < 0 ? 'elsewhere' : { ...view, messages: view.messages.slice(0, last + 1) };
}

// ---- accumulated mode -------------------------------------------------------------------------------------------

/** session:message: the whole text of a reply so far, and with its last frame how it ended. */
export function applyWhole(view: SessionView, frame: WholeMessage): Folded {
  const { cursor } = frame;
  if (cursor.logId !== view.cursor.logId) return { verdict: 'gap', view };
  const ended = view.streaming === null;
  if (cursor.seq < view.cursor.seq || (ended && cursor.seq === view.cursor.seq)) return { verdict: 'nothing', view };
  if (view.streaming?.messageId !== frame.messageId) return { verdict: 'broken', view };
  const streaming = { ...view.streaming, text: frame.content };
  const current = { ...view, cursor, streaming };
  if (!frame.isComplete) return { verdict: 'applied', view: current };
  const patch = { status: frame.status, ...(frame.error && { error: frame.error }) };
  return { verdict: 'applied', view: finish(current, streaming, patch) };
}
