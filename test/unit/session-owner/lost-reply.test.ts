/** The log of an open reply is gone, and nobody remembers it: it ends in a failure that everybody hears of. */
import { DONE } from '../../support/owner-harness.ts';
import { OwnerCluster, type ClusterNode } from '../../support/owner-cluster.ts';
import { settle } from '../../support/virtual-clock.ts';

const user = { userId: 'u1' };
let cluster: OwnerCluster;
let first: ClusterNode;
let sessionId: string;

beforeEach(async () => {
  cluster = new OwnerCluster({ AUDIT: 'on', KAFKA_BROKERS: 'none:9092' });
  first = await cluster.start('n1');
  sessionId = await cluster.newSession(first);
});
afterEach(() => cluster.stop());

/** The owner had to forget its sessions, and then the store lost everything. */
function loseBoth(): void {
  cluster.world.loseNode('n1');
  cluster.world.loseData();
}
const open = (node: ClusterNode) => node.owner.reads.open({ ...user, sessionId });
const ends = (messageId: string) => {
  const events = cluster.frames.flatMap((frame) => frame.events);
  return events.filter((event) => /completed|failed|cancelled|interrupted/.test(event.type) && 'messageId' in event && event.messageId === messageId);
};
const lost = { status: 'failed', content: '', error: { code: 'unavailable', retryable: true } };

describe('a reply whose only log is lost', () => {
  it('S80 fails once, retryable, under its own id and place; tabs hear of it and history keeps it', async () => {
    await cluster.send(first, sessionId, 'one');
    await cluster.chunk('answer', 0, DONE);
    const { messageId, replyId } = await cluster.send(first, sessionId, 'two');
    await cluster.chunk('never seen ag', 0);
    loseBoth();
    const second = await cluster.start('n2');
    await open(second);
    await settle();
    const { messages } = await open(second);
    expect(messages).toMatchObject([{ content: 'one' }, { content: 'answer' }, { id: messageId, position: 3 }, { id: replyId, position: 4, parentId: messageId, ...lost }]);
    expect(cluster.shown(sessionId)).toMatchObject([{ seq: 1, type: 'message.created' }, { seq: 2, type: 'message.failed', messageId: replyId }]);
    expect(await second.backends.history.message(sessionId, replyId)).toMatchObject(lost);
    expect(second.owner.directory.view()).toMatchObject([{ state: 'idle', seq: 2, storedThrough: 2 }]);
    const audited = (await second.backends.outbox.peek(100)).map(({ entry }) => entry);
    expect(audited.filter(({ type }) => type === 'message.failed')).toMatchObject([{ seq: 2, data: { messageId: replyId } }]);
  });

  it('S80 whoever looks, however often and where: one end', async () => {
    const { replyId } = await cluster.send(first, sessionId);
    loseBoth();
    const nodes = [await cluster.start('n2'), await cluster.start('n3')];
    await Promise.all([...nodes, ...nodes].map(open));
    await settle();
    for (const node of nodes) await open(node);
    expect(ends(replyId)).toHaveLength(1);
    // Lost once more, when history knows the end.
    for (const { id } of cluster.nodes) cluster.world.loseNode(id);
    cluster.world.loseData();
    expect((await open(await cluster.start('n4'))).messages).toMatchObject([{ content: 'Hello' }, { id: replyId, ...lost }]);
    await settle();
    expect(ends(replyId)).toHaveLength(1);
  });

  it('S80 a command comes after it: a repeat and a cancel find the end, a new message goes on from it', async () => {
    const { replyId } = await cluster.send(first, sessionId, 'one');
    loseBoth();
    const node = await cluster.start('n2');
    expect(await cluster.send(node, sessionId, 'one')).toMatchObject({ replyId, duplicate: true, status: 'failed' });
    expect(await node.owner.commands.cancel({ ...user, sessionId, messageId: replyId })).toEqual({ status: 'failed' });
    await cluster.send(node, sessionId, 'again');
    await cluster.chunk('here', 0, DONE);
    const { messages } = await open(node);
    expect(messages).toMatchObject([{ content: 'one' }, { id: replyId, ...lost }, { content: 'again', position: 3, parentId: replyId }, { content: 'here' }]);
    expect(cluster.runs.at(-1)!.messages.map(({ content }) => content)).toEqual(['one', 'again']);
  });

  it('S80 also when its question was not stored with the session record', async () => {
    await cluster.send(first, sessionId, 'one');
    await cluster.chunk('answer', 0, DONE);
    const { history } = first.backends;
    const { record } = (await history.session(sessionId))!;
    const halfStored = { ...record, id: 'half-stored', tip: 'the-reply', tipParent: 'the-question', nextPosition: 5, messageCount: 4 };
    await history.store(halfStored, (await history.page(sessionId, 3, 2)).messages);
    sessionId = halfStored.id;
    await open(first);
    await settle();
    expect((await open(first)).messages).toMatchObject([{ content: 'one' }, { content: 'answer' }, { id: 'the-reply', position: 4, parentId: record.tip, ...lost }]);
  });
});

describe('a version whose only log is lost', () => {
  const version = (node: ClusterNode, messageId: string) => node.owner.versions.regenerate({ ...user, sessionId, messageId, clientMessageId: 'again' });

  it('T12 fails once under its own id and its own parent, and a repeat finds that', async () => {
    const { messageId, replyId } = await cluster.send(first, sessionId, 'one');
    await cluster.chunk('answer', 0, DONE);
    await cluster.send(first, sessionId, 'two');
    await cluster.chunk('other', 0, DONE);
    const made = await version(first, replyId);
    await settle();
    await cluster.chunk('never seen ag', 0);
    loseBoth();
    const second = await cluster.start('n2');
    await open(second);
    await settle();
    const { messages } = await open(second);
    expect(messages).toMatchObject([{ id: messageId }, { id: made.replyId, position: 5, parentId: messageId, siblings: 2, versions: [replyId, made.replyId], ...lost }]);
    expect(await version(second, replyId)).toEqual({ ...made, duplicate: true, status: 'failed' });
    expect(ends(made.replyId)).toHaveLength(1);
  });

  it('T12 a repeat that comes first finds it too', async () => {
    const { messageId, replyId } = await cluster.send(first, sessionId, 'one');
    await cluster.chunk('answer', 0, DONE);
    const made = await version(first, replyId);
    await settle();
    loseBoth();
    const second = await cluster.start('n2');
    expect(await version(second, replyId)).toMatchObject({ messageId, replyId: made.replyId, duplicate: true });
    await settle();
    expect((await open(second)).messages).toMatchObject([{ content: 'one' }, { id: made.replyId, ...lost }]);
    expect(ends(made.replyId)).toHaveLength(1);
  });
});

describe('a reply that is not lost', () => {
  it('S81 is left alone while its owner still has it: written anew, it goes on', async () => {
    const { replyId } = await cluster.send(first, sessionId);
    await cluster.chunk('one ', 0);
    const other = await cluster.start('n2');
    cluster.world.loseData();
    await settle();
    await open(other);
    await cluster.chunk('one two', 0, DONE);
    expect(ends(replyId)).toMatchObject([{ type: 'message.completed' }]);
  });

  it('S81 is left alone when its owner writes it anew after somebody made a log from history', async () => {
    const { replyId } = await cluster.send(first, sessionId);
    await cluster.chunk('one ', 0);
    const other = await cluster.start('n2');
    let restore = (): void => {};
    first.faults.beforeWrite = ({ op }) => (op === 'log.restore' ? new Promise((resolve) => (restore = resolve)) : undefined);
    cluster.world.loseData();
    await settle();
    // The log is made, and not claimed yet.
    let claim = (): void => {};
    other.faults.beforeWrite = ({ op }) => (op === 'leases.claim' ? new Promise((resolve) => (claim = resolve)) : undefined);
    const opening = open(other);
    await settle();
    first.faults.heal();
    restore();
    await settle();
    other.faults.heal();
    claim();
    expect((await opening).messages).toMatchObject([{ content: 'Hello' }, { id: replyId, status: 'streaming', content: 'one ' }]);
    await cluster.chunk('one two', 0, DONE);
    expect(ends(replyId)).toMatchObject([{ type: 'message.completed' }]);
  });

  it('S81 is nobody\'s business when history has it: a log made from history is claimed and stays empty', async () => {
    await cluster.send(first, sessionId);
    await cluster.chunk('done', 0, DONE);
    loseBoth();
    const node = await cluster.start('n2');
    const written: string[] = [];
    node.faults.beforeWrite = ({ op }) => void written.push(op);
    expect(await open(node)).toMatchObject({ cursor: { seq: 0 }, messages: [{ content: 'Hello' }, { content: 'done' }] });
    expect(node.owner.directory.view()).toEqual([]);
    await node.owner.directory.actor(sessionId);
    await settle();
    expect(node.owner.directory.view()).toMatchObject([{ seq: 0 }]);
    expect(written).not.toContain('log.append');
  });

  it('S81 is nobody\'s business while its log is there: history is not even asked', async () => {
    const { replyId } = await cluster.send(first, sessionId);
    await cluster.chunk('one ', 0);
    const other = await cluster.start('n2');
    other.faults.beforeRead = ({ op }) => {
      if (op === 'history.message') throw new Error('asked');
    };
    await cluster.kill(first);
    const actor = await other.owner.directory.actor(sessionId);
    const lost = { id: 'late', sessionId, position: 9, role: 'assistant', content: '', status: 'streaming', parentId: null, createdAt: '' } as const;
    const behind = { head: 0, deleted: false, record: null, ended: null, lost };
    actor.report({ type: 'log-behind', behind });
    await settle();
    await cluster.chunk('one two', 0, DONE);
    actor.report({ type: 'log-behind', behind });
    await settle();
    expect(ends('late')).toEqual([]);
    expect(ends(replyId)).toMatchObject([{ type: 'message.completed' }]);
  });

  it('S81 nothing is ended while history cannot tell: the session is refused for now, and free', async () => {
    const { replyId } = await cluster.send(first, sessionId);
    loseBoth();
    const node = await cluster.start('n2');
    node.faults.beforeRead = ({ op }) => {
      if (op === 'history.message') throw new Error('away');
    };
    await expect(open(node)).rejects.toThrow('away');
    expect(await node.backends.leases.owner(sessionId)).toBeNull();
    expect(ends(replyId)).toEqual([]);
    node.faults.heal();
    await open(node);
    await settle();
    expect(ends(replyId)).toHaveLength(1);
  });
});
