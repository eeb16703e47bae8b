/** What a user thinks of a reply: through the owner to all tabs, history and the audit. */
import { ownerHarness, DONE, type Harness } from '../../support/owner-harness.ts';
import { OwnerCluster, type ClusterNode } from '../../support/owner-cluster.ts';
import { settle } from '../../support/virtual-clock.ts';

const user = { userId: 'u1' };
const NO = { rating: 'down', comment: 'Not what I asked.' } as const;

describe('feedback', () => {
  let cluster: OwnerCluster;
  let node: ClusterNode;
  let sessionId: string;
  let replyId: string;
  beforeEach(async () => {
    cluster = new OwnerCluster();
    node = await cluster.start('n1');
    sessionId = await cluster.newSession(node);
    ({ replyId } = await cluster.send(node, sessionId));
    await cluster.chunk('one', 0, DONE);
  });
  afterEach(() => cluster.stop());
  const give = (rating: 'up' | 'down' | null, more: object = {}, at = node) => at.owner.commands.feedback({ ...user, sessionId, messageId: replyId, rating, ...more });
  const shown = async (at = node) => (await at.owner.reads.open({ ...user, sessionId })).messages?.find(({ id }) => id === replyId)?.feedback;
  const stored = async (at = node) => (await at.backends.history.message(sessionId, replyId))?.feedback;
  const told = () => cluster.shown(sessionId).filter(({ type }) => type === 'message.rated');

  it('H66 all tabs hear it, the last one counts, and the same again changes nothing', async () => {
    const before = (await node.owner.reads.open({ ...user, sessionId })).session;
    await cluster.clock.advance(1_000);
    expect(await give('up')).toEqual({ feedback: { rating: 'up' } });
    expect(await give('up', { comment: ' \n' })).toEqual({ feedback: { rating: 'up' } });
    expect(await give('down', { comment: ` ${NO.comment} ` })).toEqual({ feedback: NO });
    expect(await give('down', { comment: NO.comment })).toEqual({ feedback: NO });
    expect(await shown()).toEqual(NO);
    expect(await give(null, { comment: 'not kept' })).toEqual({ feedback: null });
    expect(await give(null)).toEqual({ feedback: null });
    expect(await shown()).toBeUndefined();
    expect(told()).toMatchObject([{ messageId: replyId, feedback: { rating: 'up' } }, { feedback: NO }, { feedback: null }]);
    expect((await node.owner.reads.open({ ...user, sessionId })).session).toEqual(before);
  });

  it('H66 one that comes at the same moment as another waits for it, and the later one counts', async () => {
    await Promise.all([give('up'), give('down')]);
    const last = told().at(-1);
    expect(told().map((event) => event.seq)).toEqual([...told().keys()].map((n) => (told()[0]?.seq ?? 0) + n));
    expect(await shown()).toEqual(last?.type === 'message.rated' ? last.feedback : 'none');
  });

  it('H66 only replies of this user that have ended can be rated', async () => {
    const { messageId, replyId: open } = await cluster.send(node, sessionId, 'two');
    await expect(give('up', { messageId })).rejects.toMatchObject({ type: 'not-found' });
    await expect(give('up', { messageId: 'nothing' })).rejects.toMatchObject({ type: 'not-found' });
    await expect(give('up', { messageId: open })).rejects.toMatchObject({ type: 'session-busy' });
    await expect(give('up', { userId: 'u2' })).rejects.toMatchObject({ type: 'not-found' });
    expect(told()).toEqual([]);
    expect(await give('up')).toEqual({ feedback: { rating: 'up' } });
    await cluster.chunk('two', 0, DONE);
    expect(await stored()).toEqual({ rating: 'up' });
  });

  it('H68 it is stored with its reply, and shown from the log while history does not have it', async () => {
    node.faults.beforeWrite = ({ op }) => {
      if (op === 'history.store') throw new Error('away');
    };
    await give('down', { comment: NO.comment });
    await settle();
    expect(await stored()).toBeUndefined();
    expect(await shown()).toEqual(NO);
    expect((await node.owner.reads.history({ ...user, sessionId })).messages[1]).toMatchObject({ feedback: NO });
    expect((await node.owner.reads.versions({ ...user, sessionId, messageId: replyId })).versions).toMatchObject([{ feedback: NO }]);
    node.faults.heal();
    await cluster.clock.advance(5_000);
    expect(await stored()).toEqual(NO);
  });

  it('H68 it outlives its log, its owner, and a loss of the store', async () => {
    node.faults.beforeWrite = ({ op }) => {
      if (op === 'history.store') throw new Error('away');
    };
    await give('up');
    await settle();
    cluster.world.loseData();
    await cluster.clock.advance(1_000);
    expect(await shown()).toEqual({ rating: 'up' });
    await cluster.kill(node);
    const second = await cluster.start('n2');
    expect(await shown(second)).toEqual({ rating: 'up' });
    await cluster.clock.advance(2_000);
    expect(await stored(second)).toEqual({ rating: 'up' });
    expect(await give('down', {}, second)).toEqual({ feedback: { rating: 'down' } });
    await settle();
    for (const { id } of cluster.nodes) cluster.world.loseNode(id);
    cluster.world.loseData();
    const third = await cluster.start('n3');
    expect(await shown(third)).toEqual({ rating: 'down' });
    await give(null, {}, third);
    await settle();
    expect(await stored(third)).toBeUndefined();
  });
});

describe('the audit', () => {
  let harness: Harness;
  afterEach(() => harness.close());

  it('H67 feedback is audited, with the record it left behind', async () => {
    harness = await ownerHarness();
    const { sessionId, replyId } = await harness.node.commands.send({ ...user, clientMessageId: 'c1', content: 'Hello' });
    await harness.settle();
    await harness.chunk('one', 0, DONE);
    await harness.node.commands.feedback({ ...user, sessionId, messageId: replyId, ...NO });
    await harness.settle();
    const entries = (await harness.backends.outbox.peek(99)).map(({ entry }) => entry);
    const stored = await harness.backends.history.session(sessionId);
    expect(entries.at(-1)).toMatchObject({ type: 'message.rated', userId: 'u1', data: { messageId: replyId, feedback: NO, rev: stored?.record.rev, record: stored?.record } });
    expect(await harness.backends.history.message(sessionId, replyId)).toMatchObject({ content: 'one', feedback: NO });
  });
});
