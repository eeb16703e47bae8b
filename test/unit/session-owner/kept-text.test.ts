/** A version that continues another one, and what becomes of its text when its model is lost or cannot go on. */
import type { Message } from '../../../src/protocol/wire.ts';
import type { Rules } from '../../../src/session-owner/decision.ts';
import { initialState, replay, type SessionState } from '../../../src/session-owner/state.ts';
import { AT, chunkInput, newMeta, replyText, take, testRules } from '../../support/session-states.ts';

const OF: Message = { id: 'r1', sessionId: 'session00001', position: 2, role: 'assistant', content: 'kept', status: 'interrupted', parentId: 'm1', createdAt: AT };
const ids = { messageId: 'op', replyId: 'r2' };
const lost = (runId: string) => ({ type: 'run-lost', runId }) as const;
const types = (batch: { events: { type: string }[] }): string[] => batch.events.map(({ type }) => type);
const runOf = (state: SessionState) => (state.phase.name === 'replying' ? state.phase.reply.run : null);

/** A version that continues OF, whose run (run1) was accepted and brought this text. */
function continued(more: string, rules: Rules): SessionState {
  const command = { type: 'version', operation: 'continue', ids, clientMessageId: 'c', of: OF, content: OF.content, seen: 3 } as const;
  const started = take(initialState(newMeta({ nextPosition: 3, tip: 'r1', messageCount: 2 })), rules, command, { type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' });
  return more === '' ? started.state : take(started.state, rules, chunkInput('run1', 4, more)).state;
}
const next = (continuation: Rules['continuation'], runId = 'run2') => testRules({ continuation, newRunId: () => runId });

it.each([
  ['prefill', undefined],
  ['restart', true],
  ['stop', true],
] as const)('T9 where continuation is %s a model is asked in words: %s', (continuation, asking) => {
  const run = runOf(continued('', testRules({ continuation })));
  expect(run).toMatchObject({ baseOffset: 4, attempt: 1 });
  expect(run?.asking).toBe(asking);
});

it('T9 a run that is lost before it said anything is replaced, and the kept text stays', () => {
  for (const continuation of ['prefill', 'restart', 'stop'] as const) {
    const { batch, state } = take(continued('', testRules({ continuation })), next(continuation), lost('run1'));
    expect(batch.events).toEqual([]);
    expect(batch.effects).toMatchObject([{ type: 'start-run', prefix: 'kept', run: { runId: 'run2', baseOffset: 4 } }]);
    expect(replyText(state)).toBe('kept');
  }
});

it('T9 a lost run that said more goes on exactly, starts over from the kept text, or is interrupted', () => {
  const prefilled = take(continued(' more', testRules()), next('prefill'), lost('run1'));
  expect([types(prefilled.batch), replyText(prefilled.state)]).toEqual([[], 'kept more']);
  const restarted = take(continued(' more', testRules({ continuation: 'restart' })), next('restart'), lost('run1'));
  expect(restarted.batch.events).toMatchObject([{ type: 'message.restarted', reason: 'run-lost' }, { type: 'message.delta', messageId: 'r2', text: 'kept' }]);
  expect(restarted.batch.effects).toMatchObject([{ type: 'start-run', prefix: 'kept', run: { baseOffset: 4, asking: true } }]);
  expect(replyText(take(restarted.state, next('restart'), chunkInput('run2', 4, ' other')).state)).toBe('kept other');
  expect(types(take(continued(' more', testRules({ continuation: 'stop' })), next('stop'), lost('run1')).batch)).toEqual(['message.interrupted']);
});

it('T9 a refused prefill is asked for in words, once, and a refusal of that ends the reply', () => {
  const refused = take(continued('', testRules()), next('prefill'), chunkInput('run1', 4, '', 'refused'));
  expect(refused.batch.events).toEqual([]);
  expect(refused.batch.effects.at(-1)).toMatchObject({ type: 'start-run', prefix: 'kept', run: { asking: true, baseOffset: 4 } });
  expect(types(take(refused.state, next('prefill', 'run3'), chunkInput('run2', 4, '', 'refused')).batch)).toEqual(['message.failed']);
});

it('T9 a lost run whose prefill is refused starts over from the kept text', () => {
  const prefilled = take(continued(' more', testRules()), next('prefill'), lost('run1')).state;
  const { batch, state } = take(prefilled, next('prefill', 'run3'), chunkInput('run2', 9, '', 'refused'));
  expect(batch.events).toMatchObject([{ type: 'message.restarted', reason: 'prefill-refused' }, { type: 'message.delta', text: 'kept' }]);
  expect(runOf(state)).toMatchObject({ runId: 'run3', asking: true, baseOffset: 4 });
  // Asked in words once, it is asked so again: its text is not its own to go on from.
  expect(types(take(take(state, next('prefill', 'run4'), chunkInput('run3', 4, ' new')).state, next('prefill', 'run4'), lost('run3')).batch)).toEqual(['message.restarted', 'message.delta']);
});

it('T9 ends when run after run is lost', () => {
  const rules = testRules({ continuation: 'restart' });
  let state = continued(' more', rules);
  for (let i = 1; state.phase.name === 'replying'; i += 1) {
    expect(i).toBeLessThan(10);
    state = take(state, rules, lost(runOf(state)?.runId ?? '')).state;
  }
  expect(state.unsaved.at(-1)?.message).toMatchObject({ id: 'r2', status: 'failed', content: 'kept' });
});

it('T9 the next owner knows from the log what the version began with', () => {
  const rules = testRules({ continuation: 'restart' });
  const before = initialState(newMeta({ nextPosition: 3, tip: 'r1', messageCount: 2 }));
  const command = { type: 'version', operation: 'continue', ids, clientMessageId: 'c', of: OF, content: OF.content, seen: 3 } as const;
  const { state, batch } = take(before, rules, command, { type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' }, chunkInput('run1', 4, ' more'));
  expect(replay(state.meta, batch.events)).toEqual(state);
});

it('T12 a version that was lost and ended in its place is found by a repeat that comes right behind', () => {
  const { content: _, ...place } = OF;
  const reply: Message = { ...place, id: 'r2', position: 3, content: '', status: 'streaming' };
  const behind = { head: 0, deleted: false, record: null, ended: null, lost: reply };
  const command = { type: 'version', operation: 'regenerate', ids, clientMessageId: 'c', of: OF, content: '', seen: 4 } as const;
  const state = initialState(newMeta({ nextPosition: 4, tip: 'r2', messageCount: 3, opsComplete: false }));
  const { batch, answers } = take(state, testRules(), { type: 'log-behind', behind }, command);
  expect(answers[1]).toEqual({ type: 'sent', ids: { messageId: 'm1', replyId: 'r2' }, duplicate: true });
  expect(types(batch)).toEqual(['message.created', 'message.failed']);
});
