import { rig, request, type Rig } from './runs-rig.ts';
import { settle } from '../../support/virtual-clock.ts';

const wordsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `w${index} `);

/** Lets promises run, but no turn of the event loop pass, until the first run has `characters`. */
async function untilKept(runs: Rig['runs'], characters: number): Promise<void> {
  for (let turn = 0; turn < 20 && runs.views()[0]?.characters !== characters; turn += 1) await Promise.resolve();
  expect(runs.views()[0]).toMatchObject({ characters });
}

describe('generate', () => {
  test('P1 answers when the run is begun, and a repeat of the same run id asks the model server once', () => {
    const { runs, provider } = rig();
    expect(runs.generate(request())).toEqual({ aiNode: 'ai-1' });
    expect(runs.generate(request())).toEqual({ aiNode: 'ai-1' });
    expect(provider.calls).toHaveLength(1);
    expect(runs.status()).toEqual({ nodeId: 'ai-1', provider: 'scripted', model: 'scripted-1', load: 1, capacity: 4 });
  });

  test('P1 a repeat after the run ended and was acknowledged begins nothing', async () => {
    const { runs, provider } = rig();
    runs.generate(request());
    provider.call().finish();
    await settle();
    runs.ack([{ runId: 'run-1', epoch: 1, offset: 0, ended: true }]);
    expect(runs.generate(request())).toEqual({ aiNode: 'ai-1' });
    expect(provider.calls).toHaveLength(1);
  });

  test('P9 over AI_MAX_CONCURRENT it refuses, retryable; a run that ended leaves its place', async () => {
    const { runs, provider } = rig({ AI_MAX_CONCURRENT: 1 });
    runs.generate(request());
    const second = request({ runId: 'run-2', replyId: 'reply-2' });
    expect(() => runs.generate(second)).toThrow(expect.objectContaining({ type: 'ai-unavailable', retryable: true }));
    provider.call().finish();
    await settle();
    expect(runs.generate(second)).toEqual({ aiNode: 'ai-1' });
  });

  test('P10 a newer run for the same reply closes the older one, also when no place is free', async () => {
    const { runs, provider, chunks } = rig({ AI_MAX_CONCURRENT: 1 });
    runs.generate(request());
    provider.call().text('old');
    await settle();
    runs.generate(request({ runId: 'run-2', epoch: 2 }));
    expect(provider.call(0).aborted).toBe(true);
    provider.call(0).text('older');
    provider.call(1).text('new');
    await settle();
    expect(chunks().map((chunk) => [chunk.runId, chunk.text])).toEqual([['run-1', 'old'], ['run-2', 'new']]);
  });

  test('P10 an owner of a lower epoch cannot put its own run in place of the newer one', () => {
    const { runs, provider } = rig();
    runs.generate(request({ epoch: 5 }));
    expect(() => runs.generate(request({ runId: 'run-2', epoch: 4 }))).toThrow(expect.objectContaining({ type: 'ai-unavailable' }));
    expect(provider.calls).toHaveLength(1);
    expect(provider.call().aborted).toBe(false);
  });

  test('P18 a run that was given up comes after the one that replaced it: it does not take its place, nor begin when that one is over', () => {
    const { runs, provider } = rig();
    runs.generate(request({ runId: 'run-2', runNumber: 2 }));
    const late = request({ runId: 'run-1', runNumber: 1 });
    expect(() => runs.generate(late)).toThrow(expect.objectContaining({ type: 'ai-unavailable' }));
    expect(provider.call().aborted).toBe(false);
    provider.call().finish();
    runs.ack([{ runId: 'run-2', epoch: 1, offset: 0, ended: true }]);
    expect(() => runs.generate(late)).toThrow(expect.objectContaining({ type: 'ai-unavailable' }));
    expect(provider.calls).toHaveLength(1);
  });

  test('P18 a new owner counts for more than the number of a run: it may have lost some of them', () => {
    const { runs, provider } = rig();
    runs.generate(request({ runId: 'run-2', runNumber: 2 }));
    runs.generate(request({ runId: 'run-1b', runNumber: 1, epoch: 2 }));
    expect(provider.call(0).aborted).toBe(true);
    expect(() => runs.generate(request({ runId: 'run-3', runNumber: 3 }))).toThrow(expect.objectContaining({ type: 'ai-unavailable' }));
    expect(provider.calls).toHaveLength(2);
  });

  test('the system prompt comes first, for every provider', () => {
    const { runs, provider } = rig({ AI_SYSTEM_PROMPT: 'Be brief.' });
    runs.generate(request());
    expect(provider.call().request.messages).toEqual([{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hi' }]);
  });
});

describe('what the session is set to', () => {
  const settings = { model: 'another', temperature: 0, systemPrompt: 'Be long.' };

  test('K42 its system prompt stands in place of the server\'s, its model and temperature are asked for', () => {
    const { runs, provider } = rig({ AI_SYSTEM_PROMPT: 'Be brief.' });
    runs.generate(request({ settings }));
    expect(provider.call().request).toMatchObject({ model: 'another', temperature: 0 });
    expect(provider.call().request.messages).toEqual([{ role: 'system', content: 'Be long.' }, { role: 'user', content: 'Hi' }]);
    runs.generate(request({ runId: 'run-2', replyId: 'reply-2', settings: { temperature: 1 } }));
    expect(provider.call().request).toMatchObject({ temperature: 1, messages: [{ role: 'system', content: 'Be brief.' }, {}] });
    expect(provider.call().request).not.toHaveProperty('model');
  });

  test('K42 also when the model is asked in words to go on', () => {
    const { runs, provider } = rig();
    runs.generate(request({ settings, prefix: 'One', asking: true }));
    expect(provider.call().request).toMatchObject({ model: 'another', temperature: 0, prefix: '', messages: [{ role: 'system', content: 'Be long.' }, { content: 'Hi' }, { content: 'One' }, {}] });
  });

  test('K43 the end names the model that was asked for when the model server names none', async () => {
    const { runs, provider, ends } = rig();
    runs.generate(request({ settings }));
    provider.call().finish();
    await settle();
    expect(ends()).toMatchObject([{ outcome: 'completed', model: 'another' }]);
  });

  test('P43 a model that AI_MODELS does not let through is refused by name, for good; the default one never is', () => {
    const { runs, provider } = rig({ AI_MODELS: ['one', 'two'] });
    const refusal = expect.objectContaining({ type: 'ai-refused', retryable: false, message: expect.stringContaining('"another"') });
    expect(() => runs.generate(request({ settings }))).toThrow(refusal);
    expect(provider.calls).toEqual([]);
    for (const [n, model] of ['two', 'scripted-1', undefined].entries()) runs.generate(request({ runId: `run-${n}`, replyId: `reply-${n}`, settings: { ...(model !== undefined && { model }) } }));
    expect(provider.calls).toHaveLength(3);
  });
});

describe('sending', () => {
  test('P2 the first token leaves in the next turn, and the tokens of one turn are one chunk', async () => {
    const { runs, provider, sent } = rig();
    runs.generate(request());
    for (const word of wordsOf(20)) provider.call().text(word);
    await settle();
    expect(sent.map((event) => event.chunks)).toEqual([[{ runId: 'run-1', sessionId: 'session-1', offset: 0, text: wordsOf(20).join('') }]]);
  });

  test('P2 runs of one owner node share an event, another node has its own', async () => {
    const { runs, provider, sent } = rig();
    runs.generate(request());
    runs.generate(request({ runId: 'run-2', replyId: 'reply-2' }));
    runs.generate(request({ runId: 'run-3', replyId: 'reply-3', ownerNode: 'owner-2' }));
    for (const call of provider.calls) call.text('x');
    await settle();
    expect(sent.map((event) => [event.node, event.chunks.map((chunk) => chunk.runId)])).toEqual([['owner-1', ['run-1', 'run-2']], ['owner-2', ['run-3']]]);
  });

  test('P3 a pair split by the provider leaves whole, and a half at the very end is replaced', async () => {
    const { runs, provider, chunks } = rig();
    runs.generate(request());
    provider.call().text('a\uD83D');
    await settle();
    provider.call().text('\uDE80b\uD83D');
    await settle();
    provider.call().finish();
    await settle();
    expect(chunks().map((chunk) => [chunk.offset, chunk.text])).toEqual([[0, 'a'], [1, '🚀b'], [4, '\uFFFD']]);
  });

  test('P8 the end travels with the last text, once; nothing comes after it', async () => {
    const { runs, provider, chunks, ends } = rig();
    runs.generate(request());
    provider.call().text('all');
    provider.call().finish({ finishReason: 'length', usage: { inputTokens: 1, outputTokens: 2 } });
    provider.call().text('too late');
    provider.call().finish();
    await settle();
    expect(chunks()).toEqual([
      { runId: 'run-1', sessionId: 'session-1', offset: 0, text: 'all', end: { outcome: 'completed', finishReason: 'length', usage: { inputTokens: 1, outputTokens: 2 }, model: 'scripted-1' } },
    ]);
    expect(ends()).toHaveLength(1);
  });

  test('P8 an end without text travels alone, at the offset of the end', async () => {
    const { runs, provider, chunks } = rig();
    runs.generate(request());
    provider.call().text('ab');
    await settle();
    provider.call().finish();
    await settle();
    expect(chunks()[1]).toMatchObject({ offset: 2, text: '', end: { outcome: 'completed' } });
  });

  test('P8 usage of a shape that the wire does not carry is left out, not the end', async () => {
    const { runs, provider, ends } = rig();
    runs.generate(request());
    provider.call().finish({ usage: { inputTokens: Number.NaN, outputTokens: 1.5 } });
    await settle();
    expect(ends()).toEqual([{ outcome: 'completed', finishReason: 'stop', model: 'scripted-1' }]);
  });

  test('T16 a model that cannot take its text up is shown it and asked to go on; its text comes behind it', async () => {
    const { runs, provider, chunks } = rig();
    runs.generate(request({ prefix: 'Hello', asking: true }));
    const { prefix, messages } = provider.call().request;
    expect(prefix).toBe('');
    expect(messages).toEqual([{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }, { role: 'user', content: expect.stringContaining('Continue') }]);
    provider.call().text(' world');
    await settle();
    expect(chunks()).toEqual([{ runId: 'run-1', sessionId: 'session-1', offset: 5, text: ' world' }]);
  });

  test('K20 a run with a prefix begins behind it', async () => {
    const { runs, provider, chunks } = rig();
    runs.generate(request({ prefix: 'Hello' }));
    expect(provider.call().request.prefix).toBe('Hello');
    provider.call().text(' world');
    await settle();
    expect(chunks()).toEqual([{ runId: 'run-1', sessionId: 'session-1', offset: 5, text: ' world' }]);
  });
});

describe('repeating', () => {
  test('P4 what is not acknowledged is sent again each AI_RESEND_MS, the end too', async () => {
    const { runs, provider, clock, sent } = rig();
    runs.generate(request());
    provider.call().text('abc');
    provider.call().finish();
    await clock.advance(3_500);
    const again = sent.slice(1);
    expect(again.map((event) => event.chunks[0])).toEqual(Array(3).fill(sent[0]?.chunks[0]));
    for (const [index, event] of sent.entries()) expect(event.at - (sent[index - 1]?.at ?? event.at - 1_000)).toBeGreaterThanOrEqual(1_000);
  });

  test('P4 only the unacknowledged part is repeated, and nothing at all once everything is acknowledged', async () => {
    const { runs, provider, clock, sent } = rig();
    runs.generate(request());
    provider.call().text('abcdef');
    await settle();
    runs.ack([{ runId: 'run-1', epoch: 1, offset: 4, ended: false }]);
    await clock.advance(1_500);
    expect(sent[1]?.chunks).toEqual([{ runId: 'run-1', sessionId: 'session-1', offset: 4, text: 'ef' }]);
    runs.ack([{ runId: 'run-1', epoch: 1, offset: 6, ended: false }]);
    await clock.advance(5_000);
    expect(sent).toHaveLength(2);
  });

  test('P4 what was just sent is not repeated with what is overdue', async () => {
    const { runs, provider, clock, chunks } = rig();
    runs.generate(request());
    await clock.advance(1);
    provider.call().text('old ');
    await clock.advance(1_100);
    provider.call().text('new');
    await settle();
    await clock.advance(300);
    expect(chunks().map((chunk) => chunk.text)).toEqual(['old ', 'new', 'old ']);
  });

  test('P4 with steady acknowledgements nothing is ever repeated', async () => {
    const { runs, provider, clock, chunks, text } = rig();
    runs.generate(request());
    for (const word of wordsOf(100)) {
      provider.call().text(word);
      await clock.advance(50);
      runs.ack([{ runId: 'run-1', epoch: 1, offset: text().length, ended: false }]);
    }
    expect(chunks()).toHaveLength(100);
  });

  test('P4 an acknowledged end forgets the run', async () => {
    const { runs, provider, clock } = rig();
    runs.generate(request());
    provider.call().finish();
    await settle();
    expect(runs.views()).toMatchObject([{ runId: 'run-1', ended: true }]);
    runs.ack([{ runId: 'run-1', epoch: 1, offset: 0, ended: true }]);
    expect(runs.views()).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  test('P5 replay sends everything from the offset at once', async () => {
    const { runs, provider, chunks } = rig();
    runs.generate(request());
    provider.call().text('abcdef');
    await settle();
    expect(runs.replay({ runId: 'run-1', epoch: 1, offset: 2 })).toEqual({ known: true });
    expect(chunks()[1]).toEqual({ runId: 'run-1', sessionId: 'session-1', offset: 2, text: 'cdef' });
  });

  test('P5 replay from the middle of a pair begins at the pair', async () => {
    const { runs, provider, chunks } = rig();
    runs.generate(request());
    provider.call().text('a🚀b');
    await settle();
    runs.replay({ runId: 'run-1', epoch: 1, offset: 2 });
    expect(chunks()[1]).toMatchObject({ offset: 1, text: '🚀b' });
    runs.ack([{ runId: 'run-1', epoch: 1, offset: 2, ended: false }]);
    runs.replay({ runId: 'run-1', epoch: 1, offset: 2 });
    expect(chunks()[2]).toMatchObject({ offset: 1, text: '🚀b' });
  });

  test.each([
    ['below what was acknowledged', 2],
    ['beyond what there is', 7],
  ])('P5 an offset %s is not known', async (_name, offset) => {
    const { runs, provider } = rig();
    runs.generate(request());
    provider.call().text('abcdef');
    await settle();
    runs.ack([{ runId: 'run-1', epoch: 1, offset: 3, ended: false }]);
    expect(runs.replay({ runId: 'run-1', epoch: 1, offset })).toEqual({ known: false });
    expect(runs.attach({ runId: 'run-1', ownerNode: 'owner-2', epoch: 2, offset })).toEqual({ known: false });
  });

  test('P5 attach gives the tail to the new owner at once, and all that follows', async () => {
    const { runs, provider, chunks } = rig();
    runs.generate(request());
    provider.call().text('abcdef');
    await settle();
    expect(runs.attach({ runId: 'run-1', ownerNode: 'owner-2', epoch: 2, offset: 4 })).toEqual({ known: true });
    expect(chunks('owner-2')).toEqual([{ runId: 'run-1', sessionId: 'session-1', offset: 4, text: 'ef' }]);
    provider.call().text('gh');
    await settle();
    expect(chunks('owner-2')[1]).toMatchObject({ offset: 6, text: 'gh' });
    expect(chunks('owner-1')).toHaveLength(1);
  });

  test('P5 attach to a run that ended gives its end', async () => {
    const { runs, provider, ends } = rig();
    runs.generate(request());
    provider.call().text('abc');
    provider.call().finish();
    await settle();
    runs.attach({ runId: 'run-1', ownerNode: 'owner-2', epoch: 2, offset: 3 });
    expect(ends('owner-2')).toMatchObject([{ outcome: 'completed' }]);
  });

  test('P5 nothing is known of a run that was never here', () => {
    const { runs } = rig();
    expect(runs.attach({ runId: 'run-x', ownerNode: 'owner-2', epoch: 2, offset: 0 })).toEqual({ known: false });
    expect(runs.replay({ runId: 'run-x', epoch: 2, offset: 0 })).toEqual({ known: false });
  });
});

describe('epochs', () => {
  test('P6 a lower epoch is not heard: no attach, replay, acknowledgement, cancel', async () => {
    const { runs, provider, sent } = rig();
    runs.generate(request({ epoch: 3 }));
    provider.call().text('abc');
    await settle();
    expect(runs.attach({ runId: 'run-1', ownerNode: 'owner-9', epoch: 2, offset: 0 })).toEqual({ known: false });
    expect(runs.replay({ runId: 'run-1', epoch: 2, offset: 0 })).toEqual({ known: false });
    runs.ack([{ runId: 'run-1', epoch: 2, offset: 3, ended: true }]);
    expect(runs.cancel({ runId: 'run-1', epoch: 2 })).toEqual({ known: false });
    expect(runs.generate(request({ ownerNode: 'owner-9', epoch: 2 }))).toEqual({ aiNode: 'ai-1' });
    expect(runs.views()).toMatchObject([{ ownerNode: 'owner-1', epoch: 3, acknowledged: 0 }]);
    expect(provider.call().aborted).toBe(false);
    expect(sent).toHaveLength(1);
  });

  test('P6 a higher epoch is the run\'s from then on', async () => {
    const { runs, provider } = rig();
    runs.generate(request());
    provider.call().text('abc');
    await settle();
    runs.attach({ runId: 'run-1', ownerNode: 'owner-2', epoch: 4, offset: 1 });
    expect(runs.views()).toMatchObject([{ ownerNode: 'owner-2', epoch: 4 }]);
    expect(runs.cancel({ runId: 'run-1', epoch: 1 })).toEqual({ known: false });
    expect(runs.cancel({ runId: 'run-1', epoch: 4 })).toEqual({ known: true });
  });
});

describe('epochs by the way', () => {
  test.each([
    ['an acknowledgement', (ai: Rig) => ai.runs.ack([{ runId: 'run-1', epoch: 4, offset: 0, ended: false }])],
    ['a replay', (ai: Rig) => ai.runs.replay({ runId: 'run-1', epoch: 4, offset: 0 })],
    ['an attach for text that is gone', (ai: Rig) => ai.runs.attach({ runId: 'run-1', ownerNode: 'owner-2', epoch: 4, offset: 99 })],
    ['a repeated generate', (ai: Rig) => ai.runs.generate(request({ epoch: 4 }))],
  ])('P6 %s of a higher epoch shuts the lower ones out', (_name, act) => {
    const ai = rig();
    ai.runs.generate(request());
    act(ai);
    expect(ai.runs.cancel({ runId: 'run-1', epoch: 3 })).toEqual({ known: false });
    expect(ai.runs.views()).toMatchObject([{ epoch: 4, ownerNode: 'owner-1' }]);
  });
});

describe('endings from outside', () => {
  test('P7 a run nobody acknowledged for AI_ORPHAN_MS is closed upstream and dropped', async () => {
    const { runs, provider, clock, log } = rig();
    runs.generate(request());
    await clock.advance(1);
    for (let second = 0; second < 29; second += 1) {
      provider.call().text('x');
      await clock.advance(1_000);
    }
    expect(provider.call().aborted).toBe(false);
    await clock.advance(1_500);
    expect(provider.call().aborted).toBe(true);
    expect(runs.views()).toEqual([]);
    expect(log.at(-1)).toMatchObject({ level: 'warn', fields: { run: 'run-1', session: 'session-1', message: 'reply-1' } });
  });

  test('P7 an acknowledgement keeps it, even of nothing new', async () => {
    const { runs, provider, clock } = rig();
    runs.generate(request());
    for (let second = 0; second < 120; second += 1) {
      provider.call().text('x');
      await clock.advance(1_000);
      runs.ack([{ runId: 'run-1', epoch: 1, offset: 0, ended: false }]);
    }
    expect(provider.call().aborted).toBe(false);
    expect(runs.views()).toHaveLength(1);
  });

  test('C20 cancel closes upstream at once and nothing of the run leaves any more, not even what waited for the tick', async () => {
    const { runs, provider, clock, chunks } = rig();
    runs.generate(request());
    provider.call().text('abc');
    await settle();
    provider.call().text('def');
    await untilKept(runs, 6);
    expect(chunks()).toHaveLength(1);
    expect(runs.cancel({ runId: 'run-1', epoch: 1 })).toEqual({ known: true });
    expect(provider.call().aborted).toBe(true);
    provider.call().text('ghi');
    provider.call().finish();
    await clock.advance(5_000);
    expect(chunks().map((chunk) => chunk.text)).toEqual(['abc']);
    expect(clock.pending()).toBe(0);
    expect(runs.cancel({ runId: 'run-1', epoch: 1 })).toEqual({ known: false });
  });

  test('C21 a generate that comes after the cancel of its run begins nothing; a newer owner\'s does', () => {
    const { runs, provider } = rig();
    expect(runs.cancel({ runId: 'run-1', epoch: 2 })).toEqual({ known: false });
    expect(runs.generate(request({ epoch: 2 }))).toEqual({ aiNode: 'ai-1' });
    expect(provider.calls).toHaveLength(0);
    runs.generate(request({ epoch: 3 }));
    expect(provider.calls).toHaveLength(1);
  });

  test('C21 a run cancelled here is not begun again by a late repeat of its generate', () => {
    const { runs, provider } = rig();
    runs.generate(request());
    runs.cancel({ runId: 'run-1', epoch: 1 });
    runs.generate(request());
    expect(provider.calls).toHaveLength(1);
  });

  test('P13 stopping sends what waits, closes every upstream, leaves no timer, and refuses new runs', async () => {
    const { runs, provider, clock, text } = rig();
    runs.generate(request());
    runs.generate(request({ runId: 'run-2', replyId: 'reply-2' }));
    provider.call(0).text('abc');
    await untilKept(runs, 3);
    expect(text()).toBe('');
    runs.stop();
    expect(provider.calls.map((call) => call.aborted)).toEqual([true, true]);
    expect(text()).toBe('abc');
    expect(clock.pending()).toBe(0);
    expect(() => runs.generate(request({ runId: 'run-3' }))).toThrow(expect.objectContaining({ type: 'ai-unavailable' }));
    await settle();
  });
});
