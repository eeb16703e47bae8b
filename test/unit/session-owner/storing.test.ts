/** What a node stores at once, after history was away. */
import { DONE } from '../../support/owner-harness.ts';
import { OwnerCluster, type ClusterNode } from '../../support/owner-cluster.ts';
import { settle } from '../../support/virtual-clock.ts';
import { Turns } from '../../../src/session-owner/turns.ts';

const SESSIONS = 100;
const user = { userId: 'u1' };
let cluster: OwnerCluster;
let node: ClusterNode;

beforeEach(async () => {
  cluster = new OwnerCluster();
  node = await cluster.start('n1');
});
afterEach(() => cluster.stop());

interface Watched {
  most: number;
  /** Ids of messages by session, in the order in which history took them. */
  taken: Map<string, string[]>;
  state: 'away' | 'slow' | 'fine';
  release(): void;
}

function watchStores(): Watched {
  const { store } = node.ports.history;
  const held: (() => void)[] = [];
  let now = 0;
  const watched: Watched = { most: 0, taken: new Map(), state: 'fine', release: () => held.splice(0).forEach((go) => go()) };
  node.ports.history.store = async (session, messages, ratings) => {
    now += 1;
    watched.most = Math.max(watched.most, now);
    try {
      if (watched.state === 'away') throw new Error('away');
      if (watched.state === 'slow') await new Promise<void>((resolve) => held.push(resolve));
      watched.taken.set(session.id, [...(watched.taken.get(session.id) ?? []), ...messages.map(({ id }) => id)]);
      return await store(session, messages, ratings);
    } finally {
      now -= 1;
    }
  };
  return watched;
}

describe('storing after an outage of history', () => {
  it('S82 is bounded for each node, in order for each session, and everything gets there', async () => {
    const watched = watchStores();
    watched.state = 'away';
    const replies = new Map<string, string[]>();
    for (let n = 0; n < SESSIONS; n += 1) {
      const sessionId = await cluster.newSession(node);
      const { messageId, replyId } = await cluster.send(node, sessionId);
      await cluster.chunk('text', 0, DONE);
      replies.set(sessionId, [messageId, replyId]);
    }
    watched.state = 'slow';
    watched.most = 0;
    await cluster.clock.advance(2_000);
    expect(watched.most).toBe(20);
    // Meanwhile the talk goes on, and no session has two calls at once.
    const [sessionId] = replies.keys();
    const { messageId, replyId } = await cluster.send(node, sessionId!, 'more');
    await cluster.chunk('more text', 0, DONE);
    replies.get(sessionId!)!.push(messageId, replyId);
    for (let round = 0; round < 20; round += 1) {
      watched.release();
      await settle();
    }
    expect(watched.most).toBe(20);
    expect(watched.taken).toEqual(replies);
    expect(node.owner.directory.view().every(({ seq, storedThrough }) => seq === storedThrough)).toBe(true);
    expect((await node.backends.history.list('u1', { limit: SESSIONS })).sessions).toHaveLength(SESSIONS);
  });

  it('S82 a session that left while it waited for its turn stores nothing', async () => {
    const watched = watchStores();
    watched.state = 'slow';
    const sessions: string[] = [];
    for (let n = 0; n < 21; n += 1) {
      sessions.push(await cluster.newSession(node));
      await cluster.send(node, sessions[n]!);
    }
    const last = sessions[20]!;
    node.owner.directory.giveUp(last, 'test');
    watched.state = 'fine';
    watched.release();
    await settle();
    expect(watched.taken.size).toBe(20);
    expect(watched.taken.has(last)).toBe(false);
    expect((await node.owner.reads.open({ ...user, sessionId: last })).messages).toHaveLength(2);
  });
});

it('S82 turns come in the order of asking, and one that fails is free again', async () => {
  const turns = new Turns(2);
  const order: number[] = [];
  const tasks = Array.from({ length: 6 }, (_, n) => turns.run(async () => {
    order.push(n);
    await settle();
    if (n === 1) throw new Error('failed');
  }));
  expect((await Promise.allSettled(tasks)).map(({ status }) => status === 'rejected')).toEqual([false, true, false, false, false, false]);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});
