/** The store does not take appends, or lost what it had, while owners live on. */
import { DONE } from '../../support/owner-harness.ts';
import { OwnerCluster, type ClusterNode } from '../../support/owner-cluster.ts';
import { settle } from '../../support/virtual-clock.ts';

const user = { userId: 'u1' };
let cluster: OwnerCluster;
let node: ClusterNode;
let sessionId: string;

beforeEach(async () => {
  cluster = new OwnerCluster();
  node = await cluster.start('n1');
  sessionId = await cluster.newSession(node);
});
afterEach(() => cluster.stop());

const down = (): void => {
  node.faults.beforeWrite = ({ op }) => {
    if (op === 'log.append' || op === 'leases.release') throw new Error('store away');
  };
};
const send = (content: string) => node.owner.commands.send({ ...user, sessionId, clientMessageId: content, content });
const unavailable = { type: 'unavailable', retryable: true };
const logLines = (text: string) => node.logged.filter((line) => line.text === text);
const contents = async () => (await node.owner.reads.history({ ...user, sessionId })).messages.map(({ content }) => content);

describe('appends that fail', () => {
  it('O53 keep the session in memory under the same lease and go through when the store is back', async () => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one ', 0);
    const [before] = node.owner.directory.view();
    down();
    await cluster.chunk('two', 4);
    await cluster.clock.advance(4_000);
    expect(cluster.shown(sessionId).at(-1)).toMatchObject({ text: 'one ' });
    node.faults.heal();
    await cluster.clock.advance(500);
    expect(cluster.shown(sessionId).at(-1)).toMatchObject({ text: 'two' });
    expect(node.owner.directory.view()).toMatchObject([{ epoch: before!.epoch, logId: before!.logId, runId: before!.runId }]);
    expect(cluster.runs).toHaveLength(1);
  });

  it('O53 are given up when they last longer than the lease can, and the next owner goes on', async () => {
    await cluster.send(node, sessionId);
    down();
    await cluster.chunk('one', 0);
    const [before] = node.owner.directory.view();
    await cluster.clock.advance(15_000);
    node.faults.heal();
    await cluster.clock.advance(1_000);
    expect(node.owner.directory.view()[0]!.epoch).toBeGreaterThan(before!.epoch);
    await cluster.chunk('one', 0, DONE);
    expect(await contents()).toEqual(['Hello', 'one']);
  });

  it('O54 refuse the waiting command in two seconds and further ones at once; a repeat finds what was appended', async () => {
    await cluster.send(node, sessionId, 'first');
    await cluster.chunk('one', 0, DONE);
    down();
    const outcome = expect(send('second')).rejects.toMatchObject(unavailable);
    await cluster.clock.advance(2_000);
    await outcome;
    await expect(send('third')).rejects.toMatchObject(unavailable);
    node.faults.heal();
    await cluster.clock.advance(500);
    const again = await send('second');
    expect(again).toMatchObject({ duplicate: true, status: 'streaming' });
    await cluster.chunk('two', 0, DONE);
    expect(await contents()).toEqual(['first', 'one', 'second', 'two']);
  });

  it('O54 a command that waited behind one and was refused is not carried out later', async () => {
    await cluster.send(node, sessionId, 'first');
    await cluster.chunk('one', 0, DONE);
    let release = (): void => {};
    node.faults.beforeWrite = ({ op }) => (op === 'log.append' ? new Promise((resolve) => (release = resolve)) : undefined);
    const actor = await node.owner.directory.actor(sessionId);
    const outcomes = Promise.all(['a', 'b'].map((title) => expect(actor.submit({ type: 'rename', title })).rejects.toMatchObject(unavailable)));
    await cluster.clock.advance(2_000);
    await outcomes;
    node.faults.heal();
    release();
    await settle();
    expect(actor).toMatchObject({ queued: 0, state: { meta: { title: 'a' } } });
  });

  it('O53 are logged once however long and many they are, and once more when they work again', async () => {
    const other = await cluster.newSession(node);
    await cluster.send(node, sessionId);
    await cluster.chunk('one', 0);
    await cluster.send(node, other, 'elsewhere');
    down();
    await cluster.chunk('two', 3, undefined, cluster.runs[0]);
    await cluster.chunk('two', 0, undefined, cluster.runs[1]);
    await cluster.clock.advance(5_000);
    node.faults.heal();
    await cluster.clock.advance(1_000);
    expect(logLines('append failed; trying again')).toHaveLength(1);
    expect(logLines('appends work again')).toMatchObject([{ fields: { sessions: 2 } }]);
  });
});

describe('a store that lost its data', () => {
  const heard = () => cluster.resyncs.filter((resync) => resync.sessionId === sessionId);

  it('O56 gets it back from the owners that live: clients hear of it, the reply goes on under a new log', async () => {
    const { replyId } = await cluster.send(node, sessionId);
    await cluster.chunk('one ', 0);
    const [before] = node.owner.directory.view();
    cluster.world.loseData();
    await settle();
    const [after] = node.owner.directory.view();
    expect(after!.logId).not.toBe(before!.logId);
    expect(after!.epoch).toBeGreaterThan(before!.epoch);
    expect(heard()).toMatchObject([{ userId: 'u1', reason: 'store-lost-data' }]);
    await cluster.chunk('one two', 0, DONE);
    expect(cluster.runs).toHaveLength(1);
    const opened = await node.owner.reads.open({ ...user, sessionId, cursor: { logId: before!.logId, seq: before!.seq } });
    expect(opened).toMatchObject({ resync: true, messages: [{ content: 'Hello' }, { id: replyId, content: 'one two', status: 'complete' }] });
  });

  it('O56 knows every send that was accepted, also by an owner before this one', async () => {
    node.faults.beforeWrite = ({ op }) => {
      if (op === 'history.store') throw new Error('history away');
    };
    const first = await cluster.send(node, sessionId, 'first');
    await cluster.chunk('one', 0, DONE);
    node.owner.directory.dropAll('test');
    await cluster.clock.advance(1_000);
    const second = await cluster.send(node, sessionId, 'second');
    cluster.world.loseData();
    await settle();
    expect(await send('first')).toEqual({ ...first, duplicate: true, status: 'complete' });
    expect(await send('second')).toEqual({ ...second, duplicate: true, status: 'streaming' });
    expect(cluster.runs).toHaveLength(2);
  });

  it('O57 a send whose append was not answered counts: its repeat finds it, and it is generated once', async () => {
    node.faults.afterWrite = ({ op }) => {
      if (op === 'log.append') throw new Error('answer lost');
    };
    const outcome = expect(send('Hello')).rejects.toMatchObject(unavailable);
    await settle();
    cluster.world.loseData();
    node.faults.heal();
    await outcome;
    await cluster.clock.advance(500);
    expect(await send('Hello')).toMatchObject({ duplicate: true, status: 'streaming' });
    expect(cluster.runs).toHaveLength(1);
    await cluster.chunk('one', 0, DONE);
    expect(await contents()).toEqual(['Hello', 'one']);
  });

  it('O58 is asked until it answers, and nothing is taken meanwhile', async () => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one ', 0);
    node.faults.beforeWrite = ({ op }) => {
      if (op === 'log.restore') throw new Error('not yet');
    };
    cluster.world.loseData();
    await cluster.clock.advance(1_000);
    await expect(node.owner.directory.actor(sessionId)).rejects.toMatchObject(unavailable);
    node.faults.heal();
    await cluster.clock.advance(300);
    await cluster.chunk('two', 4, DONE);
    expect(await contents()).toEqual(['Hello', 'one two']);
  });

  it('O58 a restore that was written and not answered is found again', async () => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one ', 0);
    let lose = 1;
    node.faults.afterWrite = ({ op }) => {
      if (op === 'log.restore' && lose-- > 0) throw new Error('answer lost');
    };
    cluster.world.loseData();
    await cluster.clock.advance(2_000);
    expect(node.owner.directory.view()).toMatchObject([{ sessionId, state: 'replying' }]);
    await cluster.chunk('two', 4, DONE);
    expect(await contents()).toEqual(['Hello', 'one two']);
  });

  it('O58 a refused session is forgotten, and a lease that this node has of it all the same is given back', async () => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one', 0, DONE);
    node.faults.beforeWrite = ({ op }) => {
      if (op === 'log.restore') throw new Error('not yet');
    };
    cluster.world.loseData();
    await settle();
    await node.owner.reads.open({ ...user, sessionId });
    await node.backends.leases.claim(sessionId, 'n1');
    node.faults.heal();
    await cluster.clock.advance(2_000);
    expect(node.owner.directory.view()).toEqual([]);
    expect(await node.backends.leases.owner(sessionId)).toBeNull();
  });

  it('O58 nothing is written anew any more once the leases are lost: that is said, and tabs ask what there is', async () => {
    const { replyId } = await cluster.send(node, sessionId);
    node.faults.beforeWrite = ({ op }) => {
      if (op === 'log.restore' || op === 'history.store') throw new Error('not yet');
    };
    await cluster.chunk('only here', 0, DONE);
    cluster.world.loseData();
    await settle();
    expect(cluster.resyncs).toEqual([]);
    cluster.world.loseNode('n1');
    expect(node.owner.directory.isLive(sessionId)).toBe(false);
    expect(cluster.resyncs).toMatchObject([{ ...user, sessionId, reason: 'store-lost-data' }]);
    expect(logLines('session given up').at(-1)).toMatchObject({ fields: { session: sessionId, reason: 'node lost its leases' } });
    node.faults.heal();
    await cluster.clock.advance(1_000);
    expect(node.owner.directory.isLive(sessionId)).toBe(false);
    expect(await node.backends.log.meta(sessionId)).toBeNull();
    const other = await cluster.start('n2');
    await other.owner.reads.open({ ...user, sessionId });
    await settle();
    const [, reply] = (await other.owner.reads.open({ ...user, sessionId })).messages!;
    expect(reply).toMatchObject({ id: replyId, status: 'failed', error: { retryable: true } });
  });

  it('O67 leaves a session alone of which history was told more: another node has owned it since', async () => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one', 0, DONE);
    const known = await node.backends.history.session(sessionId);
    await node.backends.history.store({ ...known!.record, rev: known!.record.rev + 1, messageCount: 3, nextPosition: 4 }, []);
    cluster.world.loseData();
    await settle();
    expect(node.owner.directory.view()).toEqual([]);
    expect(await node.backends.log.meta(sessionId)).toBeNull();
    await cluster.send(node, sessionId, 'Next');
    expect((await node.owner.reads.open({ ...user, sessionId })).messages!.at(-2)).toMatchObject({ content: 'Next', position: 4 });
  });

  it.each(['silent', 'away'])('O67 does not wait for a history that is %s', async (how) => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one ', 0);
    node.faults.beforeRead = ({ op }) => {
      if (op !== 'history.session') return undefined;
      if (how === 'away') throw new Error('history away');
      return new Promise<void>(() => {});
    };
    cluster.world.loseData();
    await cluster.clock.advance(600);
    expect(logLines('sessions are written anew without a look at history')).toHaveLength(1);
    await cluster.chunk('two', 4, DONE);
    expect(await contents()).toEqual(['Hello', 'one two']);
  });

  it('O59 makes a claim void that began before', async () => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one', 0);
    node.owner.directory.dropAll('test');
    let answer = (): void => {};
    node.faults.beforeRead = ({ op }) => (op === 'log.read' ? new Promise<void>((resolve) => (answer = resolve)) : undefined);
    const claimed = expect(node.owner.directory.actor(sessionId)).rejects.toMatchObject(unavailable);
    await settle();
    void node.owner.directory.restoreAll();
    answer();
    await claimed;
    expect(node.owner.directory.view()).toEqual([]);
  });
});
