/** Several owner nodes on one set of stores: leases that got no answer, nodes that go, sessions that move. */
import { DONE } from '../../support/owner-harness.ts';
import { OwnerCluster, type ClusterNode } from '../../support/owner-cluster.ts';
import { settle } from '../../support/virtual-clock.ts';

const user = { userId: 'u1' };
let cluster: OwnerCluster;
let one: ClusterNode;
let two: ClusterNode;
let sessionId: string;

beforeEach(async () => {
  cluster = new OwnerCluster();
  one = await cluster.start('n1');
  two = await cluster.start('n2');
  sessionId = await cluster.newSession(one);
});
afterEach(() => cluster.stop());

const owns = (node: ClusterNode): string[] => node.owner.directory.view().map((view) => view.sessionId);
const contents = async () => (await two.owner.reads.history({ ...user, sessionId })).messages.map(({ content }) => content);
const seqs = () => cluster.shown(sessionId).map(({ seq }) => seq);

/** These calls are written, and their answers lost, this many times. */
function loseAnswers(node: ClusterNode, lost: string, times: number): void {
  let left = times;
  node.faults.afterWrite = ({ op }) => {
    if (op === lost && left-- > 0) throw new Error('answer lost');
  };
}

describe('a lease whose claim or release got no answer', () => {
  it('O50 is claimed anew, and the open reply goes on here', async () => {
    await cluster.send(one, sessionId);
    await cluster.chunk('one ', 0);
    loseAnswers(two, 'leases.claim', 1);
    await cluster.kill(one);
    expect([owns(two), (await two.backends.leases.owner(sessionId))?.nodeId]).toEqual([[], 'n2']);
    await cluster.clock.advance(800);
    expect(owns(two)).toEqual([sessionId]);
    await cluster.chunk('two', 4, DONE);
    expect(await contents()).toEqual(['Hello', 'one two']);
  });

  it('O50 is given back when there is nothing to do', async () => {
    loseAnswers(one, 'leases.claim', 1);
    await expect(one.owner.directory.actor(sessionId)).rejects.toThrow('answer lost');
    await expect(cluster.send(two, sessionId)).rejects.toMatchObject({ nodeId: 'n1' });
    await cluster.clock.advance(800);
    expect(await one.backends.leases.owner(sessionId)).toBeNull();
    expect((await cluster.send(two, sessionId)).duplicate).toBe(false);
  });

  it('O50 is looked after when a release was not written', async () => {
    await cluster.send(one, sessionId);
    one.faults.beforeWrite = ({ op }) => {
      if (op === 'leases.release') throw new Error('store away');
    };
    one.owner.directory.dropAll('test');
    await settle();
    expect(owns(one)).toEqual([]);
    await cluster.clock.advance(1_000);
    expect(owns(one)).toEqual([sessionId]);
    await cluster.chunk('one', 0, DONE);
    expect(await contents()).toEqual(['Hello', 'one']);
  });

  it('O50 is looked after until a claim on its way can come through no more', async () => {
    one.faults.beforeWrite = ({ op }) => {
      if (op === 'leases.claim') throw new Error('no answer');
    };
    await expect(one.owner.directory.actor(sessionId)).rejects.toThrow('no answer');
    one.faults.heal();
    await cluster.clock.advance(2_000);
    await one.backends.leases.claim(sessionId, 'n1');
    await cluster.clock.advance(1_000);
    expect(await one.backends.leases.owner(sessionId)).toBeNull();
  });

  it('O50 that another claim of this node overtook is found when its actor is fenced', async () => {
    await cluster.send(one, sessionId);
    await one.backends.leases.claim(sessionId, 'n1');
    await cluster.chunk('one', 0);
    expect(owns(one)).toEqual([]);
    await cluster.clock.advance(1_000);
    expect(owns(one)).toEqual([sessionId]);
    await cluster.chunk('one', 0, DONE);
    expect(await contents()).toEqual(['Hello', 'one']);
  });
});

describe('a killed owner', () => {
  it('O52 clients learn the head from the next owner at once, so what was logged and not shown is fetched', async () => {
    await cluster.send(one, sessionId);
    const { logId } = one.owner.directory.view()[0]!;
    one.faults.afterWrite = ({ op }) => (op === 'log.append' ? new Promise(() => {}) : undefined);
    await cluster.chunk('one', 0, DONE);
    expect(seqs()).toEqual([1, 2]);
    await cluster.kill(one);
    expect(cluster.alive.at(-1)).toEqual({ ...user, sessionId, logId, seq: 4 });
    const { events } = await two.owner.reads.open({ ...user, sessionId, cursor: { logId, seq: 2 } });
    expect(events?.map(({ type }) => type)).toEqual(['message.delta', 'message.completed']);
  });

  it('O64 is taken over by who hears that it went, all of its sessions, without waiting for the sweep', async () => {
    const sessions = [sessionId];
    while (sessions.length < 120) sessions.push(await cluster.newSession(one));
    for (const id of sessions) await one.owner.commands.send({ ...user, sessionId: id, clientMessageId: 'c', content: 'Hello' });
    await cluster.kill(one);
    await settle(100);
    expect(owns(two).sort()).toEqual(sessions.sort());
  });
});

describe('a node that lost its leases', () => {
  it('O62 forgets its sessions, and the next sweep of any node finds them', async () => {
    await cluster.send(one, sessionId);
    await cluster.chunk('one ', 0);
    cluster.world.loseNode('n1');
    expect(owns(one)).toEqual([]);
    await cluster.clock.advance(1_000);
    expect(owns(two)).toEqual([sessionId]);
    await cluster.chunk('two', 4, DONE);
    expect(await contents()).toEqual(['Hello', 'one two']);
    expect(seqs()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a node that stops', () => {
  it('O63 hands its sessions over: their clients see a pause, and nothing twice', async () => {
    const sent = await cluster.send(one, sessionId);
    await cluster.chunk('one ', 0);
    await one.owner.stop();
    cluster.gone.add('n1');
    await cluster.chunk('two ', 4);
    await cluster.clock.advance(1_000);
    expect(owns(two)).toEqual([sessionId]);
    await cluster.chunk('two three', 4, DONE);
    expect(await contents()).toEqual(['Hello', 'one two three']);
    expect(seqs()).toEqual([1, 2, 3, 4, 5]);
    expect(await cluster.send(two, sessionId)).toEqual({ ...sent, duplicate: true, status: 'complete' });
  });

  it('O63 gives each session back by itself, not when the slowest is done', async () => {
    const other = await cluster.newSession(one);
    await cluster.send(one, other, 'elsewhere');
    one.faults.beforeWrite = (call) => (call.op === 'log.append' && call.sessionId === sessionId ? new Promise(() => {}) : undefined);
    const refused = expect(one.owner.commands.send({ ...user, sessionId, clientMessageId: 'c', content: 'Hello' })).rejects.toMatchObject({ type: 'unavailable' });
    await settle();
    const stopped = one.owner.stop();
    await cluster.clock.advance(600);
    expect(owns(two)).toEqual([other]);
    await cluster.clock.advance(1_000);
    await Promise.all([refused, stopped]);
    cluster.gone.add('n1');
  });

  it('O63 ends the append at hand before it gives a session back, and answers its command', async () => {
    let release = (): void => {};
    one.faults.beforeWrite = ({ op }) => (op === 'log.append' ? new Promise<void>((resolve) => (release = resolve)) : undefined);
    const sending = one.owner.commands.send({ ...user, sessionId, clientMessageId: 'c', content: 'Hello' });
    await settle();
    const stopped = one.owner.stop();
    await settle();
    await expect(one.owner.commands.rename({ ...user, sessionId, title: 'late' })).rejects.toMatchObject({ type: 'unavailable' });
    release();
    expect(await sending).toMatchObject({ duplicate: false });
    await stopped;
    cluster.gone.add('n1');
    await cluster.clock.advance(1_000);
    expect(owns(two)).toEqual([sessionId]);
    expect(cluster.shown(sessionId).map(({ type }) => type)).toEqual(['message.created', 'message.created']);
  });
});
