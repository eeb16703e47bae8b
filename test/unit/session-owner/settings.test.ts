/** A session's settings: who hears of them, what keeps them, and which of them a reply asks for. */
import { ownerHarness, DONE, type Harness } from '../../support/owner-harness.ts';
import { OwnerCluster, type ClusterNode } from '../../support/owner-cluster.ts';
import { settle } from '../../support/virtual-clock.ts';

const user = { userId: 'u1' };
const OLD = { model: 'model-a', temperature: 0.3, systemPrompt: 'Be brief.' };
const NEW = { model: 'model-b', temperature: 1.5, systemPrompt: 'Be long.' };

describe('with several nodes', () => {
  let cluster: OwnerCluster;
  let node: ClusterNode;
  let sessionId: string;
  const start = async (env: Record<string, string> = {}): Promise<void> => {
    cluster = new OwnerCluster(env);
    node = await cluster.start('n1');
    sessionId = await cluster.newSession(node);
  };
  beforeEach(() => start());
  afterEach(() => cluster.stop());
  const configure = (settings: object, at = node) => at.owner.commands.configure({ ...user, sessionId, settings });
  const open = (at = node) => at.owner.reads.open({ ...user, sessionId });
  const record = async (at = node) => (await at.backends.history.session(sessionId))?.record;

  it('H60 each change says what it changes; null is the default again; all tabs hear the whole', async () => {
    await configure(OLD);
    expect((await configure({ temperature: 0, systemPrompt: null })).session).toMatchObject({ settings: { model: 'model-a', temperature: 0 } });
    expect((await configure({ systemPrompt: '  \n ', model: null })).session.settings).toEqual({ temperature: 0 });
    expect((await configure({ temperature: null })).session.settings).toEqual({});
    expect(cluster.shown(sessionId)).toMatchObject([
      { type: 'session.configured', settings: OLD },
      { type: 'session.configured', settings: { model: 'model-a', temperature: 0 } },
      { type: 'session.configured', settings: { temperature: 0 } },
      { type: 'session.configured', settings: {} },
    ]);
  });

  it('H60 the same again changes nothing, and the session keeps its place in the list', async () => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one', 0, DONE);
    const before = await open();
    await cluster.clock.advance(1_000);
    await configure(OLD);
    await configure({ model: OLD.model });
    await configure({});
    await settle();
    expect(cluster.shown(sessionId).filter(({ type }) => type === 'session.configured')).toHaveLength(1);
    expect((await open()).session).toEqual({ ...before.session, settings: OLD });
    expect((await node.owner.reads.list(user)).sessions).toEqual([before.session]);
  });

  it('H61 set before the first message they are the first reply\'s, and the record in history has them', async () => {
    await configure(OLD);
    await settle();
    expect(await record()).toBeUndefined();
    await cluster.send(node, sessionId);
    expect(cluster.runs[0]).toMatchObject({ settings: OLD });
    await cluster.chunk('one', 0, DONE);
    expect(await record()).toMatchObject({ settings: OLD });
  });

  it('H61 another owner has them, and so has a log that is made again from history', async () => {
    await configure(OLD);
    await cluster.send(node, sessionId);
    await cluster.chunk('one', 0, DONE);
    await cluster.kill(node);
    const second = await cluster.start('n2');
    expect((await open(second)).session.settings).toEqual(OLD);
    for (const { id } of cluster.nodes) cluster.world.loseNode(id);
    cluster.world.loseData();
    const third = await cluster.start('n3');
    expect((await open(third)).session.settings).toEqual(OLD);
    await cluster.send(third, sessionId, 'two');
    expect(cluster.runs.at(-1)).toMatchObject({ settings: OLD });
  });

  it('H61 who remembers the session brings them through a loss of the store', async () => {
    await cluster.send(node, sessionId);
    await cluster.chunk('one', 0, DONE);
    await configure(OLD);
    cluster.world.loseData();
    await cluster.clock.advance(1_000);
    expect((await open()).session.settings).toEqual(OLD);
    await settle();
    expect(await record()).toMatchObject({ settings: OLD });
  });

  it('H61 a log that is behind history learns the newer ones from it', async () => {
    await configure(OLD);
    await cluster.send(node, sessionId);
    await cluster.chunk('one', 0, DONE);
    const lose = cluster.world.keepLogs();
    await configure(NEW);
    await settle();
    await cluster.kill(node);
    lose();
    expect((await open(await cluster.start('n2'))).session.settings).toEqual(NEW);
  });

  it('K40 a reply asks for what the session is set to when it begins; without settings for nothing', async () => {
    await cluster.send(node, sessionId, 'one');
    expect(cluster.runs[0]).not.toHaveProperty('settings');
    await configure(OLD);
    await cluster.chunk('first', 0, DONE);
    const { replyId } = await cluster.send(node, sessionId, 'two');
    await cluster.chunk('second', 0, DONE);
    await configure({ temperature: null, systemPrompt: null });
    await node.owner.versions.regenerate({ ...user, sessionId, messageId: replyId, clientMessageId: 'again' });
    await settle();
    await cluster.chunk('third', 0, DONE);
    await configure({ model: null });
    await cluster.send(node, sessionId, 'three');
    expect(cluster.runs.map(({ settings }) => settings)).toEqual([undefined, OLD, { model: 'model-a' }, undefined]);
  });

  it.each(['prefill', 'restart'])('K41 what replaces a lost run asks for what the first one asked, whatever was set meanwhile (%s)', async (how) => {
    await cluster.stop();
    await start({ AI_CONTINUATION: how });
    await configure(OLD);
    await cluster.send(node, sessionId);
    await cluster.chunk('one ', 0);
    await configure(NEW);
    cluster.aiNode = 'ai-2';
    cluster.tellGone('ai-1');
    await cluster.clock.advance(200);
    expect(cluster.runs).toMatchObject([{ aiNode: 'ai-1', settings: OLD }, { aiNode: 'ai-2', prefix: how === 'prefill' ? 'one ' : '', settings: OLD }]);
    await cluster.chunk('two', how === 'prefill' ? 4 : 0, DONE);
    await cluster.send(node, sessionId, 'next');
    expect(cluster.runs.at(-1)).toMatchObject({ settings: NEW });
  });

  it('K41 also when its owner dies with the ai node, and when nobody took the first run', async () => {
    await configure(OLD);
    await cluster.send(node, sessionId);
    await cluster.chunk('one ', 0);
    await configure(NEW);
    cluster.aiNode = 'ai-2';
    cluster.tellGone('ai-1');
    await cluster.kill(node);
    const second = await cluster.start('n2');
    await open(second);
    await cluster.clock.advance(10_000);
    expect(cluster.runs.at(-1)).toMatchObject({ ownerNode: 'n2', aiNode: 'ai-2', prefix: 'one ', settings: OLD });
  });
});

describe('the audit', () => {
  let harness: Harness;
  afterEach(() => harness.close());

  it('H64 a change of the settings is in the audit with the record that it made', async () => {
    harness = await ownerHarness();
    const { sessionId } = await harness.node.commands.send({ ...user, clientMessageId: 'c1', content: 'Hello' });
    await harness.settle();
    await harness.chunk('one', 0, DONE);
    await harness.node.commands.configure({ ...user, sessionId, settings: OLD });
    const entries = (await harness.backends.outbox.peek(99)).map(({ entry }) => entry);
    expect(entries.at(-1)).toMatchObject({ type: 'session.configured', userId: 'u1', sessionId, data: { settings: OLD, record: { settings: OLD } } });
  });
});
