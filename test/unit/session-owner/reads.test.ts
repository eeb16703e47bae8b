import { DONE, newSession, ownerHarness, sendTo, type Harness } from '../../support/owner-harness.ts';

let harness: Harness;
afterEach(() => harness.close());
const user = { userId: 'u1' };

/** A session with `turns` finished turns and the cursor at its head. */
async function chat(turns: number) {
  const sessionId = await newSession(harness);
  for (let turn = 1; turn <= turns; turn += 1) {
    await sendTo(harness, sessionId, `question ${turn}`);
    await harness.chunk('answer ', 0);
    await harness.chunk(`${turn}`, 7, DONE);
  }
  return { sessionId, ...(await harness.node.reads.open({ ...user, sessionId })) };
}

describe('open', () => {
  it('R1 a cursor at the head gets no events and no snapshot', async () => {
    harness = await ownerHarness();
    const { sessionId, cursor } = await chat(1);
    expect(await harness.node.reads.open({ ...user, sessionId, cursor })).toMatchObject({ cursor, resync: false, events: [] });
  });

  it('R2 any known cursor gets exactly the events after it', async () => {
    harness = await ownerHarness();
    const { sessionId, cursor } = await chat(2);
    for (let seq = 0; seq <= cursor.seq; seq += 1) {
      const reply = await harness.node.reads.open({ ...user, sessionId, cursor: { ...cursor, seq } });
      expect(reply).toMatchObject({ cursor, resync: false });
      expect(reply.messages).toBeUndefined();
      expect(reply.events?.map((event) => event.seq)).toEqual(Array.from({ length: cursor.seq - seq }, (_, i) => seq + i + 1));
    }
  });

  it.each([
    ['another log', (seq: number) => ({ logId: 'none', seq })],
    ['the future', (seq: number) => ({ logId: null, seq: seq + 1 })],
    ['the far future', () => ({ logId: null, seq: Number.MAX_SAFE_INTEGER })],
  ])('R3 a cursor of %s gets a snapshot and resync', async (_name, broken) => {
    harness = await ownerHarness();
    const { sessionId, cursor } = await chat(1);
    const { logId, seq } = broken(cursor.seq);
    const reply = await harness.node.reads.open({ ...user, sessionId, cursor: { logId: logId ?? cursor.logId, seq } });
    expect(reply).toMatchObject({ cursor, resync: true });
    expect(reply.messages?.map(({ content }) => content)).toEqual(['question 1', 'answer 1']);
  });

  it('R3 a cursor whose next event has expired gets a snapshot', async () => {
    harness = await ownerHarness({ env: { LOG_RETENTION_MS: '1' } });
    const { sessionId, cursor } = await chat(1);
    await harness.backends.log.expire(Date.now() + 60_000);
    expect(await harness.node.reads.open({ ...user, sessionId, cursor })).toMatchObject({ resync: false, events: [] });
    expect(await harness.node.reads.open({ ...user, sessionId, cursor: { ...cursor, seq: 2 } })).toMatchObject({ resync: true, cursor });
  });

  it('R39 a log that expires between two looks is refused as retryable, and the session opens when asked again', async () => {
    harness = await ownerHarness();
    const { sessionId } = await chat(1);
    const { log } = harness.backends;
    const read = log.read.bind(log);
    jest.spyOn(log, 'read').mockImplementationOnce(async () => null).mockImplementation(read);
    await expect(harness.node.reads.open({ ...user, sessionId })).rejects.toMatchObject({ type: 'unavailable', retryable: true });
    expect((await harness.node.reads.open({ ...user, sessionId })).messages).toHaveLength(2);
  });

  it('R4 a restart of the process declares a new log, and the text is whole', async () => {
    harness = await ownerHarness();
    const { sessionId, cursor } = await chat(1);
    harness = await harness.restart();
    const reply = await harness.node.reads.open({ ...user, sessionId, cursor });
    expect(reply.resync).toBe(true);
    expect(reply.cursor.logId).not.toBe(cursor.logId);
    expect(reply.messages?.map(({ content }) => content)).toEqual(['question 1', 'answer 1']);
  });

  it('R38 while history is away a snapshot comes from the log, when the log has all of it', async () => {
    harness = await ownerHarness();
    const { sessionId, messages } = await chat(2);
    harness.backends.history.page = () => Promise.reject(new Error('away'));
    const whole = await harness.node.reads.open({ ...user, sessionId });
    expect(whole.messages?.map(({ content }) => content)).toEqual(messages?.map(({ content }) => content));
    expect(whole.hasMore).toBe(false);
    const newest = await harness.node.reads.open({ ...user, sessionId, limit: 3 });
    expect(newest.messages?.map(({ content }) => content)).toEqual(['answer 1', 'question 2', 'answer 2']);
    expect(newest.hasMore).toBe(true);
  });

  it('R38 while history is away and the log is not whole any more, it is refused', async () => {
    harness = await ownerHarness({ env: { LOG_RETENTION_MS: '1' } });
    const { sessionId } = await chat(2);
    await harness.backends.log.expire(Date.now() + 60_000);
    harness.backends.history.page = () => Promise.reject(new Error('away'));
    await expect(harness.node.reads.open({ ...user, sessionId })).rejects.toThrow('away');
  });

  it('R5 a snapshot in the middle of a reply has its text so far, and the events after it complete it', async () => {
    harness = await ownerHarness();
    const { sessionId } = await chat(1);
    await sendTo(harness, sessionId, 'question 2');
    await harness.chunk('half', 0);
    const { messages, cursor, session } = await harness.node.reads.open({ ...user, sessionId });
    expect(messages?.at(-1)).toMatchObject({ content: 'half', status: 'streaming' });
    expect(session.streaming).toBe(true);
    await harness.chunk(' done', 4, DONE);
    const { events } = await harness.node.reads.open({ ...user, sessionId, cursor });
    expect(events?.map(({ type }) => type)).toEqual(['message.delta', 'message.completed']);
  });

  it('O51 an accumulated client always gets whole texts: a frame it missed leaves no hole behind its cursor', async () => {
    harness = await ownerHarness();
    const { sessionId, cursor } = await chat(1);
    const reply = await harness.node.reads.open({ ...user, sessionId, cursor, mode: 'accumulated' });
    expect(reply).toMatchObject({ cursor, resync: true, messages: [{ content: 'question 1' }, { content: 'answer 1' }] });
    expect(reply.events).toBeUndefined();
  });

  it('R6 a snapshot is whole while history has nothing yet', async () => {
    harness = await ownerHarness({ prepare: (ports) => void (ports.history.store = () => Promise.reject(new Error('down'))) });
    const { messages } = await chat(2);
    expect(messages?.map(({ content }) => content)).toEqual(['question 1', 'answer 1', 'question 2', 'answer 2']);
  });

  it('R6 a turn that is stored while the snapshot is read is left to the events after its cursor', async () => {
    harness = await ownerHarness({ env: { LOG_RETENTION_MS: '1' } });
    const { sessionId } = await chat(1);
    await harness.backends.log.expire(Date.now() + 60_000);
    const { page } = harness.ports.history;
    harness.ports.history.page = async (...args) => {
      harness.ports.history.page = page;
      await sendTo(harness, sessionId, 'question 2');
      await harness.chunk('answer 2', 0, DONE);
      return page(...args);
    };
    const { messages, cursor } = await harness.node.reads.open({ ...user, sessionId });
    expect(messages?.map(({ content }) => content)).toEqual(['question 1', 'answer 1']);
    const { events } = await harness.node.reads.open({ ...user, sessionId, cursor });
    expect(events?.map(({ type }) => type)).toEqual(['message.created', 'message.created', 'message.delta', 'message.completed']);
  });

  it('S83 a page that the log has whole is answered without history: a new session, a lively one, and the first of its pages', async () => {
    harness = await ownerHarness();
    const { page } = harness.ports.history;
    let asked = 0;
    harness.ports.history.page = (...args) => ((asked += 1), page(...args));
    const { sessionId } = await chat(3);
    expect((await harness.node.reads.open({ ...user, sessionId, limit: 2 }))).toMatchObject({ hasMore: true, messages: [{ content: 'question 3' }, { content: 'answer 3' }] });
    expect((await harness.node.reads.history({ ...user, sessionId, before: '3' }))).toMatchObject({ hasMore: false, messages: [{ content: 'question 1' }, { content: 'answer 1' }] });
    // The prompts of the second and third turn.
    expect(asked).toBe(2);
    await harness.backends.log.expire(Date.now() + 86_400_000);
    expect((await harness.node.reads.open({ ...user, sessionId, limit: 2 })).messages).toHaveLength(2);
    expect(asked).toBe(3);
  });

  it('never claims a session', async () => {
    harness = await ownerHarness();
    const sessionId = await newSession(harness);
    await harness.node.reads.open({ ...user, sessionId });
    expect(harness.node.directory.view()).toEqual([]);
    expect(await harness.backends.leases.owner(sessionId)).toBeNull();
  });

  it('G27 is not-found for everybody else, on every path', async () => {
    harness = await ownerHarness();
    const { sessionId, messages } = await chat(1);
    const other = { userId: 'u2', sessionId };
    const messageId = messages![1]!.id;
    const paths = [
      () => harness.node.reads.open(other),
      () => harness.node.reads.history(other),
      () => harness.node.commands.send({ ...other, clientMessageId: 'x', content: 'x' }),
      () => harness.node.commands.cancel({ ...other, messageId }),
      () => harness.node.commands.rename({ ...other, title: 'x' }),
      () => harness.node.commands.pin({ ...other, pinned: true }),
      () => harness.node.shares.share(other),
      () => harness.node.shares.unshare(other),
      () => harness.node.commands.delete(other),
    ];
    for (const path of paths) await expect(path()).rejects.toMatchObject({ type: 'not-found' });
    expect((await harness.node.reads.list({ userId: 'u2' })).sessions).toEqual([]);
  });
});

describe('history', () => {
  it('R7 pages upwards without a gap or a repeat, by token, by message id and by position', async () => {
    harness = await ownerHarness();
    const { sessionId } = await chat(5);
    const positions: number[] = [];
    let before: string | undefined;
    do {
      const page = await harness.node.reads.history({ ...user, sessionId, limit: 3, before });
      positions.unshift(...page.messages.map(({ position }) => position));
      expect(page.hasMore).toBe(page.before !== undefined);
      before = page.before;
    } while (before && positions.length < 20);
    expect(positions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const fifth = (await harness.node.reads.history({ ...user, sessionId, before: '6', limit: 1 })).messages[0]!;
    expect(fifth.position).toBe(5);
    expect((await harness.node.reads.history({ ...user, sessionId, before: fifth.id, limit: 2 })).messages.map(({ position }) => position)).toEqual([3, 4]);
    await expect(harness.node.reads.history({ ...user, sessionId, before: 'nonsense' })).rejects.toMatchObject({ type: 'invalid' });
  });

  it('is the same text that was streamed', async () => {
    harness = await ownerHarness();
    const { sessionId } = await chat(1);
    const streamed = harness.events().reduce((text, event) => (event.type === 'message.delta' ? text + event.text : text), '');
    expect((await harness.node.reads.history({ ...user, sessionId })).messages[1]?.content).toBe(streamed);
  });
});

describe('list', () => {
  it('has a session from its first message, and says which one streams', async () => {
    harness = await ownerHarness();
    await newSession(harness);
    const { sessionId } = await chat(1);
    await sendTo(harness, sessionId, 'more');
    const { sessions } = await harness.node.reads.list(user);
    expect(sessions).toMatchObject([{ id: sessionId, title: 'question 1', messageCount: 4, streaming: true }]);
  });
});

describe('search', () => {
  it('H44 finds finished messages of this user alone, with the session as the list shows it', async () => {
    harness = await ownerHarness();
    const { sessionId } = await chat(1);
    await sendTo(harness, sessionId, 'Trà xanh ở Đà Lạt');
    const search = (userId: string) => harness.node.reads.search({ userId, query: 'tra xanh' });
    expect(await search('u1')).toMatchObject({
      found: [{ session: { id: sessionId, title: 'question 1', streaming: true }, titleRanges: [], hits: [{ position: 3, role: 'user', excerpt: { text: 'Trà xanh ở Đà Lạt', ranges: [[0, 3], [4, 8]] } }], moreHits: false }],
      hasMore: false,
    });
    expect(await search('u2')).toEqual({ found: [], hasMore: false });
  });
});
