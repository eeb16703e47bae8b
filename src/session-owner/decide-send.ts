/** The rules of a new reply: to a new message, or as a version of what is there; and of switching between versions. Pure. */
import type { OpResult } from '../backends/contracts.ts';
import { wireError } from '../protocol/errors.ts';
import { MAX_VERSIONS } from '../protocol/limits.ts';
import type { Message, MessageFile, NewEvent } from '../protocol/wire.ts';
import { answer, touched, type Decision, type Rules } from './decision.ts';
import type { Command, VersionCommand } from './inputs.ts';
import { hasSettings, type SessionState } from './state.ts';
import { titleFrom } from './title.ts';

type Of<T extends Command['type']> = Extract<Command, { type: T }>;

export function send(state: SessionState, { ids, clientMessageId, content, files }: Of<'send'>, rules: Rules): Decision {
  // A repeat must find its answer even while its own reply is still open: the dedupe comes before session-busy.
  const first = rules.acceptedOp(ids.messageId);
  if (first) return repeated(first);
  if (state.phase.name === 'replying') return busy();
  return asked(state, ids, { clientMessageId, content, ...given(files), parentId: state.meta.tip }, rules);
}

/** A sibling of a message, from which the active path goes on. */
export function makeVersion(state: SessionState, command: VersionCommand, rules: Rules): Decision {
  const { operation, ids, clientMessageId, of, content, files, seen } = command;
  const first = rules.acceptedOp(ids.messageId) ?? knownReply(state, command);
  if (first) return repeated(first);
  if (state.phase.name === 'replying') return busy();
  if (state.meta.nextPosition !== seen) return answer({ type: 'moved' });
  const versions = [...(of.versions ?? [of.id]), operation === 'edit' ? ids.messageId : ids.replyId];
  if (versions.length > MAX_VERSIONS) return answer({ type: 'refused', error: wireError('invalid', `At most ${MAX_VERSIONS} versions of a message.`) });
  const sibling = { siblings: versions.length, versions, parentId: of.parentId };
  if (operation === 'edit') return asked(state, ids, { ...sibling, clientMessageId, content, ...given(files) }, rules);
  const reply = replyOf(state, { ...sibling, id: ids.replyId, clientMessageId, content, position: state.meta.nextPosition }, rules);
  // Finished by itself, so that history hears of the reply while it is open: what it names is never lost without a word.
  const turn: NewEvent = { type: 'session.switched', tip: of.parentId };
  return begun(state, [turn], reply, { id: ids.messageId, result: resultOf(command) }, rules);
}

/** No operation tells of it any more, but the reply is there: its log was lost, and it was ended in its place. */
function knownReply(state: SessionState, command: VersionCommand): OpResult | undefined {
  const { replyId } = command.ids;
  const known = state.lastEnded?.id === replyId || state.unsaved.some(({ message }) => message.id === replyId);
  return known ? resultOf(command) : undefined;
}

/** A version of a reply answers the message that is there. */
function resultOf({ operation, ids, of }: VersionCommand): OpResult {
  return operation === 'edit' ? ids : { messageId: of.parentId ?? of.id, replyId: ids.replyId };
}

export function switchTo(state: SessionState, { tip, tipParent, seen }: Of<'switch'>, rules: Rules): Decision {
  const switched = answer({ type: 'switched', tip });
  if (state.meta.tip === tip) return switched;
  if (state.phase.name === 'replying') return busy();
  if (state.meta.nextPosition !== seen) return answer({ type: 'moved' });
  // Looking is no change of the conversation: the session keeps its place in the list.
  const meta = { rev: touched(state, rules).rev, tip, tipParent };
  return { ...switched, events: [{ type: 'session.switched', tip }], meta };
}

function repeated(ids: OpResult): Decision {
  return answer({ type: 'sent', ids, duplicate: true });
}

function busy(): Decision {
  return answer({ type: 'refused', error: wireError('session-busy', 'A reply is still streaming in this session. Wait for it or stop it.') });
}

/** A message without files has no such field. */
function given(files: MessageFile[] | undefined): Pick<Message, 'files'> {
  return files && files.length > 0 ? { files } : {};
}

type Question = Pick<Message, 'clientMessageId' | 'content' | 'files' | 'parentId' | 'siblings' | 'versions'>;

/** A user's message and its reply. */
function asked(state: SessionState, ids: OpResult, question: Question, rules: Rules): Decision {
  const { sessionId, nextPosition, title } = state.meta;
  const user: Message = { sessionId, createdAt: rules.at, id: ids.messageId, position: nextPosition, role: 'user', status: 'complete', ...question };
  const reply = replyOf(state, { id: ids.replyId, position: nextPosition + 1, content: '', parentId: user.id }, rules);
  const decision = begun(state, [{ type: 'message.created', message: user }], reply, { id: ids.messageId, result: ids }, rules);
  return title === '' ? { ...decision, meta: { ...decision.meta, title: titleFrom(question.content.trim() === '' ? (question.files?.[0]?.name ?? '') : question.content) } } : decision;
}

type Begun = Pick<Message, 'id' | 'position' | 'content' | 'parentId'> & Partial<Message>;

function replyOf({ meta }: SessionState, fields: Begun, rules: Rules): Message {
  return { sessionId: meta.sessionId, createdAt: rules.at, role: 'assistant', status: 'streaming', ...fields };
}

function begun(state: SessionState, before: NewEvent[], reply: Message, op: Decision['ops'][number], rules: Rules): Decision {
  const { meta } = state;
  const { content: prefix } = reply;
  const asking = prefix !== '' && rules.continuation !== 'prefill';
  const fixed = { ...(asking && { asking: true as const }), ...(hasSettings(meta.settings) && { settings: meta.settings }) };
  const run = { runId: rules.newRunId(), replyId: reply.id, baseOffset: prefix.length, aiNode: null, attempt: 1, ...fixed };
  return {
    events: [...before, { type: 'message.created', message: reply }],
    meta: {
      ...touched(state, rules),
      nextPosition: reply.position + 1,
      messageCount: meta.messageCount + reply.position + 1 - meta.nextPosition,
      tip: reply.id,
      tipParent: reply.parentId,
      run,
    },
    ops: [op],
    effects: [
      { type: 'start-run', run, prefix },
      { type: 'sessions-changed', change: meta.messageCount === 0 ? 'created' : 'updated' },
    ],
    answer: { type: 'sent', ids: op.result, duplicate: false },
  };
}
