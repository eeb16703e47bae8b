import { join } from 'node:path';
import { openEmbedded } from '../../../src/backends/embedded/embedded-backends.ts';
import { Sqlite } from '../../../src/backends/embedded/sqlite.ts';
import { auditEntry, batch, deltas, HARD_TEXT, ownedSession } from '../../contract/samples.ts';
import { embeddedSettings, tempFolder } from '../../support/embedded-folder.ts';

const folder = tempFolder();
afterAll(() => folder.remove());

test('A23 the trail has each entry once, as it came first, also when it is delivered again', async () => {
  const dir = join(folder.path, 'trail');
  const stores = openEmbedded(embeddedSettings(dir));
  const [one, two] = [auditEntry({ data: { text: HARD_TEXT } }), auditEntry()];
  await stores.sink.deliver([one]);
  await stores.sink.deliver([{ ...one, data: { text: 'changed' } }, two, two]);
  await stores.close();
  const db = new Sqlite(join(dir, 'holdfast.db'));
  const rows = db.all<{ entry: string }>('SELECT entry FROM audit_trail ORDER BY rowid');
  expect(rows.map((row): unknown => JSON.parse(row.entry))).toEqual([one, two]);
  db.close();
});

test('A23 the trail is read back in order, whole, by session or since a time', async () => {
  const stores = openEmbedded(embeddedSettings(join(folder.path, 'read')));
  const entries = Array.from({ length: 1_203 }, (_, n) => auditEntry({ sessionId: n % 3 === 0 ? 's1' : null, at: new Date(n * 1_000).toISOString() }));
  await stores.sink.deliver(entries);
  const read = async (options: Parameters<typeof stores.sink.read>[0]) => {
    const found: typeof entries = [];
    await stores.sink.read(options, (some) => found.push(...some));
    return found;
  };
  expect(await read({})).toEqual(entries);
  expect(await read({ sessionId: 's1' })).toEqual(entries.filter((_, n) => n % 3 === 0));
  expect(await read({ since: 1_000_000 })).toEqual(entries.slice(1_000));
  await stores.close();
});

test('A24 with AUDIT=off nothing is kept, and appends go on', async () => {
  const stores = openEmbedded({ ...embeddedSettings(join(folder.path, 'off')), AUDIT: 'off' });
  const owned = await ownedSession(stores);
  expect(await stores.log.append(batch(owned, deltas(1), { audit: [auditEntry()] }))).toMatchObject({ status: 'appended' });
  await stores.outbox.add([auditEntry()]);
  expect(await stores.outbox.peek(9)).toEqual([]);
  expect(await stores.outbox.stats()).toEqual({ entries: 0, bytes: 0, shed: 0 });
  await stores.close();
});
