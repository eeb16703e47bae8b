/** What a start of the process keeps, and what it changes. */
import { openEmbedded } from '../../../src/backends/embedded/embedded-backends.ts';
import { auditEntry, batch, claimed, deltas, HARD_TEXT, messageOf, ownedSession, recordOf, seedOf } from '../../contract/samples.ts';
import { embeddedSettings, tempFolder } from '../../support/embedded-folder.ts';

const folder = tempFolder();
afterAll(() => folder.remove());
const open = () => openEmbedded(embeddedSettings(folder.path));

test('S30 everything is there after a restart, and each log has another logId', async () => {
  let stores = open();
  const owned = await ownedSession(stores, { title: HARD_TEXT });
  const { sessionId } = owned.lease;
  const op = { id: 'op', result: { messageId: 'a', replyId: 'b' } };
  const run = { runId: 'r', replyId: 'b', baseOffset: 0, aiNode: 'ai', attempt: 2 };
  const entry = auditEntry({ data: { text: HARD_TEXT } });
  await stores.log.append(batch(owned, deltas(9), { ops: [op], audit: [entry], meta: { run } }));
  await stores.log.acknowledge(owned.lease, 4);
  const record = recordOf({ title: HARD_TEXT });
  await stores.history.store(record, [messageOf(record.id, 1, { content: HARD_TEXT })]);
  const before = await stores.log.read(sessionId, 0);
  const logIds = [before?.meta.logId];

  for (let start = 0; start < 3; start += 1) {
    await stores.close();
    stores = open();
    const after = await stores.log.read(sessionId, 0);
    expect(after).toEqual({ ...before, meta: { ...before?.meta, logId: expect.any(String) } });
    expect(after?.meta).toMatchObject({ head: 9, storedThrough: 4, run });
    logIds.push(after?.meta.logId);
  }
  expect(new Set(logIds).size).toBe(4);
  expect(await stores.log.findOp(sessionId, op.id)).toEqual(op.result);
  expect((await stores.outbox.peek(9)).map((item) => item.entry)).toEqual([entry]);
  expect(await stores.outbox.stats()).toMatchObject({ entries: 1 });
  expect(await stores.history.session(record.id)).toEqual({ record, deleted: false });
  expect((await stores.history.message(record.id, 'm1'))?.content).toBe(HARD_TEXT);
  await stores.close();
});

test('O29 a restart frees every lease: unsaved sessions are found, old leases are fenced, epochs go on', async () => {
  let stores = open();
  const owned = await ownedSession(stores);
  const { sessionId } = owned.lease;
  await stores.log.append(batch(owned, deltas(2)));
  await stores.close();
  stores = open();
  expect(await stores.leases.owner(sessionId)).toBeNull();
  expect(await stores.leases.abandoned(100)).toContain(sessionId);
  expect(await stores.log.append(batch(owned, deltas(1, 3)))).toEqual({ status: 'fenced' });
  await stores.leases.join(owned.lease.nodeId, { lost: () => {}, storeLost: () => {} });
  expect((await claimed(stores, sessionId, owned.lease.nodeId)).epoch).toBeGreaterThan(owned.lease.epoch);
  await stores.close();
});

test('S30 empty logs get another logId too', async () => {
  let stores = open();
  const seed = seedOf();
  await stores.log.create(seed);
  await stores.close();
  stores = open();
  expect((await stores.log.meta(seed.sessionId))?.logId).not.toBe(seed.logId);
  await stores.close();
});

test('S38 a secret is made once, 32 random bytes for each name', async () => {
  let stores = open();
  const [first, other] = [await stores.secret('a'), await stores.secret('b')];
  expect(Buffer.from(first, 'base64url')).toHaveLength(32);
  expect(other).not.toBe(first);
  await stores.close();
  stores = open();
  expect(await stores.secret('a')).toBe(first);
  await stores.close();
});

test('S39 a closed store refuses everything', async () => {
  const stores = open();
  const owned = await ownedSession(stores);
  await stores.log.append(batch(owned, deltas(1)));
  await stores.close();
  await stores.close();
  await expect(stores.log.append(batch(owned, deltas(1, 2)))).rejects.toThrow('The store is closed.');
  await expect(stores.log.meta(owned.lease.sessionId)).rejects.toThrow('The store is closed.');
  const again = open();
  expect((await again.log.meta(owned.lease.sessionId))?.head).toBe(1);
  await again.close();
});
