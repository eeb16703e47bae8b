import { join } from 'node:path';
import { openEmbedded, storeHealth } from '../../../src/backends/embedded/embedded-backends.ts';
import { Sqlite } from '../../../src/backends/embedded/sqlite.ts';
import { embeddedSettings, tempFolder } from '../../support/embedded-folder.ts';

const folder = tempFolder();
afterAll(() => folder.remove());

test('S40 on a full disk a write rejects whole, health says so, and all goes on when there is room', async () => {
  await openEmbedded(embeddedSettings(folder.path)).close();
  const db = new Sqlite(join(folder.path, 'holdfast.db'));
  db.beginWriting();
  const pages = db.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
  db.get(`PRAGMA max_page_count=${pages + 2}`);
  const fill = (): void => {
    for (let seq = 1; seq <= 100; seq += 1) db.run('INSERT INTO events VALUES (?, ?, 0, ?)', 's', seq, 'x'.repeat(3_000));
  };
  expect(() => db.transaction(fill)).toThrow('full');
  expect(db.all('SELECT seq FROM events')).toEqual([]);
  expect(db.failure).toMatch('full');
  // A caller's mistake is no trouble of the store.
  expect(() => db.transaction(() => { throw new Error('mistake'); })).toThrow('mistake');
  expect(db.failure).toMatch('full');
  db.get(`PRAGMA max_page_count=${pages + 1_000}`);
  expect(storeHealth(db)).toEqual({ ok: true });
  db.transaction(fill);
  expect(db.all('SELECT seq FROM events')).toHaveLength(100);
  db.close();
});
