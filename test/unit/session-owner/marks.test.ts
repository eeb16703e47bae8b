/** What marks a session for its user: pinned. */
import { DONE, newSession, ownerHarness, sendTo, type Harness } from '../../support/owner-harness.ts';

const user = { userId: 'u1' };
let harness: Harness;
beforeEach(async () => {
  harness = await ownerHarness();
});
afterEach(() => harness.close());

async function chat(question = 'question'): Promise<string> {
  const sessionId = await newSession(harness);
  await sendTo(harness, sessionId, question);
  await harness.chunk('answer', 0, DONE);
  return sessionId;
}
const trail = async () => (await harness.backends.outbox.peek(1_000)).map(({ entry }) => entry);

/** History alone has it. */
async function forgetLog(sessionId: string): Promise<void> {
  await harness.settle();
  await harness.clock.advance(120_000);
  await harness.backends.log.expire(Date.now() + 90 * 86_400_000);
  expect(await harness.backends.log.meta(sessionId)).toBeNull();
}

describe('pin', () => {
  it('H46 is an event that all tabs get, is kept in history and audited, and changes no place by time', async () => {
    const sessionId = await chat();
    await harness.clock.advance(60_000);
    const before = (await harness.backends.history.session(sessionId))!.record;
    const { session } = await harness.node.commands.pin({ ...user, sessionId, pinned: true });
    await harness.settle();
    expect(session).toMatchObject({ id: sessionId, pinned: true, updatedAt: before.updatedAt });
    expect(harness.events().at(-1)).toMatchObject({ type: 'session.pinned', pinned: true });
    expect(harness.changes.at(-1)).toMatchObject({ sessionId, change: 'updated', session: { pinned: true } });
    expect((await harness.backends.history.session(sessionId))?.record).toEqual({ ...before, rev: before.rev + 1, pinned: true });
    expect((await harness.node.reads.list(user)).sessions).toMatchObject([{ id: sessionId, pinned: true }]);
    expect((await harness.node.reads.open({ ...user, sessionId })).session.pinned).toBe(true);
    expect((await trail()).at(-1)).toMatchObject({ type: 'session.pinned', sessionId, userId: 'u1', data: { pinned: true, record: { pinned: true } } });
  });

  it('H46 is safe to repeat, and undone by unpinning', async () => {
    const sessionId = await chat();
    await harness.node.commands.pin({ ...user, sessionId, pinned: true });
    const { length } = harness.events();
    expect((await harness.node.commands.pin({ ...user, sessionId, pinned: true })).session.pinned).toBe(true);
    expect(harness.events()).toHaveLength(length);
    expect((await harness.node.commands.pin({ ...user, sessionId, pinned: false })).session.pinned).toBeUndefined();
    await harness.settle();
    expect((await harness.node.reads.list(user)).sessions[0]).not.toHaveProperty('pinned');
  });

  it('H46 is allowed while a reply streams, and outlives the owner', async () => {
    const sessionId = await chat();
    await sendTo(harness, sessionId, 'more');
    await harness.node.commands.pin({ ...user, sessionId, pinned: true });
    harness = await harness.restart();
    expect((await harness.node.reads.open({ ...user, sessionId })).session.pinned).toBe(true);
    await harness.clock.advance(1_000);
    await harness.chunk('answer', 0, DONE);
    expect((await harness.node.reads.list(user)).sessions).toMatchObject([{ id: sessionId, pinned: true }]);
  });

  it('H46 comes back from history when the log is gone', async () => {
    const sessionId = await chat();
    await harness.node.commands.pin({ ...user, sessionId, pinned: true });
    await forgetLog(sessionId);
    expect((await harness.node.reads.open({ ...user, sessionId })).session.pinned).toBe(true);
    expect((await harness.node.commands.rename({ ...user, sessionId, title: 'x' })).session).toMatchObject({ title: 'x', pinned: true });
  });

  it('H46 pinned sessions come first, and nobody pins somebody else\'s', async () => {
    const [first, second] = [await chat('one'), await chat('two')];
    await harness.node.commands.pin({ ...user, sessionId: first, pinned: true });
    await harness.settle();
    expect((await harness.node.reads.list(user)).sessions.map(({ id }) => id)).toEqual([first, second]);
    await expect(harness.node.commands.pin({ userId: 'u2', sessionId: second, pinned: true })).rejects.toMatchObject({ type: 'not-found' });
    await expect(harness.node.commands.pin({ userId: 'u1', sessionId: 'none', pinned: true })).rejects.toMatchObject({ type: 'not-found' });
  });
});
