/**
 * The faults of docs/FAULTS.md that no other file plays, on one cluster: real processes, real servers, a proxy before
 * each node's Redis. Whatever breaks, the checker has the last word: each test ends with no verdict.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ChaosCluster } from '../chaos/chaos-cluster.ts';
import type { ChaosNode } from '../chaos/nodes.ts';
import { Talk } from '../chaos/talk.ts';
import { untilText } from '../support/cluster-check.ts';
import { describeWith } from '../support/servers/programs.ts';
import { guestToken } from '../support/tab.ts';
import { until } from '../support/until.ts';

describeWith(['redis-server', 'mongo', 'kafka'], 'faults', () => {
  let cluster: ChaosCluster;
  let token: string;

  beforeAll(async () => {
    cluster = await ChaosCluster.start('prefill');
    token = await guestToken(cluster.gateways[0]!.url);
  }, 120_000);
  afterAll(async () => cluster?.stop(false), 60_000);
  /** Each test finds everything well, whatever the last one left. */
  beforeEach(async () => {
    for (const node of cluster.nodes.values()) {
      node.proxy.pass();
      node.signal('SIGCONT');
    }
    await cluster.healed();
  }, 60_000);

  const begin = (at?: ChaosNode[]): Promise<Talk> => Talk.begin(cluster, token, at);
  const aiOf = async (talk: Talk): Promise<ChaosNode> => {
    const run = JSON.parse((await cluster.servers.redis.hget(`session:{${talk.sessionId}}:meta`, 'run')) ?? '{}') as { aiNode?: string };
    return [...cluster.nodes.values()].find(({ nodeId }) => nodeId === run.aiNode)!;
  };
  const kill = async (node: ChaosNode): Promise<void> => {
    await node.kill();
    await node.start();
  };
  const gaveUp = (owner: ChaosNode, { sessionId }: Talk): boolean => owner.lines.some((line) => line.includes('node lost its leases') && line.includes(sessionId));
  async function whole(talk: Talk, replyId: string, limitMs?: number): Promise<void> {
    expect(new Set(await talk.ended(replyId, limitMs))).toEqual(new Set(['complete']));
    for (const node of cluster.nodes.values()) node.proxy.pass();
    expect((await talk.verdicts()).verdicts).toEqual([]);
  }

  test('V45 fault 3: SIGKILL of the ai node, with prefill: another run goes on exactly where the text was', async () => {
    const talk = await begin();
    const replyId = await talk.streaming('kill the ai node');
    await kill(await aiOf(talk));
    await whole(talk, replyId);
    expect(talk.runs().map(({ prefix }) => prefix !== '')).toEqual([false, true]);
  }, 60_000);

  test('V45 fault 3: with restart the text starts over, declared, and is that of one run', async () => {
    const gateway = await cluster.add('gateway-restart', { AI_CONTINUATION: 'restart' });
    const talk = await begin([gateway]);
    const replyId = await talk.streaming('kill the ai node');
    await kill(await aiOf(talk));
    await whole(talk, replyId);
    expect(talk.tabs[0]!.counts.restarts).toBe(1);
    expect(talk.runs().map(({ prefix }) => prefix)).toEqual(['', '']);
    expect(await cluster.remove('gateway-restart')).toBe(0);
  }, 60_000);

  test('V45 fault 3: with stop the reply is interrupted and keeps its text', async () => {
    const gateway = await cluster.add('gateway-stop', { AI_CONTINUATION: 'stop' });
    const talk = await begin([gateway]);
    const replyId = await talk.streaming('kill the ai node');
    await kill(await aiOf(talk));
    expect(await talk.ended(replyId)).toEqual(['interrupted']);
    expect(talk.runs()).toHaveLength(1);
    expect((await talk.verdicts()).verdicts).toEqual([]);
    expect(await cluster.remove('gateway-stop')).toBe(0);
  }, 60_000);

  test('V46 fault 4: SIGKILL of a gateway that does not own the session: its tab resumes elsewhere, without a gap or a repeat', async () => {
    const talk = await begin();
    const replyId = await talk.streaming('kill a gateway');
    const owner = await talk.owner();
    const victim = cluster.gateways.findLast((gateway) => gateway !== owner)!;
    await kill(victim);
    await whole(talk, replyId);
    expect(talk.tabs.some(({ trips }) => trips.reconnects > 1)).toBe(true);
  }, 60_000);

  test('V47 fault 5: Redis is killed in the middle of an answer and loses the end of its file: no seq is used twice, the text is whole', async () => {
    const talk = await begin();
    const replyId = await talk.streaming('lose the tail');
    const before = talk.tabs[0]!.cursor?.logId;
    await cluster.servers.end('redis', 'SIGKILL');
    expect(cluster.servers.cutTail(4_000)).toBeGreaterThanOrEqual(4_000);
    await cluster.servers.again('redis');
    await whole(talk, replyId);
    expect(talk.tabs[0]!.cursor?.logId).not.toBe(before);
  }, 60_000);

  test('V48 fault 6: FLUSHALL while the owner is stopped; it wakes first, within its time, and writes the session anew', async () => {
    const talk = await begin();
    const replyId = await talk.streaming('flush');
    const before = talk.tabs[0]!.cursor?.logId;
    const owner = await talk.owner();
    owner.signal('SIGSTOP');
    await cluster.servers.redis.flushall();
    owner.signal('SIGCONT');
    await whole(talk, replyId);
    expect(talk.tabs[0]!.cursor?.logId).not.toBe(before);
  }, 60_000);

  test('V48 fault 6: FLUSHALL while the owner is stopped for longer than its time: another one has the session, and nothing of the old one counts', async () => {
    const talk = await begin();
    const replyId = await talk.streaming('flush and sleep');
    const owner = await talk.owner();
    owner.signal('SIGSTOP');
    await cluster.servers.redis.flushall();
    const statuses = await talk.ended(replyId, 40_000);
    owner.signal('SIGCONT');
    await cluster.healed();
    // What was shown lay in Redis and in the stopped process: it cannot stay, but all end with the same, and go on.
    expect(new Set(statuses)).toEqual(new Set(['failed']));
    expect(new Set(await talk.ended(await talk.send('and now?')))).toEqual(new Set(['complete']));
    expect((await talk.verdicts()).verdicts.filter(({ kind }) => kind !== 'text-changed')).toEqual([]);
  }, 90_000);

  test('V49 fault 7: Redis out of reach of the owner for five seconds: it gives up before its time is over, another one goes on', async () => {
    const talk = await begin();
    const replyId = await talk.streaming('out of reach');
    const owner = await talk.owner();
    owner.proxy.pause();
    const away = pause(5_000);
    await until('another owner', async () => (await talk.owner()) !== owner, 10_000);
    expect(gaveUp(owner, talk)).toBe(true);
    await away;
    owner.proxy.pass();
    await whole(talk, replyId);
  }, 60_000);

  test.each([60_000, -60_000])('V50 fault 9: the clock of the owner jumps by %d ms in the middle of an answer, and back: one writer, a whole text', async (ms) => {
    const talk = await begin();
    const replyId = await talk.streaming('jump');
    const owner = await talk.owner();
    owner.shiftClock(ms);
    await until('some more text', () => talk.tabs[0]!.text(replyId).length > 300);
    owner.shiftClock(0);
    await whole(talk, replyId);
    expect((await talk.owner()) === owner && talk.runs()).toHaveLength(1);
  }, 60_000);

  test('V50 fault 9: an owner whose clock went back gives up before its time is over all the same, with Redis out of reach', async () => {
    const talk = await begin();
    const replyId = await talk.streaming('back');
    const owner = await talk.owner();
    owner.shiftClock(-60_000);
    await until('some more text', () => talk.tabs[0]!.text(replyId).length > 300);
    owner.proxy.pause();
    await until('the owner to give up', () => gaveUp(owner, talk), 4_000);
    owner.proxy.pass();
    owner.shiftClock(0);
    await whole(talk, replyId);
  }, 60_000);

  test('V50 fault 9: the clocks of all nodes jump apart while two owners take a session from each other: never two writers', async () => {
    const talk = await begin();
    const replyId = await talk.streaming('jump apart');
    [...cluster.nodes.values()].forEach((node, n) => node.shiftClock(n % 2 === 0 ? 60_000 : -60_000));
    const owner = await talk.owner();
    owner.signal('SIGSTOP');
    await until('another owner', async () => (await talk.owner()) !== owner, 20_000);
    owner.signal('SIGCONT');
    for (const node of cluster.nodes.values()) node.shiftClock(0);
    await whole(talk, replyId);
  }, 60_000);

  test('V51 fault 12: Kafka is away while people talk; read back afterwards, the trail lacks nothing', async () => {
    await cluster.servers.end('kafka', 'SIGKILL');
    const talk = await begin();
    const replies = [await talk.streaming('first'), ''];
    await talk.ended(replies[0]!);
    replies[1] = await talk.send('second');
    await talk.ended(replies[1]);
    if (process.env['LONG'] === '1') await pause(60_000);
    await cluster.servers.again('kafka');
    expect((await talk.verdicts({ audited: true })).verdicts).toEqual([]);
  }, 180_000);

  test.each(['ai-1', 'ai-2', 'history', 'audit', 'gateway-2'])('V52 fault 14: SIGTERM of %s under load: exit 0, nothing lost', async (name) => {
    const talks = await Promise.all([begin(), begin(), begin()]);
    const replies = await Promise.all(talks.map((talk) => talk.streaming('drain')));
    expect(await cluster.node(name).drain()).toBe(0);
    await cluster.node(name).start();
    await Promise.all(talks.map((talk, n) => whole(talk, replies[n]!)));
  }, 60_000);

  test('V54 fault 17: a session nobody owns, asked for at every node at once: one owner, one message, one run', async () => {
    const talks = await Promise.all(Array.from({ length: 5 }, () => begin()));
    await Promise.all(talks.map((talk) => talk.send('at once', talk.tabs)));
    for (const talk of talks) {
      await whole(talk, talk.sent[0]!.answers[0]!.replyId);
      expect(talk.runs()).toHaveLength(1);
    }
  }, 60_000);

  test('V55 fault 24: SIGKILL of the owner right after the end of a reply, MongoDB away meanwhile: stored later, once', async () => {
    const talk = await begin();
    const replyId = await talk.streaming('the end');
    const owner = await talk.owner();
    await cluster.servers.end('mongo', 'SIGKILL');
    await until('the end in any tab', () => talk.tabs.some((tab) => tab.messages.get(replyId)?.status === 'complete'), 20_000);
    await owner.kill();
    await Promise.all([owner.start(), cluster.servers.again('mongo')]);
    await whole(talk, replyId);
  }, 60_000);

  test.each(['fan-out-sub', 'broker-sub'])('V56 fault 25: the last frames of a reply are lost in the %s connections of all gateways: everybody hears the end within seconds', async (connection) => {
    const talk = await begin();
    const replyId = await talk.streaming('the last frames', 600);
    for (const { proxy } of cluster.gateways) proxy.blackhole(connection, 'back');
    await until('the model to be done', () => talk.runs().some(({ finishedAt }) => finishedAt !== null), 20_000);
    for (const { proxy } of cluster.gateways) proxy.pass();
    await whole(talk, replyId, 15_000);
  }, 60_000);

  test.each(['append', 'stores', 'broker-pub', 'broker-sub', 'fan-out-pub', 'fan-out-sub'])('V57 fault 26: the connection %s of the owner is half-open, the others fine: the reply ends whole, soon', async (connection) => {
    const talk = await begin();
    const replyId = await talk.streaming('half-open');
    const owner = await talk.owner();
    owner.proxy.blackhole(connection);
    // The rest of the reply takes two seconds; a stuck session would need the wire to heal, and it does not.
    await whole(talk, replyId, 25_000);
  }, 60_000);

  test('V58 fault 27: an ai node takes a run and its answer is lost: another one runs, one text is shown, the first is closed upstream', async () => {
    const talk = await begin();
    for (const name of ['ai-1', 'ai-2']) cluster.node(name).proxy.blackhole('broker-pub');
    const replyId = await talk.send('lost answer');
    await until('a run', () => talk.runs().length > 0);
    for (const name of ['ai-1', 'ai-2']) cluster.node(name).proxy.pass();
    await whole(talk, replyId);
    const runs = talk.runs();
    // One that nobody could tell to stop may have come to its end by itself.
    await until('no model to be at work', () => runs.every(({ closedAt, finishedAt }) => closedAt !== null || finishedAt !== null), 35_000);
    expect(runs.filter(({ finishedAt }) => finishedAt !== null).length).toBeGreaterThanOrEqual(1);
    await untilText(talk.tabs[0]!, replyId, 1);
  }, 90_000);
});
