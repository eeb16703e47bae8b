import type { Event } from '../../../src/protocol/wire.ts';
import type { Input } from '../../../src/session-owner/inputs.ts';
import { initialState, replay } from '../../../src/session-owner/state.ts';
import { chunkInput, newMeta, replying, replyText, sendInput, take, testRules } from '../../support/session-states.ts';

const types = (batch: { events: { type: string }[] }): string[] => batch.events.map(({ type }) => type);

describe('chunks', () => {
  it('L3 joins the deltas of one batch into one event', () => {
    const { batch, state } = take(replying(), testRules(), chunkInput('run1', 0, 'one '), chunkInput('run1', 4, 'two '), chunkInput('run1', 8, 'three'));
    expect(batch.events).toMatchObject([{ type: 'message.delta', text: 'one two three', seq: 3 }]);
    expect(replyText(state)).toBe('one two three');
  });

  it('K1 takes only what is new of a chunk that was sent again', () => {
    const { batch } = take(replying('one two'), testRules(), chunkInput('run1', 4, 'two three'), chunkInput('run1', 0, 'one'));
    expect(batch.events).toMatchObject([{ text: ' three' }]);
    expect(batch.effects).toMatchObject([{ type: 'acknowledge-run', offset: 13 }, { type: 'acknowledge-run', offset: 13 }]);
  });

  it('K2 asks for the text of a hole and takes nothing behind it', () => {
    const { batch } = take(replying('one'), testRules(), chunkInput('run1', 7, ' three', 'completed'));
    expect(batch.events).toEqual([]);
    expect(batch.effects).toEqual([{ type: 'replay-run', runId: 'run1', aiNode: 'ai-1', offset: 3 }]);
  });

  it('K3 drops chunks of any other run and has it aborted', () => {
    const { batch } = take(replying('one'), testRules(), chunkInput('run9', 3, ' two', 'completed'));
    expect(batch.events).toEqual([]);
    expect(batch.effects).toEqual([{ type: 'abort-run', runId: 'run9', aiNode: 'ai-1' }]);
  });

  it('C2 an end that is sent again changes nothing', () => {
    const end = chunkInput('run1', 3, '', 'completed');
    const { batch } = take(replying('one'), testRules(), end, end);
    expect(types(batch)).toEqual(['message.completed']);
  });

  it('keeps the text when a run fails and says why', () => {
    const { batch, state } = take(replying('one'), testRules(), chunkInput('run1', 3, ' two', 'unavailable'));
    expect(types(batch)).toEqual(['message.delta', 'message.failed']);
    expect(state.unsaved.at(-1)?.message).toMatchObject({ content: 'one two', status: 'failed', error: { code: 'ai-unavailable' } });
  });
});

describe('a run that nobody takes', () => {
  /** The reply is open and nobody has answered for its run. */
  const sentOnly = (rules = testRules()) => take(initialState(newMeta()), rules, sendInput()).state;
  const refused = (runId: string, retryable: boolean) => ({ type: 'run-refused', runId, error: { code: 'ai-unavailable', message: 'full', retryable } }) as const;

  it('K4 is tried again under a new run id, a bounded number of times', () => {
    const rules = testRules();
    let state = take(sentOnly(rules), rules, refused('run1', true)).state;
    expect(state.meta.run).toMatchObject({ runId: 'run2', attempt: 2, aiNode: null });
    state = take(state, rules, refused('run2', true)).state;
    const last = take(state, rules, refused('run3', true));
    expect(types(last.batch)).toEqual(['message.failed']);
    expect(last.state.meta.run).toBeNull();
  });

  it('K4 is taken after all when it spoke before its refusal came', () => {
    const spoke = take(sentOnly(), testRules(), chunkInput('run1', 0, 'one')).state;
    const { batch, state } = take(spoke, testRules(), refused('run1', true));
    expect([batch.events, batch.effects, state.meta.run?.runId]).toEqual([[], [], 'run1']);
  });

  it('fails at once when trying again cannot help', () => {
    expect(types(take(sentOnly(), testRules(), refused('run1', false)).batch)).toEqual(['message.failed']);
  });
});

describe('a lost run', () => {
  const lost = { type: 'run-lost', runId: 'run1' } as const;

  it('K5 prefill goes on from the logged text', () => {
    const { batch, state } = take(replying('one'), testRules({ newRunId: () => 'run2' }), lost);
    expect(batch.events).toEqual([]);
    expect(batch.effects).toMatchObject([{ type: 'start-run', prefix: 'one', run: { runId: 'run2', baseOffset: 3, attempt: 1 } }]);
    expect(replyText(state)).toBe('one');
  });

  it('K6 restart declares that the text starts over', () => {
    const { batch, state } = take(replying('one'), testRules({ continuation: 'restart', newRunId: () => 'run2' }), lost);
    expect(batch.events).toMatchObject([{ type: 'message.restarted', messageId: 'r1', reason: 'run-lost' }]);
    expect(batch.effects).toMatchObject([{ type: 'start-run', prefix: '', run: { baseOffset: 0 } }]);
    expect(replyText(state)).toBe('');
  });

  it('K7 stop interrupts and keeps the text', () => {
    const { batch, state } = take(replying('one'), testRules({ continuation: 'stop' }), lost);
    expect(types(batch)).toEqual(['message.interrupted']);
    expect(state.unsaved.at(-1)?.message).toMatchObject({ content: 'one', status: 'interrupted' });
  });

  it.each(['prefill', 'restart', 'stop'] as const)('%s simply runs again when there is no text yet', (continuation) => {
    const { batch } = take(replying(), testRules({ continuation, newRunId: () => 'run2' }), lost);
    expect(batch.events).toEqual([]);
    expect(batch.effects).toMatchObject([{ type: 'start-run', prefix: '' }]);
  });

  it('K8 a refused prefill becomes a restart, once', () => {
    const rules = testRules({ newRunId: () => 'run2' });
    const continued = take(replying('one'), rules, lost).state;
    const { batch, state } = take(continued, testRules({ newRunId: () => 'run3' }), chunkInput('run2', 3, '', 'refused'));
    expect(batch.events).toMatchObject([{ type: 'message.restarted', reason: 'prefill-refused' }]);
    expect(types(take(state, rules, chunkInput('run3', 0, '', 'refused')).batch)).toEqual(['message.failed']);
  });

  it('K4 ends when run after run is lost without bringing the text forward', () => {
    const rules = testRules({ continuation: 'restart' });
    let state = replying('one', rules);
    for (let i = 1; state.phase.name === 'replying'; i += 1) {
      expect(i).toBeLessThan(10);
      const runId = state.meta.run?.runId ?? '';
      state = take(state, rules, { type: 'run-lost', runId }).state;
    }
    expect(state.unsaved.at(-1)?.message.status).toBe('failed');
  });

  it('K3 a report about an older run changes nothing', () => {
    expect(take(replying('one'), testRules(), { type: 'run-lost', runId: 'run0' }).batch.events).toEqual([]);
  });
});

describe('replay', () => {
  it('O4 gives a new owner exactly the state that the old one had', () => {
    const rules = testRules();
    const steps: Input[] = [
      sendInput(),
      { type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' },
      chunkInput('run1', 0, 'one '),
      { type: 'rename', title: 'T' },
      chunkInput('run1', 4, 'two', 'completed'),
      sendInput(2),
      chunkInput('run2', 0, 'thr'),
    ];
    let live = initialState(newMeta());
    const log: Event[] = [];
    for (const step of steps) {
      const { batch, state } = take(live, rules, step);
      log.push(...batch.events);
      live = state;
      expect({ ...replay(live.meta, log), lastEnded: live.lastEnded }).toEqual(live);
    }
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  });

  it('S11 takes what history acknowledged for stored', () => {
    const steps: Input[] = [sendInput(), chunkInput('run1', 0, 'one', 'completed')];
    const { batch, state } = take(initialState(newMeta()), testRules(), ...steps);
    const unsavedAt = (storedThrough: number) => replay({ ...state.meta, storedThrough }, batch.events).unsaved.map(({ message }) => message.id);
    expect([0, 1, state.meta.head].map(unsavedAt)).toEqual([['m1', 'r1'], ['r1'], []]);
  });
});
