/** The power goes: of the log its last second is lost, with everybody who remembered it; history keeps what it took. */
import { DONE } from '../../support/owner-harness.ts';
import { OwnerCluster, type ClusterNode } from '../../support/owner-cluster.ts';
import { settle } from '../../support/virtual-clock.ts';

const user = { userId: 'u1' };
let cluster: OwnerCluster;
let first: ClusterNode;
let sessionId: string;

beforeEach(async () => {
  cluster = new OwnerCluster({ AI_CONTINUATION: 'restart' });
  first = await cluster.start('n1');
  sessionId = await cluster.newSession(first);
  await cluster.send(first, sessionId, 'one');
  await cluster.chunk('answer one', 0, DONE);
});
afterEach(() => cluster.stop());

/** All processes die, the store forgets what came after `lose` was made; another machine starts. */
async function powerLoss(lose: () => void, id = 'n2'): Promise<ClusterNode> {
  for (const node of cluster.nodes) if (!cluster.gone.has(node.id)) await cluster.kill(node);
  lose();
  return cluster.start(id);
}
const open = async (node: ClusterNode) => {
  const { session, messages = [], cursor } = await node.owner.reads.open({ ...user, sessionId });
  return { session, messages, cursor };
};
const ends = (messageId: string, logId?: string) => {
  const events = cluster.frames.filter((frame) => logId === undefined || frame.logId === logId).flatMap((frame) => frame.events);
  return events.filter((event) => /completed|failed|cancelled|interrupted/.test(event.type) && 'messageId' in event && event.messageId === messageId);
};
const stored = async (node: ClusterNode) => (await node.backends.history.page(sessionId, undefined, 99)).messages;
const record = async (node: ClusterNode) => (await node.backends.history.session(sessionId))!.record;
const lost = { status: 'failed', content: '', error: { code: 'unavailable', retryable: true } };

const texts = async (node: ClusterNode) => (await open(node)).messages.map(({ content }) => content);
/** Every message once, in order, the same in the log's view and in history. */
async function consistent(node: ClusterNode): Promise<void> {
  const { messages } = await open(node);
  expect(messages.map(({ position }) => position)).toEqual([...new Set(messages.map(({ position }) => position))].sort((a, b) => a - b));
  expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
  expect(await stored(node)).toEqual(messages);
}

describe('a log that is behind history', () => {
  it('S84 gives no position twice, and shows what history has', async () => {
    const lose = cluster.world.keepLogs();
    await cluster.send(first, sessionId, 'two');
    await cluster.chunk('answer two', 0, DONE);
    const before = await record(first);
    const node = await powerLoss(lose);
    expect(await texts(node)).toEqual(['one', 'answer one', 'two', 'answer two']);
    await cluster.send(node, sessionId, 'three');
    await cluster.chunk('answer three', 0, DONE);
    const { messages, session } = await open(node);
    expect(messages.map(({ position, content }) => [position, content])).toEqual([[1, 'one'], [2, 'answer one'], [3, 'two'], [4, 'answer two'], [5, 'three'], [6, 'answer three']]);
    expect(messages[4]!.parentId).toBe(before.tip);
    expect(session).toMatchObject({ messageCount: 6 });
    await consistent(node);
    const after = await record(node);
    expect(after).toMatchObject({ messageCount: 6, nextPosition: 7, tip: messages[5]!.id });
    expect(after.rev).toBeGreaterThan(before.rev);
    expect(cluster.runs.at(-1)!.messages.map(({ content }) => content)).toEqual(['one', 'answer one', 'two', 'answer two', 'three']);
  });

  it('S84 also when the first to ask writes, pages, or lost all of its log but the beginning', async () => {
    const other = await cluster.newSession(first);
    const lose = cluster.world.keepLogs();
    const title = 'renamed in the last second';
    await first.owner.commands.rename({ ...user, sessionId, title });
    await cluster.send(first, sessionId, 'two');
    await cluster.chunk('answer two', 0, DONE);
    await cluster.send(first, other, 'its first');
    await cluster.chunk('its answer', 0, DONE);
    const node = await powerLoss(lose);
    const page = await node.owner.reads.history({ ...user, sessionId: other, before: '3', limit: 1 });
    expect(page).toMatchObject({ messages: [{ content: 'its answer', position: 2 }], hasMore: true });
    await cluster.send(node, sessionId, 'three');
    expect((await open(node)).messages.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await open(node)).session).toMatchObject({ title });
  });

  it('S85 an open reply that was lost with the end of its log fails, once, whoever looks', async () => {
    const lose = cluster.world.keepLogs();
    const { messageId, replyId } = await cluster.send(first, sessionId, 'two');
    await cluster.chunk('never seen ag', 0);
    const before = await record(first);
    const node = await powerLoss(lose);
    const third = await cluster.start('n3');
    await Promise.all([node, node, third].map((each) => open(each).catch(() => null)));
    await settle();
    const { messages } = await open(node);
    expect(messages).toMatchObject([{ content: 'one' }, { content: 'answer one' }, { id: messageId, position: 3 }, { id: replyId, position: 4, parentId: messageId, ...lost }]);
    expect(ends(replyId)).toMatchObject([{ type: 'message.failed' }]);
    await consistent(node);
    expect((await record(node)).rev).toBeGreaterThan(before.rev);
    const again = cluster.world.keepLogs();
    const fourth = await powerLoss(again, 'n4');
    await consistent(fourth);
    expect(ends(replyId)).toHaveLength(1);
  });

  it('S85 one that the log still has goes on, and history is not ahead of a log that has more', async () => {
    await cluster.send(first, sessionId, 'two');
    await cluster.chunk('so f', 0);
    const lose = cluster.world.keepLogs();
    await cluster.chunk('so far', 0);
    const node = await powerLoss(lose);
    await open(node);
    await cluster.chunk('so far so good', 0, DONE);
    expect(await texts(node)).toEqual(['one', 'answer one', 'two', 'so far so good']);
    await consistent(node);
  });

  it('S85 also when history knows a later title of its session', async () => {
    const { replyId } = await cluster.send(first, sessionId, 'two');
    await cluster.chunk('so far', 0);
    const known = await record(first);
    await first.backends.history.store({ ...known, rev: known.rev + 1, title: 'later' }, []);
    const node = await powerLoss(cluster.world.keepLogs());
    expect(await open(node)).toMatchObject({ session: { title: 'later', streaming: true }, messages: [{}, {}, {}, { id: replyId, status: 'streaming' }] });
    await cluster.chunk('so far so good', 0, DONE);
    expect(ends(replyId)).toMatchObject([{ type: 'message.completed' }]);
    await consistent(node);
  });
});

describe('a reply that the log has open and history finished', () => {
  let lose: () => void;
  let replyId: string;
  beforeEach(async () => {
    ({ replyId } = await cluster.send(first, sessionId, 'two'));
    await cluster.chunk('answer', 0);
    lose = cluster.world.keepLogs();
  });

  it('S86 ends in the log as history has it: not stored, shown or generated again', async () => {
    await cluster.chunk(' two', 6, DONE);
    const [copy, runs] = [await first.backends.history.message(sessionId, replyId), cluster.runs.length];
    const node = await powerLoss(lose);
    await node.owner.directory.actor(sessionId);
    await settle();
    expect((await open(node)).messages.at(-1)).toEqual(copy);
    await consistent(node);
    const [cursor, log] = [(await open(node)).cursor, (await node.backends.log.read(sessionId, 0))!];
    expect(ends(replyId, cursor.logId)).toMatchObject([{ type: 'message.completed' }]);
    expect(log.events.filter((event) => event.type === 'message.delta' && event.messageId === replyId)).toMatchObject([{ text: 'answer' }, { text: ' two' }]);
    expect(log.meta.run).toBeNull();
    expect(cluster.runs).toHaveLength(runs);
    expect(node.owner.directory.view()).toMatchObject([{ state: 'idle' }]);
  });

  it('S86 also a reply whose text had begun anew, and one that was stopped', async () => {
    cluster.aiNode = 'ai-2';
    cluster.tellGone('ai-1');
    await cluster.clock.advance(1_000);
    await cluster.chunk('other words', 0);
    await first.owner.commands.cancel({ ...user, sessionId, messageId: replyId });
    await settle();
    const copy = await first.backends.history.message(sessionId, replyId);
    const node = await powerLoss(lose);
    await open(node);
    await settle();
    expect((await open(node)).messages.at(-1)).toEqual(copy);
    expect(copy).toMatchObject({ status: 'cancelled', content: 'other words' });
    expect((await node.backends.log.read(sessionId, 0))!.events.slice(-3).map(({ type }) => type)).toEqual(['message.restarted', 'message.delta', 'message.cancelled']);
    await consistent(node);
  });

  it('S86 also when the talk went on after it; a later open reply fails', async () => {
    await cluster.chunk(' two', 6, DONE);
    const { replyId: later } = await cluster.send(first, sessionId, 'three');
    const node = await powerLoss(lose);
    await open(node);
    await settle();
    const { messages } = await open(node);
    expect(messages.map(({ content }) => content)).toEqual(['one', 'answer one', 'two', 'answer two', 'three', '']);
    expect(messages.at(-1)).toMatchObject({ id: later, position: 6, ...lost });
    await consistent(node);
    await cluster.send(node, sessionId, 'four');
    expect((await open(node)).messages.at(-2)).toMatchObject({ content: 'four', position: 7, parentId: later });
  });

  it('S86 one that ended without history knowing how keeps its text and fails', async () => {
    const { history } = first.backends;
    const { record: known } = (await history.session(sessionId))!;
    await history.store({ ...known, rev: known.rev + 2, nextPosition: 7, messageCount: 6, tip: 'later', tipParent: 'its question' }, []);
    const node = await powerLoss(lose);
    await open(node);
    await settle();
    expect((await open(node)).messages.slice(2)).toMatchObject([
      { content: 'two', position: 3 },
      { id: replyId, position: 4, ...lost, content: 'answer' },
      { id: 'later', position: 6, parentId: replyId, ...lost },
    ]);
    await consistent(node);
  });
});

describe('while it is not known what history has', () => {
  it('S87 the session is refused for now and free; nothing is shown, written or given out', async () => {
    const lose = cluster.world.keepLogs();
    await cluster.send(first, sessionId, 'two');
    const node = await powerLoss(lose);
    const head = (await node.backends.log.meta(sessionId))!.head;
    node.faults.beforeRead = ({ op }) => {
      if (op.startsWith('history.')) throw new Error('away');
    };
    await expect(open(node)).rejects.toThrow('away');
    await expect(cluster.send(node, sessionId, 'three')).rejects.toThrow('away');
    expect(await node.backends.leases.owner(sessionId)).toBeNull();
    expect((await node.backends.log.meta(sessionId))!.head).toBe(head);
    node.faults.heal();
    expect(await texts(node)).toEqual(['one', 'answer one', 'two', '']);
  });

  it('S87 whoever looks waits until the log is brought forward, and is refused when it cannot be', async () => {
    const lose = cluster.world.keepLogs();
    await cluster.send(first, sessionId, 'two');
    await cluster.chunk('answer two', 0, DONE);
    const node = await powerLoss(lose);
    node.faults.beforeWrite = ({ op }) => {
      if (op === 'log.append') throw new Error('away');
    };
    const refused = expect(open(node)).rejects.toMatchObject({ type: 'unavailable' });
    await cluster.clock.advance(60_000);
    await refused;
    let append = (): void => {};
    node.faults.beforeWrite = ({ op }) => (op === 'log.append' ? new Promise((resolve) => (append = resolve)) : undefined);
    const [opened, again] = [texts(node), settle().then(() => texts(node))];
    await settle();
    await settle();
    node.faults.heal();
    append();
    expect(await opened).toEqual(['one', 'answer one', 'two', 'answer two']);
    expect(await again).toEqual(await opened);
  });

  it('S87 an owner that dies before it has told leaves it to the next', async () => {
    const lose = cluster.world.keepLogs();
    await cluster.send(first, sessionId, 'two');
    await cluster.chunk('answer two', 0, DONE);
    const node = await powerLoss(lose);
    node.faults.beforeWrite = ({ op }) => (op === 'log.append' ? new Promise(() => {}) : undefined);
    void open(node).catch(() => null);
    await settle();
    const heir = await cluster.start('n3');
    await expect(open(heir)).rejects.toMatchObject({ nodeId: 'n2' });
    await cluster.kill(node);
    expect(await texts(heir)).toEqual(['one', 'answer one', 'two', 'answer two']);
    await cluster.send(heir, sessionId, 'three');
    expect((await open(heir)).messages.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('S87 it is asked once: then the log is sure, also one that history was not ahead of', async () => {
    const node = await powerLoss(cluster.world.keepLogs());
    await open(node);
    node.owner.directory.giveUp(sessionId, 'idle');
    await settle();
    node.faults.beforeRead = ({ op }) => {
      if (op === 'history.session') throw new Error('asked again');
    };
    await node.owner.directory.actor(sessionId);
    expect(await texts(node)).toEqual(['one', 'answer one']);
    expect((await node.backends.log.meta(sessionId))!.head).toBe((await open(node)).cursor.seq);
  });
});

describe('what was asked in the lost second', () => {
  it('S88 a send that history has is not carried out again', async () => {
    const lose = cluster.world.keepLogs();
    const { messageId, replyId } = await cluster.send(first, sessionId, 'two');
    await cluster.chunk('answer two', 0, DONE);
    const node = await powerLoss(lose);
    const again = { messageId, replyId, duplicate: true, status: 'complete' };
    expect(await cluster.send(node, sessionId, 'two')).toMatchObject(again);
    expect(await texts(node)).toEqual(['one', 'answer one', 'two', 'answer two']);
    // Nor by a later owner.
    node.owner.directory.giveUp(sessionId, 'idle');
    await settle();
    expect(await cluster.send(node, sessionId, 'two')).toMatchObject(again);
  });

  it('S89 a session that was deleted stays deleted, and its reply is not generated', async () => {
    await cluster.send(first, sessionId, 'two');
    await cluster.chunk('answer', 0);
    const lose = cluster.world.keepLogs();
    await first.owner.commands.delete({ ...user, sessionId });
    await settle();
    const runs = cluster.runs.length;
    const node = await powerLoss(lose);
    await expect(open(node)).rejects.toMatchObject({ type: 'not-found' });
    await expect(cluster.send(node, sessionId, 'three')).rejects.toMatchObject({ type: 'not-found' });
    await settle();
    expect(cluster.runs).toHaveLength(runs);
    expect(await node.backends.history.session(sessionId)).toMatchObject({ deleted: true });
    expect(await node.backends.leases.abandoned(9)).toEqual([]);
  });
});
