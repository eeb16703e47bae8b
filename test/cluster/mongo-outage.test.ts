/** MongoDB goes away, hangs and comes back: only history waits, nothing is lost or doubled. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { freePort, type LocalServer } from '../../scripts/servers/local-server.ts';
import { openMongoHistory, type OpenHistory } from '../../src/backends/cluster/mongo-history.ts';
import { messageOf, recordOf } from '../contract/samples.ts';
import { serverFolder } from '../support/servers/started.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const AWAY = { type: 'unavailable', data: { retryAfterMs: 1_000 } };
const LIMIT_MS = 1_000;

const opened = new Set<OpenHistory>();
afterEach(async () => {
  await Promise.all([...opened].map((each) => each.close()));
  opened.clear();
});

function open(url: string): OpenHistory {
  const each = openMongoHistory({ MONGO_URL: url, MONGO_TIMEOUT_MS: LIMIT_MS });
  opened.add(each);
  return each;
}
const ready = (each: OpenHistory): Promise<void> => until('history is there', async () => (await each.health()).ok, 15_000);

/** Every call of the contract, refused as it must be and in bounded time. */
async function expectAway({ history }: OpenHistory): Promise<void> {
  const record = recordOf();
  const calls = [
    () => history.store(record, [messageOf(record.id, 1)]),
    () => history.session(record.id),
    () => history.message(record.id, 'm1'),
    () => history.page(record.id, undefined, 5),
    () => history.list(record.userId, { limit: 5 }),
    () => history.list(record.userId, { limit: 5, query: 'word' }),
    () => history.remove(record.id, record.userId, 1),
  ];
  const began = Date.now();
  await Promise.all(calls.map((call) => expect(call()).rejects.toMatchObject(AWAY)));
  expect(Date.now() - began).toBeLessThan(LIMIT_MS + 2_000);
}

describeWith(['mongo'], 'MongoDB away', () => {
  test('S65 a node starts without it and goes on by itself once it is there', async () => {
    const port = await freePort();
    const each = open(`mongodb://127.0.0.1:${port}/holdfast`);
    await expectAway(each);
    await until('an attempt failed', async () => (await each.health()).detail?.includes('ECONNREFUSED') === true);
    await testMongo({ port });
    await ready(each);
    const record = recordOf();
    expect(await each.history.store(record, [messageOf(record.id, 1)])).toEqual({ deleted: false });
  }, 30_000);

  test('S66 killed and started again: calls are refused meanwhile, and everything is there after', async () => {
    let server: LocalServer = await testMongo();
    const each = open(server.url);
    await ready(each);
    const record = recordOf();
    await each.history.store(record, [messageOf(record.id, 1)]);
    for (let round = 2; round <= 3; round += 1) {
      server.kill('SIGKILL');
      await server.exited;
      await expectAway(each);
      expect((await each.health()).ok).toBe(false);
      server = await testMongo({ dir: server.dir, port: server.port });
      await ready(each);
      await each.history.store({ ...record, rev: round }, [messageOf(record.id, round)]);
    }
    expect((await each.history.page(record.id, undefined, 9)).messages).toEqual([1, 2, 3].map((position) => messageOf(record.id, position)));
  }, 60_000);

  test('S67 a server that hangs is refused in bounded time, and used again when it answers', async () => {
    const server = await testMongo();
    const proxy = await tcpProxy(server.port);
    const each = open(proxy.url(server.url));
    await ready(each);
    proxy.blackhole();
    await expectAway(each);
    expect((await each.health()).ok).toBe(false);
    proxy.pass();
    await ready(each);
    expect(await each.history.session('nothing')).toBeNull();
  }, 30_000);

  test('S68 fault 11: a write whose answer was lost is repeated and stays one document', async () => {
    const server = await testMongo();
    const mute = await muteProxy(server.port);
    const [each, direct] = [open(server.url.replace(`:${server.port}`, `:${mute.port}`)), open(server.url)];
    await Promise.all([ready(each), ready(direct)]);
    const record = recordOf();
    for (const [rev, command] of [[1, 'findAndModify'], [2, 'update'], [3, 'insert'], [4, 'update']] as const) {
      const store = () => each.history.store({ ...record, rev }, [messageOf(record.id, rev)]);
      mute.after(command);
      await expect(store()).rejects.toMatchObject(AWAY);
      await until('it was applied all the same', async () => (await direct.history.session(record.id))?.record.rev === rev);
      if (command === 'insert') expect(await direct.history.message(record.id, 'm3')).not.toBeNull();
      mute.off();
      await ready(each);
      for (let again = 0; again < 2; again += 1) expect(await store()).toEqual({ deleted: false });
    }
    expect((await direct.history.page(record.id, undefined, 9)).messages).toEqual([1, 2, 3, 4].map((position) => messageOf(record.id, position)));
    mute.close();
  }, 60_000);

  test('S68 a removal whose answer was lost is repeated and ends', async () => {
    const server = await testMongo();
    const mute = await muteProxy(server.port);
    const [each, direct] = [open(server.url.replace(`:${server.port}`, `:${mute.port}`)), open(server.url)];
    await Promise.all([ready(each), ready(direct)]);
    const record = recordOf();
    await each.history.store(record, [messageOf(record.id, 1)]);
    for (const command of ['update', 'delete']) {
      mute.after(command);
      await expect(each.history.remove(record.id, record.userId, 2)).rejects.toMatchObject(AWAY);
      await until('the tombstone is there', async () => (await direct.history.session(record.id))?.deleted === true);
      mute.off();
      await ready(each);
    }
    await each.history.remove(record.id, record.userId, 2);
    expect(await direct.history.page(record.id, undefined, 9)).toEqual({ messages: [], hasMore: false });
    mute.close();
  }, 60_000);

  test.each(['never there', 'hanging', 'answering'])('S69 a store closes soon while its server is %s', async (state) => {
    const server = state === 'never there' ? null : await testMongo({ dir: serverFolder('mongo') });
    const proxy = server && (await tcpProxy(server.port));
    const each = open(server && proxy ? proxy.url(server.url) : `mongodb://127.0.0.1:${await freePort()}/holdfast`);
    if (server) await ready(each);
    if (state === 'hanging') proxy?.blackhole();
    const asked = each.history.session('nothing').catch((error: unknown) => error);
    const began = Date.now();
    await each.close();
    expect(Date.now() - began).toBeLessThan(5_000);
    await asked;
    await expect(each.history.session('nothing')).rejects.toMatchObject(AWAY);
  }, 30_000);

  test('S69 a closed store connects no more', async () => {
    const [left, going] = [await hangUpServer(), await hangUpServer()];
    const each = open(`mongodb://127.0.0.1:${left.port}/holdfast`);
    open(`mongodb://127.0.0.1:${going.port}/holdfast`);
    await until('both were tried', () => left.count() > 0 && going.count() > 0);
    await each.close();
    const [before, enough] = [left.count(), going.count() + 5];
    await until('another one was tried again and again', () => going.count() >= enough, 15_000);
    expect(left.count()).toBe(before);
    for (const server of [left, going]) server.close();
  }, 30_000);
});

/** Counts who comes, and hangs up. */
async function hangUpServer(): Promise<{ port: number; count(): number; close(): void }> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.on('error', () => {}).destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, count: () => count, close: () => server.close() };
}

/** Lets everything in, and nothing out from the first such command on. */
async function muteProxy(target: number): Promise<{ port: number; after(command: string): void; off(): void; close(): void }> {
  let command = '';
  let muted = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    near.on('data', (data) => {
      // The command's name is the first field of its document.
      if (command !== '' && data.includes(`\u0002${command}\0`, 0, 'latin1')) muted = true;
      far.write(data);
    });
    far.on('data', (data) => muted || near.write(data));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    after: (name) => (command = name),
    off: () => ((command = ''), (muted = false)),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
