import fc from 'fast-check';
import { messageIdsFor } from '../../../src/ids.ts';
import type { Input } from '../../../src/session-owner/inputs.ts';
import { messagesInLog } from '../../../src/session-owner/read-messages.ts';
import { restoredLog } from '../../../src/session-owner/restored-log.ts';
import { initialState, replay, storableThrough, withStored, type SessionState } from '../../../src/session-owner/state.ts';
import { AT, newMeta, take, testRules } from '../../support/session-states.ts';

const END = ['completed', 'unavailable', undefined] as const;
const step = fc.oneof(
  fc.record({ do: fc.constant('send' as const), text: fc.string({ minLength: 1, maxLength: 5 }) }),
  fc.record({ do: fc.constant('chunk' as const), text: fc.string({ maxLength: 5 }), end: fc.constantFrom(...END) }),
  fc.record({ do: fc.constantFrom('accepted' as const, 'cancel' as const, 'lost' as const, 'store' as const, 'pin' as const, 'share' as const, 'delete' as const) }),
  fc.record({ do: fc.constantFrom('regenerate' as const, 'continue' as const, 'edit' as const), text: fc.string({ minLength: 1, maxLength: 5 }) }),
  fc.record({ do: fc.constant('configure' as const), text: fc.constantFrom('a', 'b', '') }),
  fc.record({ do: fc.constant('rate' as const), text: fc.constantFrom('up', 'down', 'none') }),
  fc.record({ do: fc.constant('rename' as const), text: fc.string({ minLength: 1, maxLength: 5 }) }),
);
type Step = (typeof step extends fc.Arbitrary<infer T> ? T : never);

const LEASE = { sessionId: 'session00001', nodeId: 'n1', epoch: 3 };
const FRESH = { logId: 'new1', at: AT };
const audit = { on: true, deltas: true };

function play(steps: Step[], continuation: 'prefill' | 'restart' | 'stop') {
  const rules = testRules({ continuation });
  let state = initialState(newMeta());
  let sends = 0;
  const ops: { id: string; result: { messageId: string; replyId: string } }[] = [];
  for (const step of steps) {
    if (step.do === 'store') {
      state = withStored(state, storableThrough(state));
      continue;
    }
    const input = inputOf(step, state, (sends += 1));
    if (!input) continue;
    const taken = take(state, rules, input);
    state = taken.state;
    ops.push(...taken.batch.ops);
  }
  return { state, ops };
}

function inputOf(step: Step, state: SessionState, n: number): Input | null {
  const reply = state.phase.name === 'replying' ? state.phase.reply : null;
  const { userId, sessionId } = state.meta;
  if (step.do === 'send') return { type: 'send', ids: messageIdsFor(userId, sessionId, 'send', `c${n}`), clientMessageId: `c${n}`, content: step.text };
  if (step.do === 'regenerate' || step.do === 'continue' || step.do === 'edit') return versionOf(state, step.do, step.text, `c${n}`);
  if (step.do === 'rename') return { type: 'rename', title: step.text };
  if (step.do === 'configure') return { type: 'configure', settings: { model: step.text === '' ? null : step.text } };
  if (step.do === 'rate') return ratingOf(state, step.text);
  if (step.do === 'pin') return { type: 'pin', pinned: n % 2 === 0 };
  if (step.do === 'share') return n % 3 === 0 ? { type: 'unshare' } : { type: 'share', shareId: `share${n}` };
  if (step.do === 'delete') return n % 5 === 0 ? { type: 'delete' } : null;
  if (!reply?.run) return null;
  const { runId } = reply.run;
  switch (step.do) {
    case 'accepted':
      return { type: 'run-accepted', runId, aiNode: 'ai-1' };
    case 'cancel':
      return { type: 'cancel', messageId: reply.message.id };
    case 'lost':
      return { type: 'run-lost', runId };
    case 'chunk': {
      const end = step.end === 'completed' ? { outcome: 'completed' as const, finishReason: 'stop' as const, usage: { inputTokens: 1, outputTokens: 2 }, model: 'm' } : { outcome: 'failed' as const, error: { code: 'ai-unavailable' as const, message: 'no', retryable: true } };
      return { type: 'chunk', aiNode: 'ai-1', chunk: { runId, sessionId, offset: reply.message.content.length, text: step.text, ...(step.end && { end }) } };
    }
    case 'store':
      return null;
  }
}

function ratingOf({ unsaved }: SessionState, text: string): Input | null {
  const of = unsaved.map(({ message }) => message).findLast((message) => message.role === 'assistant');
  return of ? { type: 'rate', messageId: of.id, feedback: text === 'none' ? null : { rating: text === 'up' ? 'up' : 'down' } } : null;
}

function versionOf({ meta, unsaved }: SessionState, operation: 'regenerate' | 'continue' | 'edit', text: string, clientMessageId: string): Input | null {
  const role = operation === 'edit' ? 'user' : 'assistant';
  const of = unsaved.map(({ message }) => message).findLast((message) => message.role === role);
  if (!of) return null;
  const ids = messageIdsFor(meta.userId, meta.sessionId, operation, clientMessageId);
  const content = { regenerate: '', continue: of.content, edit: text }[operation];
  return { type: 'version', operation, ids, clientMessageId, of, content, seen: meta.nextPosition };
}

/** All of a state that clients, history and ai nodes can come to see. */
function seen(state: SessionState) {
  const { logId: _, head: __, firstSeq: ___, storedThrough: ____, opsComplete: _____, ...record } = state.meta;
  const unsaved = state.phase.name === 'deleted' ? [] : state.unsaved.map(({ message }) => message);
  const { createdSeq: ______, ...open } = state.phase.name === 'replying' ? state.phase.reply : { createdSeq: 0 };
  const ratings = state.phase.name === 'deleted' ? [] : state.ratings.map(({ seq: _______, ...rating }) => rating);
  return { record, phase: state.phase.name, open, unsaved, ratings };
}

const sessions = fc.tuple(fc.array(step, { maxLength: 25 }), fc.constantFrom('prefill' as const, 'restart' as const, 'stop' as const));

it('O55 T17 a log written anew from memory gives the same messages, record and run as the old one', () => {
  fc.assert(fc.property(sessions, ([steps, continuation]) => {
    const { state, ops } = play(steps, continuation);
    const { meta, events } = restoredLog({ state, ops }, LEASE, FRESH, audit);
    const restored = replay(meta, events);
    expect(seen(restored)).toEqual(seen(state));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(meta).toMatchObject({ logId: 'new1', head: events.length, firstSeq: 1, storedThrough: 0, opsComplete: false });
    if (state.phase.name === 'deleted') return;
    const open = state.phase.name === 'replying' ? [state.phase.reply.message] : [];
    expect(messagesInLog({ meta, events })).toEqual([...state.unsaved.map(({ message }) => message), ...open]);
  }), { numRuns: 500 });
});

it('O55 what was owed to history is owed still, and only that', () => {
  fc.assert(fc.property(sessions, ([steps, continuation]) => {
    const { state, ops } = play(steps, continuation);
    const { meta, events } = restoredLog({ state, ops }, LEASE, FRESH, audit);
    const owed = state.meta.storedThrough < state.meta.head || state.phase.name === 'deleted';
    expect(meta.head > meta.storedThrough).toBe(owed);
    if (state.unsaved.length > 0 && state.phase.name !== 'deleted') expect(storableThrough(replay(meta, events))).toBeGreaterThan(0);
  }), { numRuns: 500 });
});

it('O55 T17 every request whose message history lacks keeps its first answer, whoever accepted it', () => {
  fc.assert(fc.property(sessions, fc.nat(), ([steps, continuation], kept) => {
    const { state, ops } = play(steps, continuation);
    // A later owner has accepted only the last of them itself.
    const request = restoredLog({ state, ops: ops.slice(Math.min(kept, ops.length)) }, LEASE, FRESH, audit);
    const open = state.phase.name === 'replying' ? [state.phase.reply.message.id] : [];
    const lacking = new Set([...state.unsaved.map(({ message }) => message.id), ...open]);
    // A version of a reply has no message but that.
    const isLacking = ({ id, result }: (typeof ops)[number]): boolean => lacking.has(result.messageId === id ? id : result.replyId);
    for (const op of ops) if (isLacking(op)) expect(request.ops).toContainEqual(op);
    expect(new Set(request.ops.map(({ id }) => id)).size).toBe(request.ops.length);
  }));
});
