import type { EventLog } from '../../../src/backends/contracts.ts';
import { DONE, newSession, ownerHarness, sendTo, type Harness } from '../../support/owner-harness.ts';

let harness: Harness;
afterEach(() => harness.close());

const user = { userId: 'u1' };
const stored = async (sessionId: string) => (await harness.backends.history.page(sessionId, undefined, 100)).messages;

describe('one message', () => {
  it('streams, ends, and is stored', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    const { messageId, replyId } = await sendTo(harness, sessionId);
    await harness.chunk('one ', 0);
    await harness.chunk('two', 4, DONE);
    expect(harness.events().map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'message.created'], [2, 'message.created'], [3, 'message.delta'], [4, 'message.delta'], [5, 'message.completed'],
    ]);
    expect(await stored(sessionId)).toMatchObject([
      { id: messageId, content: 'Hello', role: 'user', position: 1 },
      { id: replyId, content: 'one two', role: 'assistant', position: 2, status: 'complete', usage: { outputTokens: 2 } },
    ]);
    expect(harness.changes.map(({ change }) => change)).toEqual(['created', 'updated']);
    expect(harness.generated[0]).toMatchObject({ messages: [{ role: 'user', content: 'Hello' }], prefix: '' });
  });

  it('gives the model the whole conversation, from memory and history together', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    for (const question of ['a', 'b', 'c']) {
      await sendTo(harness, sessionId, question);
      await harness.chunk(`${question}!`, 0, DONE);
    }
    expect(harness.generated[2]?.messages.map(({ content }) => content)).toEqual(['a', 'a!', 'b', 'b!', 'c']);
  });

  it('S10 is stored again and again until history takes it, while the chat goes on', async () => {
    let down = true;
    harness = await ownerHarness({
      prepare(ports) {
        const { store } = ports.history;
        ports.history.store = (...args) => (down ? Promise.reject(new Error('down')) : store(...args));
      },
    });
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('one', 0, DONE);
    expect(harness.events().at(-1)?.type).toBe('message.completed');
    await harness.clock.advance(10_000);
    expect(await stored(sessionId)).toEqual([]);
    expect((await harness.backends.log.meta(sessionId))?.storedThrough).toBe(0);
    down = false;
    await harness.clock.advance(2_000);
    expect(await stored(sessionId)).toHaveLength(2);
    expect((await harness.backends.log.meta(sessionId))?.storedThrough).toBe(4);
  });
});

it('S10 what history acknowledges while an append is under way stays acknowledged', async () => {
  let answer = (): void => {};
  harness = await ownerHarness({
    wrapLog: (log) => new Proxy(log, {
      get: (target, name) => name !== 'append' ? target[name as keyof EventLog].bind(target) : async (...args: Parameters<EventLog['append']>) => {
        answer();
        await new Promise((resolve) => setImmediate(resolve));
        return target.append(...args);
      },
    }),
    prepare(ports) {
      const { store } = ports.history;
      ports.history.store = async (...args) => {
        const stored = await store(...args);
        await new Promise<void>((resolve) => (answer = resolve));
        return stored;
      };
    },
  });
  const sessionId = await newSession(harness);
  await sendTo(harness, sessionId);
  await harness.chunk('one', 0);
  await harness.settle();
  const actor = await harness.node.directory.actor(sessionId);
  expect(actor.state).toMatchObject({ meta: { storedThrough: 1 }, unsaved: [] });
});

describe('append before emit', () => {
  /** The log with some of its methods replaced. */
  const failing = (replace: (log: EventLog) => Partial<EventLog>) => (log: EventLog): EventLog => {
    const replaced = replace(log);
    return new Proxy(log, {
      get: (target, name) => replaced[name as keyof EventLog] ?? target[name as keyof EventLog].bind(target),
    });
  };

  it('L1 nothing is shown that the log does not have', async () => {
    const heads: [number, number][] = [];
    harness = await ownerHarness({
      wrapLog: failing((log) => ({
        async append(request) {
          const result = await log.append(request);
          await new Promise((resolve) => setImmediate(resolve));
          heads.push([request.firstSeq + request.events.length - 1, harness.events().length]);
          return result;
        },
      })),
    });
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('one', 0, DONE);
    await harness.settle();
    for (const [head, shown] of heads) expect(shown).toBeLessThanOrEqual(head);
    expect(heads.filter(([head, shown]) => shown < head).length).toBeGreaterThan(1);
    expect(harness.events()).toHaveLength(4);
  });

  it('L4 an append whose answer was lost is found, not repeated', async () => {
    let lose = 0;
    harness = await ownerHarness({
      wrapLog: failing((log) => ({
        async append(request) {
          const result = await log.append(request);
          if ((lose += 1) % 2 === 1) throw new Error('answer lost');
          return result;
        },
      })),
    });
    const sessionId = await newSession(harness);
    const sent = harness.node.commands.send({ ...user, sessionId, clientMessageId: 'c', content: 'Hello' });
    await harness.clock.advance(1_000);
    expect((await sent).duplicate).toBe(false);
    await harness.chunk('one', 0, DONE);
    await harness.clock.advance(1_000);
    expect(harness.events().map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect((await harness.backends.log.read(sessionId, 0))?.events).toHaveLength(4);
  });

  it('O2 a fenced owner shows nothing and forgets the session', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    const shown = harness.events().length;
    await harness.backends.leases.leave(harness.node.directory.view()[0]!.node);
    await harness.backends.leases.join('somebody-else', { lost: () => {}, storeLost: () => {} });
    await harness.backends.leases.claim(sessionId, 'somebody-else');
    await harness.chunk('late', 0);
    expect(harness.events()).toHaveLength(shown);
    expect(harness.node.directory.view()).toEqual([]);
    expect((await harness.backends.log.meta(sessionId))?.head).toBe(2);
  });

  it('L5 a store that does not write refuses the send, retryable, and the session goes on when it does', async () => {
    let broken = true;
    harness = await ownerHarness({
      wrapLog: failing((log) => ({ append: (request) => (broken ? Promise.reject(new Error('disk full')) : log.append(request)) })),
    });
    const sessionId = await newSession(harness);
    const send = () => harness.node.commands.send({ ...user, sessionId, clientMessageId: 'c', content: 'Hello' });
    const refused = expect(send()).rejects.toMatchObject({ type: 'unavailable', retryable: true });
    await harness.clock.advance(1_000);
    await refused;
    broken = false;
    expect((await send()).duplicate).toBe(false);
  });
});

describe('dedupe', () => {
  it('D1 a hundred sends with one clientMessageId are one message and one generation', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    const answers = await Promise.all(Array.from({ length: 100 }, () => harness.node.commands.send({ ...user, sessionId, clientMessageId: 'c', content: 'Hello' })));
    await harness.settle();
    expect(new Set(answers.map(({ messageId, replyId }) => `${messageId} ${replyId}`)).size).toBe(1);
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(harness.generated).toHaveLength(1);
    expect(harness.events()).toHaveLength(2);
  });

  it('D1 two that wait behind the same append are one message too', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId, 'first');
    await harness.chunk('one', 0, DONE);
    const actor = await harness.node.directory.actor(sessionId);
    const ids = { messageId: 'm', replyId: 'r' };
    const send = () => actor.submit({ type: 'send', ids, clientMessageId: 'c', content: 'Hello' });
    const answers = await Promise.all([actor.submit({ type: 'rename', title: 'x' }), send(), send()]);
    expect(answers.slice(1)).toEqual([{ type: 'sent', ids, duplicate: false }, { type: 'sent', ids, duplicate: true }]);
    expect(harness.events().filter(({ type }) => type === 'message.created')).toHaveLength(4);
  });

  it('D3 finds the answer after a restart, also while the reply is still open', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    const first = await sendTo(harness, sessionId);
    harness = await harness.restart();
    expect(await sendTo(harness, sessionId)).toEqual({ ...first, duplicate: true });
  });

  it('D4 finds it in history when the log is gone', async () => {
    harness = await ownerHarness({ env: { LOG_META_MS: '1000', ACTOR_IDLE_MS: '500', LOG_RETENTION_MS: '100' } });
    const sessionId = await newSession(harness);
    const first = await sendTo(harness, sessionId);
    await harness.chunk('one', 0, DONE);
    await harness.clock.advance(3_000);
    await harness.backends.log.expire(Date.now() + 60_000);
    expect(await harness.backends.log.meta(sessionId)).toBeNull();
    expect(await sendTo(harness, sessionId)).toEqual({ ...first, duplicate: true, status: 'complete' });
    expect(harness.generated).toHaveLength(1);
    const next = await sendTo(harness, sessionId, 'again');
    expect(next.duplicate).toBe(false);
    expect(harness.generated[1]?.messages.map(({ content }) => content)).toEqual(['Hello', 'one', 'again']);
  });

  it('D6 a repeat says what became of the reply', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    const { replyId } = await sendTo(harness, sessionId);
    expect((await sendTo(harness, sessionId)).status).toBe('streaming');
    await harness.node.commands.cancel({ ...user, sessionId, messageId: replyId });
    expect((await sendTo(harness, sessionId)).status).toBe('cancelled');
    harness = await harness.restart();
    expect((await sendTo(harness, sessionId)).status).toBe('cancelled');
  });

  it('D5 a send that names no session begins the same one each time', async () => {
    harness = await ownerHarness();
    const send = () => harness.node.commands.send({ ...user, clientMessageId: 'c', content: 'Hello' });
    const [first, second] = [await send(), await send()];
    expect(second).toEqual({ ...first, duplicate: true });
  });
});

describe('cancel', () => {
  it('C1 stops the model and keeps the text', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    const { replyId } = await sendTo(harness, sessionId);
    await harness.chunk('one ', 0);
    expect(await harness.node.commands.cancel({ ...user, sessionId, messageId: replyId })).toEqual({ status: 'cancelled' });
    expect(harness.aborted).toEqual([harness.generated[0]?.runId]);
    await harness.chunk('two', 4, DONE);
    expect((await stored(sessionId))[1]).toMatchObject({ content: 'one ', status: 'cancelled' });
  });

  it('C4 is never stuck behind an ai node that does not answer', async () => {
    harness = await ownerHarness({ prepare: (ports) => void (ports.ai.generate = () => new Promise(() => {})) });
    const sessionId = await newSession(harness);
    const { replyId } = await sendTo(harness, sessionId);
    expect(await harness.node.commands.cancel({ ...user, sessionId, messageId: replyId })).toEqual({ status: 'cancelled' });
    expect((await sendTo(harness, sessionId, 'next')).duplicate).toBe(false);
  });

  it('C3 answers the status of a reply that ended long ago, and not-found for what is no reply', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    const { replyId, messageId } = await sendTo(harness, sessionId);
    await harness.chunk('one', 0, DONE);
    harness = await harness.restart();
    expect(await harness.node.commands.cancel({ ...user, sessionId, messageId: replyId })).toEqual({ status: 'complete' });
    await expect(harness.node.commands.cancel({ ...user, sessionId, messageId })).rejects.toMatchObject({ type: 'not-found' });
  });
});

describe('recovery', () => {
  it('K5 a reply that was open goes on from its logged text, once', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('one ', 0);
    harness = await harness.restart();
    expect(harness.generated).toMatchObject([{ prefix: 'one ', messages: [{ content: 'Hello' }] }]);
    await harness.chunk('two', 4, DONE);
    expect((await stored(sessionId))[1]).toMatchObject({ content: 'one two', status: 'complete' });
  });

  it('K10 an ai node that is gone is told nothing more once its run is replaced', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('one ', 0);
    const lost = harness.generated[0]!.runId;
    harness = await harness.restart();
    await harness.clock.advance(2_000);
    expect(harness.acks.map(({ runId }) => runId)).toContain(harness.generated[0]!.runId);
    expect(harness.acks.map(({ runId }) => runId)).not.toContain(lost);
  });

  it('K11 a run that its ai node forgot is found out by silence, and replaced', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('one ', 0);
    await harness.clock.advance(2_500);
    expect(harness.attached).toEqual([harness.generated[0]!.runId]);
    expect(harness.generated).toMatchObject([{ prefix: '' }, { prefix: 'one ' }]);
    await harness.chunk('two', 4, DONE);
    expect((await stored(sessionId))[1]).toMatchObject({ content: 'one two', status: 'complete' });
  });

  it('O3 takes a living run over instead of starting another', async () => {
    harness = await ownerHarness({ prepare: (ports) => void (ports.ai.attach = async () => ({ known: true })) });
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('one ', 0);
    const { runId } = harness.generated[0]!;
    harness.node.directory.dropAll('test');
    await harness.clock.advance(1_000);
    harness.node.takeChunks({ aiNode: 'ai-1', chunks: [{ runId, sessionId, offset: 0, text: 'one two', end: DONE }] });
    await harness.settle();
    expect(harness.generated).toHaveLength(1);
    expect((await stored(sessionId))[1]).toMatchObject({ content: 'one two' });
  });

  it('S11 what history lacks is stored by the next owner', async () => {
    harness = await ownerHarness({ prepare: (ports) => void (ports.history.store = () => Promise.reject(new Error('down'))) });
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('one', 0, DONE);
    const ports = harness.ports;
    harness.node.directory.dropAll('test');
    ports.history.store = (session, messages) => harness.backends.history.store(session, messages);
    await harness.clock.advance(1_000);
    expect(await stored(sessionId)).toHaveLength(2);
  });

  it('O5 an idle session leaves memory and comes back when it is needed', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('one', 0, DONE);
    const epoch = harness.node.directory.view()[0]!.epoch;
    await harness.clock.advance(120_000);
    expect(harness.node.directory.view()).toEqual([]);
    await sendTo(harness, sessionId, 'next');
    expect(harness.node.directory.view()[0]!.epoch).toBeGreaterThan(epoch);
  });
});

describe('while a reply is open', () => {
  it('V1 silence is broken every two seconds, and only then', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.clock.advance(1_900);
    await harness.chunk('one', 0);
    await harness.clock.advance(1_900);
    expect(harness.alive).toEqual([]);
    await harness.clock.advance(200);
    expect(harness.alive).toMatchObject([{ sessionId, seq: 3, userId: 'u1' }]);
    await harness.chunk('', 3, DONE);
    await harness.clock.advance(10_000);
    expect(harness.alive).toHaveLength(1);
  });

  it('acknowledges each run a few times a second, also without progress', async () => {
    harness = await ownerHarness();
    await sendTo(harness, await newSession(harness));
    await harness.chunk('one', 0);
    await harness.clock.advance(600);
    expect(harness.acks.length).toBeGreaterThanOrEqual(2);
    expect(harness.acks.at(-1)).toMatchObject({ offset: 3, ended: false });
    await harness.chunk('', 3, DONE);
    await harness.clock.advance(2_000);
    expect(harness.acks.filter(({ ended }) => ended)).toHaveLength(1);
  });

  it('P17 an owner that stops tells the end it has just logged', async () => {
    harness = await ownerHarness();
    await sendTo(harness, await newSession(harness));
    await harness.chunk('one', 0, DONE);
    expect(harness.acks.filter(({ ended }) => ended)).toHaveLength(0);
    await harness.node.stop();
    expect(harness.acks.filter(({ ended }) => ended)).toHaveLength(1);
  });

  it('W1 whole texts come only while asked for, at most ten a second, and always the last', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('a', 0, DONE);
    await harness.clock.advance(1_000);
    expect(harness.whole()).toEqual([]);
    await sendTo(harness, sessionId, 'next');
    await harness.chunk('a', 0);
    await harness.node.reads.open({ ...user, sessionId, mode: 'accumulated' });
    for (let i = 1; i <= 50; i += 1) {
      await harness.chunk('b', i);
      await harness.clock.advance(10);
    }
    const during = harness.whole().length;
    expect(during).toBeGreaterThan(3);
    expect(during).toBeLessThanOrEqual(7);
    await harness.chunk('c', 51, DONE);
    expect(harness.whole().at(-1)).toMatchObject({ content: `a${'b'.repeat(50)}c`, isComplete: true, status: 'complete' });
    expect(harness.whole().reduce((text, frame) => text + frame.chunk, '')).toBe(harness.whole().at(-1)?.content);
  });
});

describe('before the first message', () => {
  it('S13 a session is in no list, also when it was renamed', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await harness.node.commands.rename({ ...user, sessionId, title: 'Named' });
    await harness.settle();
    expect((await harness.node.reads.list(user)).sessions).toEqual([]);
    expect(harness.changes).toEqual([]);
    expect((await harness.backends.log.meta(sessionId))?.storedThrough).toBe(1);
    await sendTo(harness, sessionId);
    expect((await harness.node.reads.list(user)).sessions).toMatchObject([{ id: sessionId, title: 'Named' }]);
    expect(harness.changes).toMatchObject([{ change: 'created', session: { title: 'Named' } }]);
  });
});

it('S14 a title and a pin that are given while a reply is open are in lists at once', async () => {
  harness = await ownerHarness();
  const sessionId = await newSession(harness);
  await sendTo(harness, sessionId);
  await harness.chunk('half', 0);
  const { storedThrough } = (await harness.backends.log.meta(sessionId))!;
  await harness.node.commands.rename({ ...user, sessionId, title: 'New' });
  await harness.node.commands.pin({ ...user, sessionId, pinned: true });
  await harness.settle();
  expect((await harness.node.reads.list(user)).sessions).toMatchObject([{ id: sessionId, title: 'New', pinned: true, streaming: true }]);
  expect(await harness.backends.log.meta(sessionId)).toMatchObject({ storedThrough });
  await harness.chunk(' whole', 4, DONE);
  expect(await stored(sessionId)).toMatchObject([{ role: 'user' }, { role: 'assistant', content: 'half whole' }]);
});

describe('delete', () => {
  it('S12 leaves a tombstone, and nothing revives the session', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await sendTo(harness, sessionId);
    await harness.chunk('one', 0);
    await harness.node.commands.delete({ ...user, sessionId });
    await harness.chunk('two', 3, DONE);
    await harness.clock.advance(5_000);
    expect(await stored(sessionId)).toEqual([]);
    expect((await harness.backends.history.session(sessionId))?.deleted).toBe(true);
    for (const act of [() => sendTo(harness, sessionId), () => harness.node.reads.open({ ...user, sessionId }), () => harness.node.reads.history({ ...user, sessionId })]) {
      await expect(act()).rejects.toMatchObject({ type: 'not-found' });
    }
  });
});
