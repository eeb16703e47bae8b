/** Versions of messages at one owner: made, found again, shown, chosen. */
import { MAX_VERSIONS } from '../../../src/protocol/limits.ts';
import type { Message } from '../../../src/protocol/wire.ts';
import { DONE, newSession, ownerHarness, sendTo, type Harness } from '../../support/owner-harness.ts';
import { settle } from '../../support/virtual-clock.ts';

let harness: Harness;
let sessionId: string;
afterEach(() => harness.close());

async function begin(options: Parameters<typeof ownerHarness>[0] = {}): Promise<void> {
  harness = await ownerHarness(options);
  sessionId = await newSession(harness);
}
/** One finished turn; answers its ids. */
async function turn(content: string, text = `answer to ${content}`) {
  const sent = await sendTo(harness, sessionId, content);
  await harness.chunk(text, 0, DONE);
  return sent;
}
const of = (messageId: string, clientMessageId = 'v1') => ({ userId: 'u1', sessionId, messageId, clientMessageId });
const versions = () => harness.node.versions;
async function made<T>(work: Promise<T>): Promise<T> {
  const answer = await work;
  await settle();
  return answer;
}
/** A finished version of this reply. */
async function again(messageId: string, clientMessageId: string, text: string) {
  const sent = await made(versions().regenerate(of(messageId, clientMessageId)));
  await harness.chunk(text, 0, DONE);
  return sent;
}
const shown = async (more: object = {}): Promise<Message[]> => (await harness.node.reads.open({ userId: 'u1', sessionId, ...more })).messages ?? [];
const contents = (messages: Message[]): string => messages.map(({ content }) => content).join(' | ');
const code = (work: Promise<unknown>): Promise<string> => work.then(() => 'none', (error: { type: string }) => error.type);
const pastRetention = () => harness.backends.log.expire(Date.now() + 3_600_000);

describe('a version', () => {
  it('T2 regenerate makes a sibling of the reply, which takes its place', async () => {
    await begin();
    const { messageId, replyId } = await turn('one');
    const sent = await made(versions().regenerate(of(replyId)));
    expect(sent).toMatchObject({ messageId, duplicate: false, status: 'streaming' });
    expect(harness.events().slice(-2)).toMatchObject([
      { type: 'session.switched', tip: messageId },
      { type: 'message.created', message: { id: sent.replyId, parentId: messageId, position: 3, role: 'assistant', content: '', status: 'streaming', siblings: 2, versions: [replyId, sent.replyId] } },
    ]);
    expect(harness.generated.at(-1)).toMatchObject({ prefix: '', messages: [{ role: 'user', content: 'one' }] });
    await harness.chunk('better', 0, DONE);
    expect(contents(await shown())).toBe('one | better');
  });

  it('T2 an edit makes a sibling of the user\'s message, and a reply of its own', async () => {
    await begin();
    await turn('one');
    const second = await turn('two');
    const sent = await made(versions().edit({ ...of(second.messageId), content: 'two, edited' }));
    await harness.chunk('edited answer', 0, DONE);
    const messages = await shown();
    expect(contents(messages)).toBe('one | answer to one | two, edited | edited answer');
    expect(messages[2]).toMatchObject({ id: sent.messageId, role: 'user', versions: [second.messageId, sent.messageId], siblings: 2 });
    expect(messages[3]).toMatchObject({ id: sent.replyId, parentId: sent.messageId });
    expect(messages[3]?.versions).toBeUndefined();
  });

  it('T2 the first message can be edited too', async () => {
    await begin();
    const { messageId } = await turn('one');
    const sent = await made(versions().edit({ ...of(messageId), content: 'uno' }));
    await harness.chunk('respuesta', 0, DONE);
    expect(await shown()).toMatchObject([{ id: sent.messageId, parentId: null, versions: [messageId, sent.messageId] }, { content: 'respuesta' }]);
    expect((await harness.node.reads.list({ userId: 'u1' })).sessions).toMatchObject([{ title: 'one', messageCount: 4 }]);
  });

  it('T2 continue makes a version that begins with the kept text, and the model goes on from it', async () => {
    await begin();
    const { messageId, replyId } = await sendTo(harness, sessionId, 'one');
    await harness.chunk('once upon', 0);
    await harness.node.commands.cancel({ userId: 'u1', sessionId, messageId: replyId });
    const sent = await made(versions().continue(of(replyId)));
    expect(harness.events().at(-1)).toMatchObject({ message: { id: sent.replyId, parentId: messageId, content: 'once upon', status: 'streaming' } });
    expect(harness.generated.at(-1)).toMatchObject({ prefix: 'once upon', messages: [{ content: 'one' }] });
    await harness.chunk(' a time', 9, DONE);
    expect(await shown()).toMatchObject([{}, { content: 'once upon a time', status: 'complete', versions: [replyId, sent.replyId] }]);
    expect(await harness.backends.history.message(sessionId, replyId)).toMatchObject({ content: 'once upon', status: 'cancelled' });
  });

  it('T5 the model gets the path that leads to it and nothing of other versions', async () => {
    await begin();
    const first = await turn('one');
    const second = await turn('two');
    await again(first.replyId, 'v1', 'other');
    expect(harness.generated.at(-1)!.messages.map(({ content }) => content)).toEqual(['one']);
    await turn('three');
    expect(harness.generated.at(-1)!.messages.map(({ content }) => content)).toEqual(['one', 'other', 'three']);
    await again(second.replyId, 'v2', 'other two');
    expect(harness.generated.at(-1)!.messages.map(({ content }) => content)).toEqual(['one', 'answer to one', 'two']);
    expect(contents(await shown())).toBe('one | answer to one | two | other two');
  });

  it('T4 is refused while a reply streams, and what the session is stays as it was', async () => {
    await begin();
    const { messageId, replyId } = await turn('one');
    await sendTo(harness, sessionId, 'two');
    const head = harness.events().length;
    expect(await code(versions().regenerate(of(replyId)))).toBe('session-busy');
    expect(await code(versions().continue(of(replyId)))).toBe('session-busy');
    expect(await code(versions().edit({ ...of(messageId), content: 'x' }))).toBe('session-busy');
    expect(harness.events()).toHaveLength(head);
  });

  it('T11 needs a message of its kind in a session of the user', async () => {
    await begin();
    const { messageId, replyId } = await turn('one');
    expect(await code(versions().regenerate(of(messageId)))).toBe('not-found');
    expect(await code(versions().continue(of(messageId)))).toBe('not-found');
    expect(await code(versions().edit({ ...of(replyId), content: 'x' }))).toBe('not-found');
    expect(await code(versions().regenerate(of('nothing')))).toBe('not-found');
    expect(await code(versions().select({ userId: 'u1', sessionId, messageId: 'nothing' }))).toBe('not-found');
    expect(await code(versions().regenerate({ ...of(replyId), userId: 'u2' }))).toBe('not-found');
    expect(await code(versions().select({ userId: 'u2', sessionId, messageId: replyId }))).toBe('not-found');
    expect(await code(harness.node.reads.versions({ userId: 'u2', sessionId, messageId: replyId }))).toBe('not-found');
    expect(await code(harness.node.reads.versions({ userId: 'u1', sessionId, messageId: 'nothing' }))).toBe('not-found');
    expect(contents(await shown())).toBe('one | answer to one');
  });

  it('T15 has a limited number of siblings', async () => {
    await begin();
    const { messageId, replyId } = await turn('one');
    const { history } = harness.backends;
    const record = (await history.session(sessionId))!.record;
    const filler = Array.from({ length: MAX_VERSIONS - 2 }, (_, n): Message => {
      return { id: `v${n}`, sessionId, position: n + 3, role: 'assistant', content: '', status: 'complete', parentId: messageId, createdAt: '' };
    });
    await history.store(record, filler);
    await pastRetention();
    await again(replyId, 'last', 'last');
    expect(await code(versions().regenerate(of(replyId, 'over')))).toBe('invalid');
  });
});

describe('a repeat', () => {
  it('T3 finds its first answer while its reply streams, and after it has ended', async () => {
    await begin();
    const { messageId, replyId } = await turn('one');
    for (const operation of ['regenerate', 'continue', 'edit'] as const) {
      const target = { ...of(operation === 'edit' ? messageId : replyId, operation), content: 'edited' };
      const first = await made(versions()[operation](target));
      const head = harness.events().length;
      expect(await versions()[operation](target)).toEqual({ ...first, duplicate: true, status: 'streaming' });
      await harness.chunk('text', operation === 'continue' ? 'answer to one'.length : 0, DONE);
      expect(await versions()[operation](target)).toEqual({ ...first, duplicate: true, status: 'complete' });
      expect(harness.events().slice(head).map(({ type }) => type)).toEqual(['message.delta', 'message.completed']);
    }
  });

  it('T3 two at once make one version', async () => {
    await begin();
    const { replyId } = await turn('one');
    const [a, b] = await made(Promise.all([versions().regenerate(of(replyId)), versions().regenerate(of(replyId))]));
    expect([a.replyId, a.duplicate, b.duplicate]).toEqual([b.replyId, false, true]);
    expect(harness.generated).toHaveLength(2);
  });

  it('T3 the same clientMessageId of another operation, message or session is another request', async () => {
    await begin();
    const { messageId, replyId } = await turn('one', 'text');
    const regenerated = await again(replyId, 'same', 'a');
    const edited = await made(versions().edit({ ...of(messageId, 'same'), content: 'b' }));
    expect(edited.duplicate).toBe(false);
    expect(edited.replyId).not.toBe(regenerated.replyId);
  });

  it('T3 finds its first answer when history alone has it', async () => {
    await begin({ env: { LOG_RETENTION_MS: '1', LOG_META_MS: '1' } });
    const { messageId, replyId } = await turn('one', 'text');
    const regenerated = await again(replyId, 'a', 'again');
    const edited = await made(versions().edit({ ...of(messageId, 'b'), content: 'edited' }));
    await harness.chunk('its answer', 0, DONE);
    const continued = await made(versions().continue(of(replyId, 'c')));
    await harness.chunk(' more', 4, DONE);
    harness = await harness.restart();
    await pastRetention();
    expect(await harness.backends.log.meta(sessionId)).toBeNull();
    expect(await versions().regenerate(of(replyId, 'a'))).toEqual({ ...regenerated, duplicate: true, status: 'complete' });
    expect(await versions().edit({ ...of(messageId, 'b'), content: 'edited' })).toEqual({ ...edited, duplicate: true, status: 'complete' });
    expect(await versions().continue(of(replyId, 'c'))).toEqual({ ...continued, duplicate: true, status: 'complete' });
    expect(harness.generated).toEqual([]);
  });
});

describe('what is shown', () => {
  it('T6 is the active path, in pages, whatever lies in other versions and wherever it is kept', async () => {
    await begin({ env: { LOG_RETENTION_MS: '1' } });
    const first = await turn('q1', 'a1');
    for (let n = 2; n <= 20; n += 1) await turn(`abandoned ${n}`);
    await again(first.replyId, 'v', 'a1 again');
    for (const n of [2, 3]) await turn(`q${n}`, `a${n}`);
    for (const stored of [false, true]) {
      if (stored) await pastRetention();
      expect(contents(await shown())).toBe('q1 | a1 again | q2 | a2 | q3 | a3');
      const pages: Message[][] = [];
      let before: string | undefined;
      do {
        const page: { messages: Message[]; before?: string } = await harness.node.reads.history({ userId: 'u1', sessionId, limit: 4, ...(before && { before }) });
        pages.push(page.messages);
        before = page.before;
      } while (before);
      expect(pages.map(contents)).toEqual(['q2 | a2 | q3 | a3', 'q1 | a1 again']);
      expect(pages[1]?.[1]).toMatchObject({ siblings: 2, versions: [first.replyId, expect.any(String)] });
    }
  });

  it('T6 the page above a message is of its own path, active or not', async () => {
    await begin();
    const first = await turn('q1', 'a1');
    await turn('q2', 'a2');
    const third = await turn('q3', 'a3');
    await again(first.replyId, 'v', 'a1 again');
    const page = (before: string) => harness.node.reads.history({ userId: 'u1', sessionId, before });
    expect(contents((await page(third.messageId)).messages)).toBe('q1 | a1 | q2 | a2');
    expect(contents((await page('5')).messages)).toBe('q1 | a1 | q2 | a2');
    expect(contents((await page('1000')).messages)).toBe('q1 | a1 again');
  });

  it('T6 versions are counted together while some are in the log alone', async () => {
    let away = false;
    await begin({
      env: { LOG_RETENTION_MS: '1' },
      prepare: (ports) => {
        const { store } = ports.history;
        ports.history.store = (...args) => (away ? Promise.reject(new Error('away')) : store(...args));
      },
    });
    const { replyId } = await turn('one');
    const second = await again(replyId, 'a', 'second');
    await pastRetention();
    away = true;
    const third = await again(second.replyId, 'b', 'third');
    expect((await shown())[1]).toMatchObject({ content: 'third', siblings: 3, versions: [replyId, second.replyId, third.replyId] });
    await made(versions().select({ userId: 'u1', sessionId, messageId: replyId }));
    expect((await shown())[1]).toMatchObject({ id: replyId, siblings: 3, versions: [replyId, second.replyId, third.replyId] });
  });

  it('T8 any version can be asked for, with its text', async () => {
    await begin();
    const { messageId, replyId } = await turn('one', 'first');
    await again(replyId, 'a', 'second');
    const { replyId: third } = await made(versions().regenerate(of(replyId, 'b')));
    await harness.chunk('thi', 0);
    const asked = await harness.node.reads.versions({ userId: 'u1', sessionId, messageId: third });
    expect(asked.versions.map(({ content, status, siblings }) => [content, status, siblings])).toEqual([['first', 'complete', 3], ['second', 'complete', 3], ['thi', 'streaming', 3]]);
    expect((await harness.node.reads.versions({ userId: 'u1', sessionId, messageId })).versions).toMatchObject([{ content: 'one' }]);
  });
});

describe('select', () => {
  const select = (messageId: string) => made(versions().select({ userId: 'u1', sessionId, messageId }));

  it('T7 goes to the newest branch under the version, for everybody, and the next message follows there', async () => {
    await begin();
    const first = await turn('q1', 'a1');
    const second = await turn('q2', 'a2');
    const edited = await made(versions().edit({ ...of(second.messageId, 'e'), content: 'q2 edited' }));
    await harness.chunk('a2 edited', 0, DONE);
    await select(second.messageId);
    expect(contents(await shown())).toBe('q1 | a1 | q2 | a2');
    const newest = await turn('q3', 'a3');
    await again(first.replyId, 'r', 'a1 again');
    expect(contents(await shown())).toBe('q1 | a1 again');
    expect(await select(first.replyId)).toEqual({ tip: newest.replyId });
    expect(harness.events().at(-1)).toMatchObject({ type: 'session.switched', tip: newest.replyId });
    expect(contents(await shown())).toBe('q1 | a1 | q2 | a2 | q3 | a3');
    expect(await select(edited.messageId)).toEqual({ tip: edited.replyId });
    expect(contents(await shown())).toBe('q1 | a1 | q2 edited | a2 edited');
  });

  it('T7 is kept in history, and moves the session to no other place in the list', async () => {
    await begin({ env: { LOG_RETENTION_MS: '1', LOG_META_MS: '1' } });
    const { replyId } = await turn('one', 'first');
    await again(replyId, 'a', 'second');
    const [before] = (await harness.node.reads.list({ userId: 'u1' })).sessions;
    await harness.clock.advance(60_000);
    await select(replyId);
    expect((await harness.node.reads.list({ userId: 'u1' })).sessions).toEqual([before]);
    harness = await harness.restart();
    await pastRetention();
    expect(await harness.backends.log.meta(sessionId)).toBeNull();
    expect(contents(await shown())).toBe('one | first');
  });

  it('T7 of what is active changes nothing, also while a reply streams; of another it is refused then', async () => {
    await begin();
    const { messageId, replyId } = await turn('one', 'first');
    const { replyId: second } = await made(versions().regenerate(of(replyId, 'a')));
    const head = harness.events().length;
    expect(await select(second)).toEqual({ tip: second });
    expect(await select(messageId)).toEqual({ tip: second });
    expect(await code(select(replyId))).toBe('session-busy');
    expect(harness.events()).toHaveLength(head);
  });
});

it('T10 a session that grows while a version is being made is looked at again', async () => {
  await begin();
  const { replyId } = await turn('one', 'first');
  const { message } = harness.ports.history;
  let looks = 0;
  harness.ports.history.message = async (...args) => {
    const found = await message(...args);
    if ((looks += 1) === 1) await again(replyId, 'other tab', 'second');
    return found;
  };
  await pastRetention();
  const third = await made(versions().regenerate(of(replyId, 'this tab')));
  expect(looks).toBeGreaterThan(1);
  await harness.chunk('third', 0, DONE);
  const { versions: all } = await harness.node.reads.versions({ userId: 'u1', sessionId, messageId: replyId });
  expect(contents(all)).toBe('first | second | third');
  expect(all.every((version) => version.versions?.at(-1) === third.replyId)).toBe(true);
});
