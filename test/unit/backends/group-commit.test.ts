import { GroupCommit } from '../../../src/backends/embedded/group-commit.ts';
import type { Sqlite } from '../../../src/backends/embedded/sqlite.ts';

/** Counts transactions, and takes back what a failing one wrote. */
function fakeDb(written: string[], failCommits = 0) {
  const db = {
    transactions: 0,
    transaction<T>(work: () => T): T {
      db.transactions += 1;
      const before = written.length;
      try {
        const result = work();
        if ((failCommits -= 1) >= 0) throw new Error('disk full');
        return result;
      } catch (error) {
        written.splice(before);
        throw error;
      }
    },
  };
  return db;
}

const groupOf = (db: object) => new GroupCommit(db as Sqlite);

it('L6 writes of one turn share a commit and get their own results', async () => {
  const written: string[] = [];
  const db = fakeDb(written);
  const group = groupOf(db);
  const write = (name: string) => group.run(() => (written.push(name), name.toUpperCase()));
  expect(await Promise.all([write('a'), write('b'), write('c')])).toEqual(['A', 'B', 'C']);
  expect(db.transactions).toBe(1);
  expect(await write('d')).toBe('D');
  expect(db.transactions).toBe(2);
  expect(written).toEqual(['a', 'b', 'c', 'd']);
});

it('L6 one that fails takes no other with it, and none is written twice', async () => {
  const written: string[] = [];
  const group = groupOf(fakeDb(written));
  const write = (name: string) => group.run(() => {
    written.push(name);
    if (name === 'bad') throw new Error('no');
    return name;
  });
  const results = await Promise.allSettled([write('a'), write('bad'), write('c')]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(written).toEqual(['a', 'c']);
});

it('L6 when the commit itself fails, each is tried alone and says what became of it', async () => {
  const written: string[] = [];
  const group = groupOf(fakeDb(written, 2));
  const write = (name: string) => group.run(() => written.push(name));
  const results = await Promise.allSettled([write('a'), write('b')]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(written).toEqual(['b']);
});
