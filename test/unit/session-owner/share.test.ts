/** Sharing a session read-only, and taking it back. */
import { DONE, newSession, ownerHarness, sendTo, type Harness } from '../../support/owner-harness.ts';

const user = { userId: 'u1' };
let harness: Harness;
let sessionId: string;
beforeEach(async () => {
  harness = await ownerHarness();
  sessionId = await newSession(harness);
  await say('one');
});
afterEach(() => harness.close());

async function say(question: string): Promise<void> {
  await sendTo(harness, sessionId, question);
  await harness.chunk(`answer ${question}`, 0, DONE);
}
const share = () => harness.node.shares.share({ ...user, sessionId });
const unshare = () => harness.node.shares.unshare({ ...user, sessionId });
const read = (shareId: string, more: { after?: number; limit?: number } = {}) => harness.node.shares.shared({ shareId, ...more });
const texts = async (shareId: string) => (await read(shareId)).messages.map(({ content }) => content);
const gone = (shareId: string) => expect(read(shareId)).rejects.toMatchObject({ type: 'not-found' });
const trail = async () => (await harness.backends.outbox.peek(1_000)).map(({ entry }) => entry);

describe('a share', () => {
  it('H47 has an id nobody can guess, and shows roles, texts, ends and times, and nothing else', async () => {
    const { shareId, path, createdAt, session } = await share();
    expect(shareId).toMatch(/^[A-Za-z0-9]{24}$/);
    expect([path, session.share]).toEqual([`/#/share/${shareId}`, { id: shareId, createdAt }]);
    const page = await read(shareId);
    expect(page).toEqual({
      title: 'one',
      createdAt,
      messages: [
        { role: 'user', content: 'one', status: 'complete', createdAt: expect.any(String) },
        { role: 'assistant', content: 'answer one', status: 'complete', createdAt: expect.any(String) },
      ],
      total: 2,
      hasMore: false,
    });
    const { messages } = await harness.node.reads.history({ ...user, sessionId });
    for (const secret of ['u1', sessionId, shareId, ...messages.map(({ id }) => id)]) expect(JSON.stringify(page)).not.toContain(`"${secret}"`);
    const other = await newSession(harness);
    await sendTo(harness, other, 'two');
    expect((await harness.node.shares.share({ ...user, sessionId: other })).shareId).not.toBe(shareId);
  });

  it('H69 names the files of a message, and has nothing by which one could be fetched', async () => {
    const bytes = Buffer.from('# One');
    const file = { id: 'file0001', ...user, sessionId, name: 'notes.md', type: 'text/markdown', bytes: bytes.byteLength, keptAt: harness.clock.now() };
    await harness.backends.files.keep(file, bytes, 1e9);
    await harness.node.commands.send({ ...user, sessionId, clientMessageId: 'with-file', content: '', files: [file.id] });
    await harness.settle();
    await harness.chunk('Nice.', 0, DONE);
    const page = await read((await share()).shareId);
    expect(page.messages.slice(2)).toEqual([
      { role: 'user', content: '', status: 'complete', createdAt: expect.any(String), files: [{ name: 'notes.md', type: 'text/markdown', bytes: 5 }] },
      { role: 'assistant', content: 'Nice.', status: 'complete', createdAt: expect.any(String) },
    ]);
    expect(JSON.stringify(page)).not.toContain(file.id);
  });

  it('H48 shows the session as it was: what comes later is not shown until it is shared again, under the same id', async () => {
    const { shareId } = await share();
    await harness.clock.advance(1_000);
    await say('two');
    await harness.node.commands.rename({ ...user, sessionId, title: 'A new title' });
    await harness.settle();
    expect([await texts(shareId), (await read(shareId)).title]).toEqual([['one', 'answer one'], 'one']);
    const again = await share();
    expect(again.shareId).toBe(shareId);
    expect([await texts(shareId), (await read(shareId)).title]).toEqual([['one', 'answer one', 'two', 'answer two'], 'A new title']);
    const { length } = harness.events();
    expect(await share()).toEqual(again);
    expect(harness.events()).toHaveLength(length);
  });

  it('H48 ends with the newest finished message while a reply streams, and never shows that reply', async () => {
    await sendTo(harness, sessionId, 'two');
    await harness.chunk('half an ans', 0);
    const { shareId } = await share();
    expect(await texts(shareId)).toEqual(['one', 'answer one', 'two']);
    await harness.chunk('wer', 11, DONE);
    expect(await texts(shareId)).toEqual(['one', 'answer one', 'two']);
  });

  it('H48 is one path: other versions are not shown, and switching changes nothing', async () => {
    const first = (await harness.node.reads.history({ ...user, sessionId })).messages[1]!;
    await harness.node.versions.regenerate({ ...user, sessionId, messageId: first.id, clientMessageId: 'again' });
    await harness.settle();
    await harness.chunk('another answer', 0, DONE);
    await say('two');
    const { shareId } = await share();
    const shown = ['one', 'another answer', 'two', 'answer two'];
    expect(await texts(shareId)).toEqual(shown);
    await harness.node.versions.select({ ...user, sessionId, messageId: first.id });
    await say('three');
    expect(await texts(shareId)).toEqual(shown);
  });

  it('H48 comes in pages, oldest first', async () => {
    for (const question of ['two', 'three']) await say(question);
    const { shareId } = await share();
    const pages = [await read(shareId, { limit: 4 }), await read(shareId, { limit: 4, after: 4 }), await read(shareId, { after: 6 })];
    expect(pages.map(({ messages, hasMore, total }) => [messages.map(({ content }) => content), hasMore, total])).toEqual([
      [['one', 'answer one', 'two', 'answer two'], true, 6],
      [['three', 'answer three'], false, 6],
      [[], false, 6],
    ]);
  });

  it('H49 shows nothing from the moment it is revoked, though history does not know of it yet', async () => {
    const { shareId } = await share();
    harness.ports.history.store = () => Promise.reject(new Error('down'));
    expect((await unshare()).session).not.toHaveProperty('share');
    await gone(shareId);
    expect((await harness.backends.history.shared(shareId))?.id).toBe(sessionId);
    await unshare();
    harness.ports.history.store = (...args) => harness.backends.history.store(...args);
    await harness.clock.advance(2_000);
    expect(await harness.backends.history.shared(shareId)).toBeNull();
    await gone(shareId);
    const { shareId: next } = await share();
    expect(next).not.toBe(shareId);
    await gone(shareId);
    expect(await texts(next)).toHaveLength(2);
  });

  it('H49 is revoked by deleting the session, at once', async () => {
    const { shareId } = await share();
    harness.ports.history.remove = () => Promise.reject(new Error('down'));
    await harness.node.commands.delete({ ...user, sessionId });
    await gone(shareId);
    expect(harness.events().slice(-2).map(({ type }) => type)).toEqual(['session.unshared', 'session.deleted']);
    harness.ports.history.remove = (...args) => harness.backends.history.remove(...args);
    await harness.clock.advance(2_000);
    expect(await harness.backends.history.shared(shareId)).toBeNull();
    await gone(shareId);
    await gone('never');
  });

  it('H50 is there when it is answered: history has what it shows; else it is refused, retryable, and safe to repeat', async () => {
    const { store } = harness.ports.history;
    await say('two');
    harness.ports.history.store = () => Promise.reject(new Error('down'));
    await sendTo(harness, sessionId, 'three');
    await expect(share()).rejects.toThrow('down');
    harness.ports.history.store = store;
    expect(await texts((await share()).shareId)).toEqual(['one', 'answer one', 'two', 'answer two', 'three']);
    expect(harness.events().filter(({ type }) => type === 'session.shared')).toHaveLength(1);
  });

  it('H50 outlives the owner and the log', async () => {
    const { shareId } = await share();
    harness = await harness.restart();
    expect(await texts(shareId)).toHaveLength(2);
    await harness.settle();
    await harness.backends.log.expire(Date.now() + 90 * 86_400_000);
    expect(await harness.backends.log.meta(sessionId)).toBeNull();
    expect(await texts(shareId)).toHaveLength(2);
    expect((await harness.node.reads.open({ ...user, sessionId })).session.share?.id).toBe(shareId);
    expect(harness.node.directory.view()).toEqual([]);
    await unshare();
    await gone(shareId);
  });

  it('H51 is told to all tabs, and audited when it is made and when it is revoked', async () => {
    const { shareId } = await share();
    await harness.settle();
    expect(harness.changes.at(-1)).toMatchObject({ change: 'updated', session: { share: { id: shareId } } });
    expect((await harness.node.reads.list(user)).sessions[0]?.share?.id).toBe(shareId);
    await unshare();
    await harness.settle();
    expect(harness.changes.at(-1)?.session).not.toHaveProperty('share');
    const about = (await trail()).filter(({ type }) => type.endsWith('shared'));
    expect(about.map(({ type, userId, sessionId: id }) => [type, userId, id])).toEqual([['session.shared', 'u1', sessionId], ['session.unshared', 'u1', sessionId]]);
    expect(about[0]?.data).toMatchObject({ share: { id: shareId }, record: { share: { id: shareId } } });
    expect(about[1]?.data['record']).not.toHaveProperty('share');
  });

  it('H52 of somebody else\'s session is refused as if there were none, and so is one of an empty session', async () => {
    for (const who of [{ userId: 'u2', sessionId }, { userId: 'u1', sessionId: 'none' }]) {
      await expect(harness.node.shares.share(who)).rejects.toMatchObject({ type: 'not-found' });
      await expect(harness.node.shares.unshare(who)).rejects.toMatchObject({ type: 'not-found' });
    }
    expect((await harness.backends.history.session(sessionId))?.record).not.toHaveProperty('share');
    const empty = await newSession(harness);
    await expect(harness.node.shares.share({ ...user, sessionId: empty })).rejects.toMatchObject({ type: 'invalid' });
  });
});
