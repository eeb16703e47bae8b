/** What an owner does about runs when history or ai nodes are away. */
import { DONE } from '../../support/owner-harness.ts';
import { OwnerCluster, type ClusterNode } from '../../support/owner-cluster.ts';
import { settle } from '../../support/virtual-clock.ts';

const user = { userId: 'u1' };
let cluster: OwnerCluster;
let node: ClusterNode;
let sessionId: string;

beforeEach(async () => {
  cluster = new OwnerCluster({ AI_FIRST_TOKEN_MS: '30000' });
  node = await cluster.start('n1');
  sessionId = await cluster.newSession(node);
});
afterEach(() => cluster.stop());

const last = () => cluster.shown(sessionId).at(-1);

describe('a prompt that history cannot give', () => {
  beforeEach(async () => {
    await cluster.send(node, sessionId, 'first');
    await cluster.chunk('one', 0, DONE);
    // The log has let go of what history has.
    await cluster.clock.advance(400_000);
    await node.backends.log.expire(cluster.clock.now());
    node.faults.beforeRead = ({ op }) => {
      if (op === 'history.page') throw new Error('history away');
    };
  });

  it('K30 is waited for, and uses up no attempt', async () => {
    await cluster.send(node, sessionId, 'second');
    await cluster.clock.advance(20_000);
    expect(last()?.type).toBe('message.created');
    node.faults.heal();
    await cluster.clock.advance(1_000);
    expect(cluster.runs.at(-1)?.messages.map(({ content }) => content)).toEqual(['first', 'one', 'second']);
    expect(node.owner.directory.view()).toMatchObject([{ runId: cluster.runs.at(-1)!.runId, aiNode: 'ai-1' }]);
    expect(cluster.runs).toHaveLength(2);
  });

  it('K30 never keeps a cancel waiting, and is asked for no more after it', async () => {
    const { replyId } = await cluster.send(node, sessionId, 'second');
    await cluster.clock.advance(3_000);
    expect(await node.owner.commands.cancel({ ...user, sessionId, messageId: replyId })).toEqual({ status: 'cancelled' });
    node.faults.heal();
    await cluster.clock.advance(5_000);
    expect(cluster.runs).toHaveLength(1);
  });

  it('K31 ends the reply, retryable, when it stays away', async () => {
    await cluster.send(node, sessionId, 'second');
    await cluster.clock.advance(32_000);
    expect(last()).toMatchObject({ type: 'message.failed', error: { code: 'unavailable', retryable: true } });
    expect(cluster.runs).toHaveLength(1);
  });
});

it('K30 is made from the log when that has the whole conversation', async () => {
  await cluster.send(node, sessionId, 'first');
  await cluster.chunk('one', 0, DONE);
  expect(node.owner.directory.view()).toMatchObject([{ seq: 4, storedThrough: 4 }]);
  node.faults.beforeRead = ({ op }) => {
    if (op === 'history.page') throw new Error('history away');
  };
  await cluster.send(node, sessionId, 'second');
  expect(cluster.runs[1]?.messages.map(({ content }) => content)).toEqual(['first', 'one', 'second']);
});

describe('an ai node that goes', () => {
  beforeEach(async () => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one ', 0);
    cluster.aiNode = 'ai-2';
  });

  it('K32 is replaced as soon as that is known, and its late text is aborted and shown to nobody', async () => {
    const [lost] = cluster.runs;
    cluster.tellGone('ai-1');
    await settle();
    expect(cluster.runs).toMatchObject([{ aiNode: 'ai-1' }, { aiNode: 'ai-2', prefix: 'one ' }]);
    await cluster.chunk('wrong', 4, undefined, lost);
    expect(lost).toMatchObject({ aborted: true });
    await cluster.chunk('two', 4, DONE);
    expect((await node.owner.reads.history({ ...user, sessionId })).messages[1]).toMatchObject({ content: 'one two' });
  });

  it('K33 is given up by a new owner that gets no answer and finds it gone; one that is only slow is asked again', async () => {
    const second = await cluster.start('n2');
    node.owner.directory.dropAll('test');
    let slow = true;
    second.ports.ai.attach = async () => {
      if (slow) throw new Error('no answer');
      return { known: true };
    };
    await second.owner.directory.actor(sessionId);
    await cluster.clock.advance(1_500);
    expect(cluster.runs).toHaveLength(1);
    cluster.gone.add('ai-1');
    await cluster.clock.advance(300);
    expect(cluster.runs).toMatchObject([{ aiNode: 'ai-1' }, { aiNode: 'ai-2', prefix: 'one ' }]);
    slow = false;
  });

  it('K33 is given up when it is there and says nothing for long, but not while nobody can tell', async () => {
    const second = await cluster.start('n2');
    node.owner.directory.dropAll('test');
    second.ports.ai.attach = () => Promise.reject(new Error('no answer'));
    const { isGone } = cluster.presence;
    cluster.presence.isGone = () => Promise.reject(new Error('Redis away'));
    await second.owner.directory.actor(sessionId);
    await cluster.clock.advance(10_000);
    expect(cluster.runs).toHaveLength(1);
    cluster.presence.isGone = isGone;
    await cluster.clock.advance(3_500);
    expect(cluster.runs).toHaveLength(1);
    await cluster.clock.advance(1_000);
    expect(cluster.runs).toMatchObject([{ aiNode: 'ai-1' }, { aiNode: 'ai-2', prefix: 'one ' }]);
  });
});

it('K34 every node full or away ends the reply, retryable, after growing pauses', async () => {
  const at: number[] = [];
  const error = Object.assign(new Error('full'), { type: 'ai-unavailable', code: 503, retryable: true });
  node.ports.ai.generate = () => (at.push(cluster.clock.now()), Promise.reject(error));
  await cluster.send(node, sessionId);
  await cluster.clock.advance(5_000);
  expect(at.slice(1).map((time, index) => time - at[index]!)).toEqual([100, 300, 900, 2700]);
  expect(last()).toMatchObject({ type: 'message.failed', error: { code: 'ai-unavailable', retryable: true } });
});

it('K35 a run that was accepted without an answer is replaced under a new id; only one is shown, the other aborted', async () => {
  const { generate } = node.ports.ai;
  let lose = 1;
  node.ports.ai.generate = async (params) => {
    const accepted = await generate(params);
    if (lose-- > 0) throw Object.assign(new Error('no answer'), { type: 'ai-unavailable', code: 503, retryable: true });
    return accepted;
  };
  await cluster.send(node, sessionId);
  await cluster.clock.advance(200);
  const [lost, taken] = cluster.runs;
  expect(taken!.runId).not.toBe(lost!.runId);
  await cluster.chunk('wrong', 0, DONE, lost);
  await cluster.chunk('right', 0, DONE, taken);
  expect([lost!.aborted, taken!.aborted]).toEqual([true, false]);
  expect((await node.owner.reads.history({ ...user, sessionId })).messages[1]).toMatchObject({ content: 'right' });
});
