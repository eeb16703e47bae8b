/** What every FileStore must do. */
import type { FileStore, StoredFile } from '../../src/backends/contracts.ts';
import { newSessionId, randomId } from '../../src/ids.ts';
import { HARD_TEXT } from './samples.ts';

export interface FilesHarness {
  files: FileStore;
  close: () => Promise<void>;
}

const PLENTY = 1_000_000_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function fileOf(over: Partial<StoredFile> = {}): StoredFile {
  const sessionId = newSessionId();
  return { id: randomId(16), userId: `user-${sessionId}`, sessionId, name: 'notes.md', type: 'text/markdown', bytes: 5, keptAt: 1_000, ...over };
}

export function fileStoreContract(name: string, make: () => Promise<FilesHarness>): void {
  describe(`FileStore: ${name}`, () => {
    let harness: FilesHarness;
    let files: FileStore;
    beforeAll(async () => {
      harness = await make();
      files = harness.files;
    });
    afterAll(() => harness.close());

    const keep = async (over: Partial<StoredFile> = {}, content = bytes('hello')): Promise<StoredFile> => {
      const file = fileOf({ bytes: content.byteLength, ...over });
      expect(await files.keep(file, content, PLENTY)).toEqual({ status: 'kept', file });
      return file;
    };
    const use = (file: StoredFile, ...ids: string[]): Promise<StoredFile[]> => files.use([file.id, ...ids], file);

    test('E1 a file comes back byte by byte, with every field', async () => {
      const all = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256);
      const file = await keep({ name: HARD_TEXT, userId: HARD_TEXT }, all);
      expect(await files.file(file.id)).toEqual(file);
      expect(Uint8Array.from((await files.content(file.id))!)).toEqual(all);
      expect(await files.file('nothing')).toBeNull();
      expect(await files.content('nothing')).toBeNull();
    });

    test('E1 also one of the largest size there may be', async () => {
      const all = new Uint8Array(12_000_000).map((_, i) => (i * 31) % 251);
      const file = await keep({}, all);
      expect(Buffer.compare((await files.content(file.id))!, all)).toBe(0);
      expect(await use(file)).toEqual([file]);
    });

    test('E2 the same id again is the first file, also from many at once', async () => {
      const file = fileOf();
      const kept = await Promise.all(['hello', 'other', 'third'].map((text) => files.keep(file, bytes(text), PLENTY)));
      expect(kept.map(({ status }) => status).sort()).toEqual(['already', 'already', 'kept']);
      expect(await files.keep({ ...file, name: 'another' }, bytes('again'), PLENTY)).toEqual({ status: 'already', file });
      const content = new TextDecoder().decode((await files.content(file.id))!);
      expect(['hello', 'other', 'third']).toContain(content);
    });

    test('E3 over the quota nothing is kept, and a repeat of what is there is no matter of the quota', async () => {
      const file = await keep({}, bytes('12345'));
      const more = fileOf({ userId: file.userId, bytes: 6 });
      expect(await files.keep(more, bytes('123456'), 10)).toEqual({ status: 'full', used: 5 });
      expect(await files.file(more.id)).toBeNull();
      expect(await files.keep(file, bytes('12345'), 1)).toEqual({ status: 'already', file });
      expect(await files.keep(more, bytes('12345'), 10)).toMatchObject({ status: 'kept' });
      expect(await files.keep(fileOf(), bytes('1234567890'), 10)).toMatchObject({ status: 'kept' });
    });

    test('E4 only files of this user and session are used, in the order they are asked for', async () => {
      const first = await keep();
      const second = await keep({ userId: first.userId, sessionId: first.sessionId });
      const elsewhere = await keep({ userId: first.userId });
      const foreign = await keep({ sessionId: first.sessionId });
      expect(await use(second, 'nothing', elsewhere.id, foreign.id, first.id)).toEqual([second, first]);
      expect(await use(second, first.id)).toEqual([second, first]);
      await files.sweep(2_000);
      expect(await files.file(elsewhere.id)).toBeNull();
      expect(await files.file(foreign.id)).toBeNull();
    });

    test('E5 what is old and part of no message is swept, and nothing else', async () => {
      const [old, used, young] = [await keep(), await keep(), await keep({ keptAt: 5_000 })];
      await use(used);
      expect(await files.sweep(5_000)).toBeGreaterThanOrEqual(1);
      expect(await files.file(old.id)).toBeNull();
      expect(await files.content(old.id)).toBeNull();
      expect([await files.file(used.id), await files.file(young.id)]).toEqual([used, young]);
      expect(await files.sweep(5_000)).toBe(0);
      expect(await use(old)).toEqual([]);
    });

    test('E6 a removed session takes its files along, used or not, and leaves room', async () => {
      const used = await keep();
      const unused = await keep({ userId: used.userId, sessionId: used.sessionId });
      const other = await keep({ userId: used.userId });
      await use(used);
      await files.removeSession(used.sessionId);
      expect([await files.file(used.id), await files.file(unused.id)]).toEqual([null, null]);
      expect(await files.file(other.id)).toEqual(other);
      expect(await files.keep(fileOf({ userId: used.userId }), bytes('12345'), 10)).toMatchObject({ status: 'kept' });
      await files.removeSession(used.sessionId);
    });
  });
}
