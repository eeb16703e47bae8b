/** History in MongoDB with more than one node at it, and with attempts that ended halfway. */
import mongoose from 'mongoose';
import { openMongo } from '../../src/backends/cluster/mongo-connection.ts';
import { openMongoHistory, type OpenHistory } from '../../src/backends/cluster/mongo-history.ts';
import { historyModels, messageDoc, type HistoryModels } from '../../src/backends/cluster/mongo-models.ts';
import { MongoHistory } from '../../src/backends/cluster/mongo-store.ts';
import { systemClock } from '../../src/clock.ts';
import { newSessionId } from '../../src/ids.ts';
import { StartError } from '../../src/start-error.ts';
import { messageOf, recordOf } from '../contract/samples.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { until } from '../support/until.ts';

describeWith(['mongo'], 'history of several nodes', () => {
  let nodes: [OpenHistory, OpenHistory];
  let link: ReturnType<typeof openMongo>;
  let models: HistoryModels;

  beforeAll(async () => {
    const settings = { MONGO_URL: (await testMongo()).url, MONGO_TIMEOUT_MS: 10_000 };
    nodes = [openMongoHistory(settings), openMongoHistory(settings)];
    for (const node of nodes) await until('the indexes are made', async () => (await node.health()).ok, 15_000);
    link = openMongo(settings, async () => {});
    models = historyModels(link.connection);
    await until('connected', async () => (await link.health()).ok);
  });
  afterAll(async () => {
    await Promise.all([...nodes, link].map((each) => each?.close()));
  });

  /** A store that runs `first` each time before this method of a collection; what it throws, the method throws. */
  function before(collection: keyof HistoryModels, method: string, first: () => Promise<unknown>): MongoHistory {
    const model = new Proxy(models[collection], {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (key !== method || typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const run = async (): Promise<unknown> => (await first(), (await value.apply(target, args)) as unknown);
          // Like a query: it runs when it is awaited, plain or as `lean()`.
          return { lean: run, then: (...each: Parameters<Promise<unknown>['then']>) => run().then(...each) };
        };
      },
    });
    return new MongoHistory(link, { ...models, [collection]: model }, systemClock);
  }
  const left = (session: string): Promise<number> => models.messages.countDocuments({ session });

  test('S60 many stores of one message from two nodes are one document, and no store fails', async () => {
    const record = recordOf({ rev: 1 });
    const stores = Array.from({ length: 20 }, (_, i) => nodes[i % 2]!.history.store({ ...record, rev: i + 1, title: `rev ${i + 1}` }, [messageOf(record.id, 1), messageOf(record.id, 2)]));
    expect(await Promise.all(stores)).toEqual(stores.map(() => ({ deleted: false })));
    expect(await left(record.id)).toBe(2);
    expect(await models.sessions.countDocuments({ _id: record.id })).toBe(1);
    expect((await nodes[0].history.session(record.id))?.record).toEqual({ ...record, rev: 20, title: 'rev 20' });
  });

  test('S60 what one node stored the other one reads at once', async () => {
    const record = recordOf();
    await nodes[0].history.store(record, [messageOf(record.id, 1)]);
    expect(await nodes[1].history.page(record.id, undefined, 5)).toEqual({ messages: [messageOf(record.id, 1)], hasMore: false });
  });

  test('S60 two nodes that make one session at the same moment both have stored', async () => {
    const record = recordOf();
    const store = before('sessions', 'findOneAndUpdate', async () => {
      await nodes[1].history.store(record, [messageOf(record.id, 1)]);
      throw new mongoose.mongo.MongoServerError({ message: 'duplicate key', code: 11_000 });
    }).store(record, [messageOf(record.id, 2)]);
    expect(await store).toEqual({ deleted: false });
    expect(await left(record.id)).toBe(2);
  });

  test('S60 a message that is there, but not on a majority yet, is not stored', async () => {
    const record = recordOf();
    const half = before('messages', 'insertMany', async () => {
      const error = new mongoose.mongo.MongoBulkWriteError({ message: 'duplicate key', code: 11_000, writeErrors: [{ code: 11_000 }] } as never, {} as never);
      throw Object.assign(error, { result: { getWriteConcernError: () => ({ code: 64 }) } });
    });
    await expect(half.store(record, [messageOf(record.id, 1)])).rejects.toMatchObject({ type: 'unavailable' });
  });

  test('S61 a store whose session is removed between its two writes undoes itself', async () => {
    const record = recordOf();
    const store = before('messages', 'insertMany', () => nodes[0].history.remove(record.id, record.userId, 2)).store(record, [messageOf(record.id, 1)]);
    expect(await store).toEqual({ deleted: true });
    expect(await left(record.id)).toBe(0);
    expect(await nodes[0].history.session(record.id)).toMatchObject({ deleted: true });
  });

  test('S61 a store between the tombstone and the end of the removal stores nothing', async () => {
    const record = recordOf();
    await nodes[0].history.store(record, [messageOf(record.id, 1)]);
    const seen: unknown[] = [];
    const removing = before('messages', 'deleteMany', async () => seen.push(await nodes[1].history.store({ ...record, rev: 9 }, [messageOf(record.id, 2)])));
    await removing.remove(record.id, record.userId, 2);
    expect(seen).toEqual([{ deleted: true }]);
    expect(await left(record.id)).toBe(0);
  });

  test('S61 what an attempt left that ended halfway goes with the next one', async () => {
    const [removed, stored] = [recordOf(), recordOf()];
    for (const record of [removed, stored]) {
      await nodes[0].history.remove(record.id, record.userId, 2);
      await models.messages.create(messageDoc(record, messageOf(record.id, 1)));
    }
    await nodes[0].history.remove(removed.id, removed.userId, 2);
    expect(await left(removed.id)).toBe(0);
    expect(await nodes[0].history.store(stored, [messageOf(stored.id, 1)])).toEqual({ deleted: true });
    expect(await left(stored.id)).toBe(0);
  });

  test('S71 users whose ids differ in half a character only are two users', async () => {
    const [one, other] = ['\ud800', '\ud801'].map((half) => recordOf({ userId: `half ${half}` }));
    for (const record of [one!, other!]) await nodes[0].history.store(record, [messageOf(record.id, 1, { content: 'word' })]);
    for (const record of [one!, other!]) {
      expect((await nodes[1].history.list(record.userId, { limit: 5 })).sessions).toEqual([record]);
      expect((await nodes[1].history.list(record.userId, { limit: 5, query: 'word' })).sessions).toEqual([record]);
    }
  });

  test('S62 every question has its index, made by the nodes themselves', async () => {
    const keys = async (model: 'sessions' | 'messages') => (await models[model].listIndexes()).map(({ key }) => Object.keys(key as object).join(' ')).sort();
    expect(await keys('sessions')).toEqual(['_id', 'share', 'user deleted updatedAt _id', 'user pinned updatedAt _id', 'user words']);
    expect(await keys('messages')).toEqual(['_id', 'session position', 'session turn', 'user words']);
  });

  test('S63 hundreds of sessions and messages are paged without a gap, and found', async () => {
    const userId = `user-${newSessionId()}`;
    const records = Array.from({ length: 300 }, (_, i) => recordOf({ userId, title: `number${i}`, updatedAt: `2026-01-01T00:00:00.${String(i % 7).padStart(3, '0')}Z` }));
    for (let i = 0; i < records.length; i += 50) await Promise.all(records.slice(i, i + 50).map((record) => nodes[0].history.store(record, [])));
    const long = records[0]!;
    const messages = Array.from({ length: 250 }, (_, i) => messageOf(long.id, i + 1, { content: `needle${i}` }));
    await nodes[0].history.store({ ...long, rev: 2 }, messages);

    const seen: string[] = [];
    let place: string | undefined;
    do {
      const page = await nodes[1].history.list(userId, { limit: 70, before: place });
      seen.push(...page.sessions.map(({ id }) => id));
      place = page.before;
    } while (place !== undefined);
    expect(seen).toHaveLength(300);
    expect(new Set(seen)).toEqual(new Set(records.map(({ id }) => id)));
    expect((await nodes[1].history.page(long.id, 201, 200)).messages).toEqual(messages.slice(0, 200));
    expect((await nodes[1].history.list(userId, { limit: 5, query: 'needle249' })).sessions.map(({ id }) => id)).toEqual([long.id]);
  }, 60_000);
});

test.each(['', 'localhost:27017', 'mongodb://user:p@ss@word@host/db', 'redis://127.0.0.1'])('S64 a MONGO_URL that is none (%j) is refused in one line that hides it', (url) => {
  const open = () => openMongoHistory({ MONGO_URL: url, MONGO_TIMEOUT_MS: 1_000 });
  expect(open).toThrow(StartError);
  expect(open).toThrow(/^MONGO_URL is not (?!.*(ss@word|6379)).*$/);
});
