/** What the embedded store refuses to open, and that it leaves it as it was. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbedded } from '../../../src/backends/embedded/embedded-backends.ts';
import { APPLICATION_ID, migrate, SCHEMA_VERSION, schemaVersion, STEPS } from '../../../src/backends/embedded/schema.ts';
import { Sqlite } from '../../../src/backends/embedded/sqlite.ts';
import { StartError } from '../../../src/start-error.ts';
import { deltas, batch, messageOf, ownedSession, recordOf } from '../../contract/samples.ts';
import { embeddedSettings, tempFolder } from '../../support/embedded-folder.ts';
import { runChild } from '../../support/run-child.ts';
import { until } from '../../support/until.ts';

const folder = tempFolder();
afterAll(() => folder.remove());
const child = join(__dirname, '../../support/store-child.ts');
let folders = 0;
const newFolder = (): string => {
  folders += 1;
  const path = join(folder.path, `data-${folders}`);
  mkdirSync(path);
  return path;
};
const fileIn = (dir: string): string => join(dir, 'holdfast.db');
const open = (dir: string) => openEmbedded(embeddedSettings(dir));

/** Name and content of everything in the folder. */
function contents(dir: string): string[] {
  return readdirSync(dir).sort().map((name) => `${name} ${createHash('sha256').update(readFileSync(join(dir, name))).digest('hex')}`);
}

async function filledStore(): Promise<string> {
  const dir = newFolder();
  const stores = open(dir);
  const owned = await ownedSession(stores);
  await stores.log.append(batch(owned, deltas(2_000, 1, 'some text that fills pages ')));
  await stores.close();
  return dir;
}

/** A store whose process was killed: its write-ahead log is left over. */
async function killedStore(): Promise<string> {
  const dir = await filledStore();
  const running = runChild(child, ['append', dir, 'session']);
  await until('some appends', () => running.lines.length > 50, 15_000);
  running.process.kill('SIGKILL');
  await running.ended;
  expect(readdirSync(dir)).toContain('holdfast.db-wal');
  return dir;
}

function damage(dir: string, from: number, to: number): string {
  const bytes = readFileSync(fileIn(dir));
  writeFileSync(fileIn(dir), bytes.fill(0x41, Math.floor(bytes.length * from), Math.floor(bytes.length * to)));
  return dir;
}

function foreignDatabase(): string {
  const dir = newFolder();
  const db = new Sqlite(fileIn(dir));
  db.exec('CREATE TABLE theirs (a)');
  db.close();
  return dir;
}

function written(content: string): string {
  const dir = newFolder();
  writeFileSync(fileIn(dir), content);
  return dir;
}

test('S32 a damaged or foreign file is refused with one line, and stays byte for byte, with nothing beside it', async () => {
  const truncated = await filledStore();
  truncateSync(fileIn(truncated), Math.floor(statSync(fileIn(truncated)).size / 2));
  const cases: [dir: string, message: RegExp][] = [
    [written('this is no database. '.repeat(500)), /is not a database, or its beginning is damaged/],
    [written('x'), /is not a database/],
    [damage(await filledStore(), 0, 0.001), /is not a database, or its beginning is damaged/],
    [damage(await filledStore(), 0.3, 0.9), /is damaged \(.+\) and was left as it is/],
    [truncated, /is damaged \(.+\) and was left as it is/],
    [foreignDatabase(), /is a database of another program/],
    [damage(await killedStore(), 0.3, 0.9), /is damaged \(.+\) and was left as it is/],
  ];
  const before = cases.map(([dir]) => contents(dir));
  for (const [dir, message] of cases) expect(() => open(dir)).toThrow(message);
  // In a process of its own: SQLite may still write when the process ends.
  const running = runChild(child, ['try', ...cases.map(([dir]) => dir)]);
  expect(await running.ended).toEqual({ code: 0, signal: null });
  const refusals = running.lines.map((line) => JSON.parse(line) as { name: string; message: string });
  for (const [index, [dir, message]] of cases.entries()) {
    expect(refusals[index]).toEqual({ name: 'StartError', message: expect.stringMatching(message) });
    expect(refusals[index]?.message).toContain(fileIn(dir));
    expect(refusals[index]?.message).not.toContain('\n');
  }
  expect(cases.map(([dir]) => contents(dir))).toEqual(before);
}, 60_000);

test('S33 a DATA_DIR that cannot be made or written is refused with one line that names it', () => {
  const dir = newFolder();
  writeFileSync(join(dir, 'file'), '');
  expect(() => open(join(dir, 'file', 'data'))).toThrow(StartError);
  expect(() => open(join(dir, 'file', 'data'))).toThrow(/^DATA_DIR cannot be used \(.*file.*\): .+$/);
  mkdirSync(fileIn(dir));
  expect(() => open(dir)).toThrow(/^DATA_DIR cannot be used \(.*holdfast\.db.*\): .+$/);
});

test('S33 a missing DATA_DIR is made, for this user alone', async () => {
  const dir = join(newFolder(), 'deep', 'data');
  await open(dir).close();
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  expect(statSync(fileIn(dir)).mode & 0o777).toBe(0o600);
  expect(existsSync(`${fileIn(dir)}-wal`)).toBe(false);
});

test('S34 a file of a newer version is refused and stays as it is', async () => {
  const dir = await filledStore();
  const db = new Sqlite(fileIn(dir));
  db.exec(`PRAGMA user_version=${SCHEMA_VERSION + 1}`);
  db.close();
  const before = contents(dir);
  expect(() => open(dir)).toThrow(StartError);
  expect(() => open(dir)).toThrow(`newer Holdfast (schema ${SCHEMA_VERSION + 1}, this one knows ${SCHEMA_VERSION})`);
  expect(contents(dir)).toEqual(before);
});

test('S35 an empty file becomes a store', async () => {
  const dir = written('');
  await open(dir).close();
  const db = new Sqlite(fileIn(dir));
  expect(schemaVersion(db)).toBe(SCHEMA_VERSION);
  db.close();
});

test('S35 a later step keeps what is there; a step that fails leaves no trace', async () => {
  const dir = await filledStore();
  const db = new Sqlite(fileIn(dir));
  db.beginWriting();
  const broken = [...STEPS, 'CREATE TABLE added (a TEXT) STRICT; INSERT INTO added VALUES (1); INSERT INTO nowhere VALUES (1)'];
  expect(() => migrate(db, broken)).toThrow('nowhere');
  expect(schemaVersion(db)).toBe(STEPS.length);
  expect(() => db.get('SELECT * FROM added')).toThrow('no such table');
  migrate(db, [...STEPS, 'CREATE TABLE added (a INTEGER) STRICT; INSERT INTO added SELECT count(*) FROM events']);
  expect(schemaVersion(db)).toBe(STEPS.length + 1);
  expect(db.get('SELECT a FROM added')).toMatchObject({ a: 2_000 });
  db.close();
});

test('S35 the words of an older file are indexed anew, those of removed sessions are not', async () => {
  const dir = newFolder();
  const path = fileIn(dir);
  const db = new Sqlite(path);
  db.beginWriting();
  migrate(db, STEPS.slice(0, 1));
  const record = recordOf({ title: 'Lời chào' });
  for (const [id, deleted, title] of [[record.id, 0, record.title], ['gone', 1, '']] as const) {
    db.run('INSERT INTO sessions (id, user, rev, updated_at, deleted, record) VALUES (?, ?, 1, ?, ?, ?)', id, JSON.stringify(record.userId), record.updatedAt, deleted, JSON.stringify({ ...record, id, title }));
  }
  const texts = Array.from({ length: 1_203 }, (_, index) => messageOf(record.id, index + 1, { content: `हिन्दी số${index}` }));
  for (const message of texts) db.run('INSERT INTO messages (session_id, id, position, parent_id, role, message) VALUES (?, ?, ?, ?, ?, ?)', record.id, message.id, message.position, message.parentId, message.role, JSON.stringify(message));
  db.exec(`PRAGMA application_id=${APPLICATION_ID}`);
  db.close();
  const { history, close } = open(dir);
  for (const query of ['loi chao', 'so0', 'so1202', 'हिन्दी so500']) expect((await history.list(record.userId, { limit: 5, query })).sessions).toEqual([record]);
  expect((await history.list(record.userId, { limit: 5, query: 'हनद' })).sessions).toEqual([]);
  await close();
});
