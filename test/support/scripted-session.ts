/**
 * A session for the scripted server: an event log that a test appends to, with or without telling the clients. Opens
 * are answered from it as the protocol says: what follows the cursor, or everything.
 */
import type { Ack, ClientEvent, Event, Message, NewEvent, Session } from '../../src/protocol/wire.ts';
import type { ScriptedServer } from './scripted-server.ts';

const AT = '2026-01-01T00:00:00.000Z';

export interface ScriptedSession {
  readonly id: string;
  logId: string;
  readonly events: Event[];
  readonly messages: Message[];
  readonly session: Session;
  /** Appends without a frame; answers the events with their numbers. */
  append(...events: NewEvent[]): Event[];
  /** Appends and tells every client. */
  publish(...events: NewEvent[]): Event[];
  /** A piece of the open reply as the hot frame. */
  delta(text: string): void;
  /** A piece that is logged and lost on its way. */
  lose(text: string): void;
  /** The user's message and an open reply; answers the reply's id. */
  begin(content: string, clientMessageId?: string, publish?: boolean): string;
  end(outcome?: 'completed' | 'cancelled' | 'failed' | 'interrupted'): void;
  open(request: ClientEvent<'session:open'>): Ack<'session:open'>;
  textOf(messageId: string): string;
  /** What is active of `messages`. */
  path(): Message[];
}

export function scriptedSession(server: ScriptedServer, id = 'session00001', title = 'A scripted chat'): ScriptedSession {
  const session: Session = { id, title, createdAt: AT, updatedAt: AT, messageCount: 0, streaming: false };
  const openReply = (): Message | undefined => self.messages.find((message) => message.status === 'streaming');
  const replyId = (): string => openReply()?.id ?? 'no-open-reply';

  const self: ScriptedSession = {
    id,
    logId: 'LOGa',
    events: [],
    messages: [],
    session,
    append(...added) {
      return added.map((event) => {
        const stamped = { ...event, seq: self.events.length + 1, at: AT };
        self.events.push(stamped);
        if (stamped.type === 'session.configured') session.settings = stamped.settings;
        applyTo(self.messages, stamped);
        session.messageCount = self.messages.length;
        session.streaming = openReply() !== undefined;
        return stamped;
      });
    },
    publish(...added) {
      const events = self.append(...added);
      server.emit('session:events', { sessionId: id, logId: self.logId, events });
      return events;
    },
    delta(text) {
      const [event] = self.append({ type: 'message.delta', messageId: replyId(), text });
      server.emit('delta', [id, self.logId, event?.seq ?? 0, text]);
    },
    lose: (text) => void self.append({ type: 'message.delta', messageId: replyId(), text }),
    begin(content, clientMessageId, publish = true) {
      const [asked, reply] = newTurn(self.messages, tipOf(self.events), id, content, clientMessageId);
      const events: NewEvent[] = [{ type: 'message.created', message: asked }, { type: 'message.created', message: reply }];
      if (publish) self.publish(...events);
      else self.append(...events);
      return reply.id;
    },
    end: (outcome = 'completed') => void self.publish(endOf(replyId(), outcome)),
    open(request) {
      const head = self.events.length;
      const cursor = { logId: self.logId, seq: head };
      const known = request.cursor?.logId === self.logId && request.cursor.seq <= head;
      if (known) return { ok: true, session, cursor, resync: false, events: self.events.slice(request.cursor?.seq) };
      const messages = self.path();
      return { ok: true, session, cursor, resync: request.cursor !== undefined && request.cursor !== null, messages, hasMore: false };
    },
    path: () => pathTo(self.messages, self.events),
    textOf: (messageId) => self.messages.find((message) => message.id === messageId)?.content ?? '',
  };
  return self;
}

/** The end of the active path is what was said last, or switched to since. */
function tipOf(events: Event[]): string | null {
  const last = events.findLast((event) => event.type === 'message.created' || event.type === 'session.switched');
  return last?.type === 'session.switched' ? last.tip : last?.type === 'message.created' ? last.message.id : null;
}

function pathTo(messages: Message[], events: Event[]): Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const path: Message[] = [];
  for (let message = byId.get(tipOf(events) ?? ''); message !== undefined; message = byId.get(message.parentId ?? '')) path.push({ ...message });
  return path.reverse();
}

function newTurn(messages: Message[], parentId: string | null, sessionId: string, content: string, clientMessageId?: string): [Message, Message] {
  const position = messages.length + 1;
  const base = { sessionId, createdAt: AT } as const;
  const asked: Message = { ...base, id: `user${position}`, position, role: 'user', content, status: 'complete', parentId };
  if (clientMessageId !== undefined) asked.clientMessageId = clientMessageId;
  const reply: Message = { ...base, id: `reply${position + 1}`, position: position + 1, role: 'assistant', content: '', status: 'streaming', parentId: asked.id };
  return [asked, reply];
}

export function endOf(messageId: string, outcome: 'completed' | 'cancelled' | 'failed' | 'interrupted'): NewEvent {
  if (outcome === 'completed') return { type: 'message.completed', messageId, finishReason: 'stop' };
  if (outcome === 'failed') return { type: 'message.failed', messageId, error: { code: 'ai-timeout', message: 'The model did not answer in time.', retryable: true } };
  return outcome === 'cancelled' ? { type: 'message.cancelled', messageId } : { type: 'message.interrupted', messageId };
}

/** The server's own, independent idea of what the events mean. */
function applyTo(messages: Message[], event: Event): void {
  if (event.type === 'message.created') return void messages.push({ ...event.message });
  if (!('messageId' in event)) return;
  const message = messages.find((other) => other.id === event.messageId);
  if (message === undefined && event.type === 'message.rated') return;
  if (message === undefined) throw new Error(`no message ${event.messageId}`);
  if (event.type === 'message.rated') {
    message.feedback = event.feedback ?? undefined;
    return;
  }
  if (event.type === 'message.delta') message.content += event.text;
  else if (event.type === 'message.restarted') message.content = '';
  else if (event.type === 'message.completed') Object.assign(message, { status: 'complete', finishReason: event.finishReason });
  else if (event.type === 'message.failed') Object.assign(message, { status: 'failed', error: event.error });
  else message.status = event.type === 'message.cancelled' ? 'cancelled' : 'interrupted';
}
