import { initialState } from '../../../src/session-owner/state.ts';
import { titleFrom } from '../../../src/session-owner/title.ts';
import { chunkInput, newMeta, replying, sendInput, take, testRules } from '../../support/session-states.ts';

const types = (batch: { events: { type: string }[] }): string[] => batch.events.map(({ type }) => type);

describe('send', () => {
  it('L2 appends the user message and its reply in one step, with positions and the first run', () => {
    const { batch, answers } = take(initialState(newMeta()), testRules(), sendInput());
    expect(batch.events.map((event) => event.seq)).toEqual([1, 2]);
    expect(batch.events).toMatchObject([
      { type: 'message.created', message: { id: 'm1', position: 1, role: 'user', content: 'Hello', parentId: null, clientMessageId: 'c1' } },
      { type: 'message.created', message: { id: 'r1', position: 2, role: 'assistant', content: '', status: 'streaming', parentId: 'm1' } },
    ]);
    expect(batch.meta).toMatchObject({ nextPosition: 3, messageCount: 2, tip: 'r1', title: 'Hello', rev: 1, run: { runId: 'run1', aiNode: null, baseOffset: 0 } });
    expect(batch.ops).toEqual([{ id: 'm1', result: { messageId: 'm1', replyId: 'r1' } }]);
    expect(answers).toEqual([{ type: 'sent', ids: { messageId: 'm1', replyId: 'r1' }, duplicate: false }]);
  });

  it('D2 finds the first answer of a repeat before it looks at session-busy, also within one batch', () => {
    const first = { messageId: 'm1', replyId: 'r1' };
    const rules = testRules({ acceptedOp: (id) => (id === 'm1' ? first : undefined) });
    const { batch, answers } = take(replying('Hi'), rules, sendInput(1), sendInput(2));
    expect(answers).toMatchObject([{ type: 'sent', ids: first, duplicate: true }, { type: 'refused', error: { code: 'session-busy', retryable: true } }]);
    expect(batch.events).toEqual([]);
  });

  it('puts the next turn under the last reply', () => {
    const done = take(replying('Hi'), testRules(), chunkInput('run1', 2, '', 'completed')).state;
    const { batch } = take(done, testRules(), sendInput(2));
    expect(batch.events[0]).toMatchObject({ message: { id: 'm2', parentId: 'r1', position: 3 } });
    expect(batch.meta.title).toBeUndefined();
  });

  it('refuses everything after a delete, except another delete', () => {
    const gone = take(replying('Hi'), testRules(), { type: 'delete' }).state;
    const { answers, batch } = take(gone, testRules(), sendInput(2), { type: 'rename', title: 'x' }, { type: 'cancel', messageId: 'r1' }, { type: 'delete' });
    expect(answers.map((answer) => (answer?.type === 'refused' ? answer.error.code : answer?.type))).toEqual(['not-found', 'not-found', 'not-found', 'deleted']);
    expect(batch.events).toEqual([]);
  });
});

describe('cancel', () => {
  it('C1 ends a reply before its first token, and the run that comes later is aborted', () => {
    const started = take(initialState(newMeta()), testRules(), sendInput()).state;
    const { batch, answers, state } = take(started, testRules(), { type: 'cancel', messageId: 'r1' });
    expect(types(batch)).toEqual(['message.cancelled']);
    expect(answers).toEqual([{ type: 'cancelled', status: 'cancelled' }]);
    const late = take(state, testRules(), { type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' });
    expect(late.batch.effects).toEqual([{ type: 'abort-run', runId: 'run1', aiNode: 'ai-1' }]);
    expect(late.batch.events).toEqual([]);
  });

  it('C2 has one terminal event when a cancel meets the last chunk, whichever is first', () => {
    const last = chunkInput('run1', 2, ' there', 'completed');
    const stop = { type: 'cancel', messageId: 'r1' } as const;
    const first = take(replying('Hi'), testRules(), last, stop);
    expect(types(first.batch)).toEqual(['message.delta', 'message.completed']);
    expect(first.answers[1]).toEqual({ type: 'cancelled', status: 'complete' });
    const second = take(replying('Hi'), testRules(), stop, last);
    expect(types(second.batch)).toEqual(['message.cancelled']);
    expect(second.batch.effects).toContainEqual({ type: 'abort-run', runId: 'run1', aiNode: 'ai-1' });
  });

  it('C3 keeps the text that was logged', () => {
    const { state } = take(replying('Hi there'), testRules(), { type: 'cancel', messageId: 'r1' });
    expect(state.unsaved.at(-1)?.message).toMatchObject({ id: 'r1', content: 'Hi there', status: 'cancelled' });
  });

  it('says when it does not know the reply', () => {
    expect(take(replying(), testRules(), { type: 'cancel', messageId: 'other' }).answers).toEqual([{ type: 'unknown-reply' }]);
    expect(take(replying(), testRules(), { type: 'cancel', messageId: 'm1' }).answers).toEqual([{ type: 'unknown-reply' }]);
  });
});

describe('rename and delete', () => {
  it('gives each change of the record its own revision', () => {
    const { batch, answers } = take(initialState(newMeta({ rev: 4 })), testRules(), { type: 'rename', title: 'A' }, { type: 'rename', title: 'B' });
    expect(batch.meta).toMatchObject({ rev: 6, title: 'B' });
    expect(answers).toMatchObject([{ session: { title: 'A' } }, { session: { title: 'B' } }]);
  });

  it('ends an open reply first', () => {
    const { batch, state } = take(replying('Hi'), testRules(), { type: 'delete' });
    expect(types(batch)).toEqual(['message.cancelled', 'session.deleted']);
    expect(state.phase.name).toBe('deleted');
    expect(batch.meta).toMatchObject({ deleted: true, run: null });
  });
});

describe('titleFrom', () => {
  it('takes the first line, cut at a word', () => {
    expect(titleFrom('  What is\ta lease?\nTell me')).toBe('What is a lease?');
    expect(titleFrom(`${'word '.repeat(30)}`)).toMatch(/^(word )+word…$/);
  });
  it('passes over the fence of a code block', () => {
    expect(titleFrom('```js\nconst a = 1;\n```')).toBe('const a = 1;');
    expect(titleFrom('```')).toBe('```');
  });
  it('does not cut a character in half', () => {
    expect(titleFrom('😀'.repeat(60)).isWellFormed()).toBe(true);
  });
});
