/** The power of the only machine goes: Redis' file lacks its end, every process is dead, history has what it took. */
import { statSync, truncateSync } from 'node:fs';
import type { RedisStores } from '../../src/backends/cluster/redis-stores.ts';
import { ownerOnRedis } from '../support/cluster/owner-on-redis.ts';
import { settledStores } from '../support/cluster/redis-harness.ts';
import { MemoryWorld } from '../support/fakes/memory-backends.ts';
import { DONE } from '../support/owner-harness.ts';
import { appendOnlyFile } from '../support/servers/append-only-file.ts';
import { describeWith } from '../support/servers/programs.ts';
import { testRedis } from '../support/servers/redis.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const TTL = 1_200;
const user = { userId: 'u1' };

describeWith(['redis-server'], 'a log that is behind history, in Redis', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function ownerOn(stores: RedisStores, world: MemoryWorld) {
    const owner = await ownerOnRedis(stores, world, TTL);
    const { node, history, generated } = owner;
    closing.unshift(() => node.stop().catch(() => {}));
    const talk = async (sessionId: string, content: string, answer?: string): Promise<string> => {
      const runs = generated.length;
      const { replyId } = await node.commands.send({ ...user, sessionId, clientMessageId: content, content });
      await until('a run', () => generated.length > runs);
      if (answer === undefined) return replyId;
      node.takeChunks({ aiNode: 'ai-1', chunks: [{ runId: generated.at(-1)!.runId, sessionId, offset: 0, text: answer, end: DONE }] });
      await until('its end in history', async () => (await history.message(sessionId, replyId)) !== null);
      return replyId;
    };
    return { ...owner, talk };
  }

  test('S84 S85 S88 nothing of history is hidden or written over, and an open reply that was lost fails', async () => {
    const server = await testRedis({ args: ['--appendfsync', 'always'] });
    const proxy = await tcpProxy(server.port);
    const near = await settledStores(proxy.url(server.url), { NODE_TTL_MS: TTL, APPEND_TIMEOUT_MS: 500 });
    closing.push(() => near.close(), () => proxy.close());
    const world = new MemoryWorld();
    const owner = await ownerOn(near, world);
    const { session: { id: sessionId } } = await owner.node.reads.open(user);
    await owner.talk(sessionId, 'one', 'answer one');
    await until('the log to be stored', () => owner.node.directory.view().every(({ seq, storedThrough }) => seq === storedThrough));
    const { logId } = (await near.log.meta(sessionId))!;
    const kept = statSync(appendOnlyFile(server.dir)).size;
    await owner.talk(sessionId, 'two', 'answer two');
    const replyId = await owner.talk(sessionId, 'three');
    await until('its question in history', async () => (await owner.history.page(sessionId, undefined, 9)).messages.length === 5);
    const before = (await owner.history.session(sessionId))!.record;

    proxy.pause();
    server.kill('SIGKILL');
    await server.exited;
    truncateSync(appendOnlyFile(server.dir), kept);
    await testRedis({ dir: server.dir, port: server.port });
    const far = await settledStores(server.url, { NODE_TTL_MS: TTL });
    closing.push(() => far.close());
    expect(await far.log.meta(sessionId)).toMatchObject({ logId, nextPosition: 3, unsure: true });
    const heir = await ownerOn(far, world);
    const open = () => heir.node.reads.open({ ...user, sessionId });
    await until('the session to be free', () => open().then(() => true, () => false), 10_000);

    const lost = { id: replyId, position: 6, status: 'failed', error: { code: 'unavailable', retryable: true } };
    const found = await open();
    expect(found.cursor.logId).not.toBe(logId);
    expect(found.messages).toMatchObject([{ content: 'one' }, { content: 'answer one' }, { content: 'two' }, { content: 'answer two' }, { content: 'three' }, lost]);
    expect(await far.log.meta(sessionId)).not.toHaveProperty('unsure');
    const repeat = { ...user, sessionId, clientMessageId: 'two', content: 'two' };
    expect(await heir.node.commands.send(repeat)).toMatchObject({ duplicate: true, status: 'complete' });
    await heir.talk(sessionId, 'four', 'answer four');
    const { messages } = await open();
    expect(messages!.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await heir.history.page(sessionId, undefined, 99)).toEqual({ messages, hasMore: false });
    const after = (await heir.history.session(sessionId))!.record;
    expect(after).toMatchObject({ nextPosition: 9, messageCount: 8, tip: messages!.at(-1)!.id });
    expect(after.rev).toBeGreaterThan(before.rev);
  }, 30_000);
});
