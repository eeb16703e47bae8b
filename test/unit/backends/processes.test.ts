/** Two processes on one folder, and processes that are killed. */
import { join } from 'node:path';
import { openEmbedded } from '../../../src/backends/embedded/embedded-backends.ts';
import { SCHEMA_VERSION, schemaVersion } from '../../../src/backends/embedded/schema.ts';
import { Sqlite } from '../../../src/backends/embedded/sqlite.ts';
import { newSessionId } from '../../../src/ids.ts';
import { deltas } from '../../contract/samples.ts';
import { embeddedSettings, tempFolder } from '../../support/embedded-folder.ts';
import { runChild, type Child } from '../../support/run-child.ts';
import { until } from '../../support/until.ts';

const folder = tempFolder();
afterAll(() => folder.remove());
const child = join(__dirname, '../../support/store-child.ts');
const running = new Set<Child>();
afterEach(() => {
  for (const each of running) each.process.kill('SIGKILL');
  running.clear();
});
function run(args: string[]): Child {
  const started = runChild(child, args);
  running.add(started);
  return started;
}
const open = (dir: string) => openEmbedded(embeddedSettings(dir));
const inUse = (dir: string): string => `DATA_DIR ${dir} is in use by another process: stop that one, or choose another DATA_DIR`;

test('S31 a second process is refused, and the end of the first, SIGKILL too, makes room', async () => {
  const dir = join(folder.path, 'held');
  const holder = run(['hold', dir]);
  await until('the first process to open it', () => holder.lines.includes('open'), 15_000);
  expect(() => open(dir)).toThrow(inUse(dir));
  expect(() => open(dir)).toThrow(inUse(dir));
  holder.process.kill('SIGKILL');
  expect(await holder.ended).toEqual({ code: null, signal: 'SIGKILL' });
  const stores = open(dir);
  expect(await stores.health()).toEqual({ store: { ok: true } });
  await stores.close();
});

test('S31 opening it twice in one process is refused too, and does not loosen the lock', async () => {
  const dir = join(folder.path, 'twice');
  const stores = open(dir);
  expect(() => open(dir)).toThrow(inUse(dir));
  const other = run(['try', dir]);
  await other.ended;
  expect(JSON.parse(String(other.lines[0]))).toEqual({ name: 'StartError', message: inUse(dir) });
  await stores.close();
  await open(dir).close();
});

test('S31 of processes that start at the same moment, one gets it', async () => {
  const rounds = 4;
  const start = Date.now() + 2_500;
  const racers = [1, 2, 3].map(() => run(['race', join(folder.path, 'race'), String(start), String(rounds)]));
  await until('all rounds', () => racers.every((racer) => racer.lines.length === rounds), 30_000);
  for (let round = 0; round < rounds; round += 1) {
    const results = racers.map((racer) => racer.lines[round]).sort();
    const refused = inUse(join(folder.path, 'race', String(round)));
    expect(results).toEqual([refused, refused, 'won']);
  }
}, 60_000);

test('S31 a lock that is let go soon is waited for', async () => {
  const dir = join(folder.path, 'brief');
  const holder = run(['brief', dir]);
  await until('the first process to open it', () => holder.lines.includes('open'), 15_000);
  const db = new Sqlite(join(dir, 'holdfast.db'), 10_000);
  expect(schemaVersion(db)).toBe(SCHEMA_VERSION);
  db.close();
});

test('S36 SIGKILL in the middle of appends loses none that was acknowledged, and tears no batch', async () => {
  const dir = join(folder.path, 'killed');
  const sessionId = newSessionId();
  let acknowledged = 0;
  for (let round = 1; round <= 4; round += 1) {
    const writer = run(['append', dir, sessionId]);
    await until('appends', () => writer.lines.length >= round * 40, 15_000);
    writer.process.kill('SIGKILL');
    await writer.ended;
    // The last line may have been cut.
    const whole = writer.lines.map(Number).filter((head) => head % 3 === 0);
    expect(Math.max(...whole)).toBeGreaterThan(acknowledged);
    acknowledged = Math.max(...whole);
    const stores = open(dir);
    const read = await stores.log.read(sessionId, 0);
    const head = read?.meta.head ?? 0;
    expect(head).toBeGreaterThanOrEqual(acknowledged);
    expect(head % 3).toBe(0);
    expect(read?.events).toEqual(deltas(head));
    await stores.close();
  }
}, 60_000);
