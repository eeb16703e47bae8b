/** Versions on the scripted server, as the real one makes them: each names all of its turn, and repeats find the first. */
import type { Ack, ClientEvent, Message, NewEvent } from '../../src/protocol/wire.ts';
import type { ScriptedServer } from './scripted-server.ts';
import type { ScriptedSession } from './scripted-session.ts';

type Kind = 'regenerate' | 'continue' | 'edit';
type Request = ClientEvent<'message:regenerate'> & { content?: string };

export interface ScriptedVersions {
  /** The reply that was made last. */
  newest(): string;
  /** As if a client had asked for it. */
  make(kind: Kind, request: Request): Ack<'message:regenerate'>;
}

function siblingsOf(session: ScriptedSession, of: Message): Message[] {
  return session.messages.filter(({ parentId, role }) => parentId === of.parentId && role === of.role);
}

/** The newest of all that stand under it, or itself. */
function newestUnder(session: ScriptedSession, messageId: string): string {
  const next = session.messages.findLast(({ parentId }) => parentId === messageId);
  return next === undefined ? messageId : newestUnder(session, next.id);
}

/** Every version of a turn names all of them from now on. */
function name(session: ScriptedSession, version: Message): void {
  const versions = siblingsOf(session, version);
  for (const other of versions) Object.assign(other, { siblings: versions.length, versions: versions.map(({ id }) => id) });
}

export function acceptVersions(server: ScriptedServer, session: ScriptedSession): ScriptedVersions {
  let newest = '';
  const make = (kind: Kind, { messageId, clientMessageId, content }: Request): Ack<'message:regenerate'> => {
    const of = session.messages.find(({ id }) => id === messageId);
    if (of === undefined) throw new Error(`no message ${messageId}`);
    const known = session.messages.find((message) => message.clientMessageId === clientMessageId);
    if (known === undefined) newest = publish(session, kind, of, clientMessageId, content ?? '');
    return { ok: true, messageId: of.id, replyId: known?.id ?? newest, duplicate: known !== undefined };
  };
  for (const kind of ['regenerate', 'continue', 'edit'] as const) server.handlers[`message:${kind}`] = (request: Request) => make(kind, request);
  server.handlers['message:select'] = ({ messageId }) => {
    const tip = newestUnder(session, messageId);
    session.publish({ type: 'session.switched', tip });
    return { ok: true, tip };
  };
  server.handlers['message:cancel'] = ({ messageId }) => {
    if (session.messages.find(({ id }) => id === messageId)?.status === 'streaming') session.end('cancelled');
    return { ok: true, status: session.messages.find(({ id }) => id === messageId)?.status ?? 'cancelled' };
  };
  return { newest: () => newest, make };
}

function publish(session: ScriptedSession, kind: Kind, of: Message, clientMessageId: string, content: string): string {
  const position = session.messages.length + 1;
  const id = `${kind}${position}`;
  const versions = [...siblingsOf(session, of).map((other) => other.id), id];
  const { model: _model, usage: _usage, error: _error, finishReason: _finishReason, ...rest } = of;
  const version: Message = { ...rest, id, position, clientMessageId, siblings: versions.length, versions, content, status: kind === 'edit' ? 'complete' : 'streaming' };
  if (kind === 'continue') version.content = of.content;
  const events: NewEvent[] = kind === 'edit' ? [] : [{ type: 'session.switched', tip: of.parentId }];
  events.push({ type: 'message.created', message: version });
  const reply: Message = { id: `reply${position + 1}`, sessionId: session.id, position: position + 1, role: 'assistant', content: '', status: 'streaming', parentId: id, createdAt: of.createdAt };
  if (kind === 'edit') events.push({ type: 'message.created', message: reply });
  session.publish(...events);
  name(session, version);
  return kind === 'edit' ? reply.id : id;
}
