/** Redis hangs until its owners have to forget their sessions, and comes back empty before it has settled: what is open ends. */
import { Redis } from 'ioredis';
import type { RedisStores } from '../../src/backends/cluster/redis-stores.ts';
import { ownerOnRedis } from '../support/cluster/owner-on-redis.ts';
import { settledStores } from '../support/cluster/redis-harness.ts';
import { MemoryWorld } from '../support/fakes/memory-backends.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const TTL = 1_200;
const user = { userId: 'u1' };

describeWith(['redis-server'], 'a reply whose only log is lost', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function ownerOn(stores: RedisStores, world: MemoryWorld) {
    const owner = await ownerOnRedis(stores, world, TTL);
    const { node } = owner;
    closing.unshift(() => node.stop().catch(() => {}));
    return { ...owner, ...node };
  }

  test('S80 after a hang past the fence and FLUSHALL in the settling window it fails, once, for tabs and in history', async () => {
    const server = await testRedis();
    const proxy = await tcpProxy(server.port);
    const near = await settledStores(proxy.url(server.url), { NODE_TTL_MS: TTL, APPEND_TIMEOUT_MS: 500 });
    const far = await settledStores(server.url, { NODE_TTL_MS: TTL });
    closing.push(() => near.close(), () => far.close(), () => proxy.close());
    const world = new MemoryWorld();
    const [owner, other] = [await ownerOn(near, world), await ownerOn(far, world)];
    const { session: { id: sessionId } } = await owner.reads.open(user);
    const { replyId } = await owner.commands.send({ ...user, sessionId, clientMessageId: 'c1', content: 'Hello' });
    await until('a run', () => owner.generated.length > 0);
    const { runId } = owner.generated[0]!;
    const text = { runId, sessionId, offset: 0, text: 'some text' };
    owner.node.takeChunks({ aiNode: 'ai-1', chunks: [text] });
    await until('its text', () => owner.frames.some(({ events }) => events.some(({ type }) => type === 'message.delta')));
    await until('its question in history', async () => (await owner.history.page(sessionId, undefined, 9)).messages.length === 1);

    proxy.pause();
    await until('the owner to forget it', () => owner.directory.view().length === 0, 10_000);
    const client = new Redis(server.url);
    await client.flushall();
    await client.quit();
    proxy.pass();
    // Until the store has settled nobody is told anything, and nothing is ended.
    const open = () => other.reads.open({ ...user, sessionId });
    await expect(open()).rejects.toMatchObject({ type: 'unavailable' });
    await until('the store to settle', () => far.settled().catch(() => false), 10_000);
    await Promise.all([open(), open(), owner.reads.open({ ...user, sessionId }).catch(() => null)]);
    const lost = { id: replyId, status: 'failed', error: { code: 'unavailable', retryable: true } };
    await until('its end in history', async () => (await other.history.message(sessionId, replyId)) !== null);
    expect(await other.history.message(sessionId, replyId)).toMatchObject(lost);
    expect((await open()).messages).toMatchObject([{ content: 'Hello' }, lost]);
    owner.node.takeChunks({ aiNode: 'ai-1', chunks: [{ ...text, text: 'some text and more', end: { outcome: 'completed', finishReason: 'stop' } }] });
    expect(ended([...owner.frames, ...other.frames])).toEqual([{ type: 'message.failed', messageId: replyId }]);
    expect((await far.log.read(sessionId, 0))?.events.map(({ type }) => type)).toEqual(['message.created', 'message.failed']);
  }, 30_000);
});

function ended(frames: { events: { type: string; messageId?: string }[] }[]): object[] {
  const all = frames.flatMap(({ events }) => events);
  return all.filter(({ type }) => /completed|failed|cancelled|interrupted/.test(type)).map(({ type, messageId }) => ({ type, messageId }));
}
