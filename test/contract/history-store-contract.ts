/** What every HistoryStore must do. */
import type { HistoryStore } from '../../src/backends/contracts.ts';
import { newSessionId } from '../../src/ids.ts';
import type { Feedback } from '../../src/protocol/wire.ts';
import { AT, HARD_TEXT, messageOf, recordOf } from './samples.ts';

export interface HistoryHarness {
  history: HistoryStore;
  close: () => Promise<void>;
}

export function historyStoreContract(name: string, make: () => Promise<HistoryHarness>): void {
  describe(`HistoryStore: ${name}`, () => {
    let harness: HistoryHarness;
    let history: HistoryStore;
    beforeAll(async () => {
      harness = await make();
      history = harness.history;
    });
    afterAll(() => harness.close());

    test('S1 a message is stored once and never changed', async () => {
      const record = recordOf();
      const first = messageOf(record.id, 1);
      await history.store(record, [first]);
      await history.store(record, [{ ...first, content: 'another text', status: 'failed' }]);
      expect(await history.message(record.id, first.id)).toEqual(first);
      await Promise.all([1, 2, 3].map(() => history.store(record, [first, messageOf(record.id, 2)])));
      expect(await history.message(record.id, first.id)).toEqual(first);
      expect((await history.page(record.id, undefined, 10)).messages).toEqual([first, messageOf(record.id, 2)]);
    });

    test('S1 what was never stored is null, also under another session', async () => {
      const record = recordOf();
      await history.store(record, [messageOf(record.id, 1)]);
      expect(await history.message(record.id, 'nothing')).toBeNull();
      expect(await history.message(newSessionId(), 'm1')).toBeNull();
      expect(await history.session(newSessionId())).toBeNull();
      expect(await history.page(newSessionId(), undefined, 5)).toEqual({ messages: [], hasMore: false });
    });

    test('S2 a session record gives way only to a higher rev', async () => {
      const record = recordOf({ rev: 5, title: 'five', messageCount: 3, nextPosition: 4, tip: 'm3' });
      await history.store(record, []);
      for (const rev of [4, 5]) await history.store({ ...record, rev, title: `late ${rev}` }, []);
      expect(await history.session(record.id)).toEqual({ record, deleted: false });
      const newer = { ...record, rev: 6, title: 'six', updatedAt: '2026-02-01T00:00:00.000Z' };
      await Promise.all([newer, record, newer].map((each) => history.store(each, [])));
      expect(await history.session(record.id)).toEqual({ record: newer, deleted: false });
    });

    test('S2 a store with an old rev still stores its messages', async () => {
      const record = recordOf({ rev: 5 });
      await history.store(record, []);
      expect(await history.store({ ...record, rev: 4 }, [messageOf(record.id, 1)])).toEqual({ deleted: false });
      expect(await history.message(record.id, 'm1')).toEqual(messageOf(record.id, 1));
    });

    test('S3 every field and any text of a message comes back unit by unit', async () => {
      const record = recordOf({ userId: HARD_TEXT, title: HARD_TEXT });
      const message = messageOf(record.id, 1, {
        content: `${HARD_TEXT}${'đ😀x'.repeat(262_144)}`,
        clientMessageId: HARD_TEXT,
        model: 'a model',
        usage: { inputTokens: 1, outputTokens: 2 },
        finishReason: 'length',
        error: { code: 'ai-refused', message: HARD_TEXT, retryable: false },
      });
      await history.store(record, [message]);
      const stored = await history.message(record.id, message.id);
      expect(stored?.content === message.content).toBe(true);
      expect(stored).toEqual(message);
      expect((await history.list(HARD_TEXT, { limit: 5 })).sessions).toContainEqual(record);
    });

    test('S4 pages go up by position, oldest first, whatever order and time the messages were stored in', async () => {
      const record = recordOf();
      const messages = [1, 2, 3, 4, 5, 6, 7].map((position) => messageOf(record.id, position, { createdAt: AT }));
      await history.store(record, [...messages].reverse());
      expect(await history.page(record.id, undefined, 3)).toEqual({ messages: messages.slice(4), hasMore: true });
      expect(await history.page(record.id, 5, 3)).toEqual({ messages: messages.slice(1, 4), hasMore: true });
      expect(await history.page(record.id, 2, 3)).toEqual({ messages: messages.slice(0, 1), hasMore: false });
      expect(await history.page(record.id, undefined, 7)).toEqual({ messages, hasMore: false });
      expect(await history.page(record.id, 1, 3)).toEqual({ messages: [], hasMore: false });
    });

    test('S5 versions of a turn say how many they are, counted when read', async () => {
      const record = recordOf();
      const version = (position: number) => messageOf(record.id, position, { role: 'assistant', parentId: 'm1' });
      await history.store(record, [messageOf(record.id, 1), { ...version(2), siblings: 9, versions: ['m2', 'none'] }]);
      expect(await history.message(record.id, 'm2')).toEqual(version(2));
      await history.store(record, [version(3), messageOf(record.id, 4, { parentId: 'm1', role: 'user' })]);
      expect(await history.message(record.id, 'm2')).toEqual({ ...version(2), siblings: 2, versions: ['m2', 'm3'] });
      const { messages } = await history.page(record.id, undefined, 9);
      expect(messages.map((message) => message.siblings)).toEqual([undefined, 2, 2, undefined]);
      expect(messages.map((message) => message.versions)).toEqual([undefined, ['m2', 'm3'], ['m2', 'm3'], undefined]);
    });

    test('S5 versions are named oldest first, whatever order they were stored in', async () => {
      const record = recordOf();
      const versions = [12, 2, 7].map((position) => messageOf(record.id, position, { role: 'assistant', parentId: 'm1' }));
      for (const version of versions) await history.store(record, [version]);
      expect((await history.message(record.id, 'm7'))?.versions).toEqual(['m2', 'm7', 'm12']);
    });

    test('T1 the outline has the place of every message above a position, by position, and no text', async () => {
      const record = recordOf();
      const tree = [messageOf(record.id, 1), messageOf(record.id, 2), messageOf(record.id, 3, { parentId: null }), messageOf(record.id, 4)];
      await history.store(record, tree.toReversed());
      const places = tree.map(({ id, parentId, role, position }) => ({ id, parentId, role, position }));
      expect(await history.outline(record.id, 0)).toEqual(places);
      expect(await history.outline(record.id, 2)).toEqual(places.slice(2));
      expect(await history.outline(record.id, 4)).toEqual([]);
      expect(await history.outline(newSessionId(), 0)).toEqual([]);
    });

    test('S5 versions of the first message have no parent and are counted too', async () => {
      const record = recordOf();
      await history.store(record, [1, 3].map((position) => messageOf(record.id, position, { parentId: null })));
      expect((await history.message(record.id, 'm1'))?.siblings).toBe(2);
    });

    test('S6 a removed session leaves a tombstone without title or text, and nothing revives it', async () => {
      const record = recordOf({ title: 'secret plan', messageCount: 1, tip: 'm1' });
      await history.store(record, [messageOf(record.id, 1, { content: 'secret words' })]);
      await history.remove(record.id, record.userId, 2);
      await history.remove(record.id, record.userId, 3);
      expect(await history.store({ ...record, rev: 9 }, [messageOf(record.id, 2)])).toEqual({ deleted: true });
      const left = await history.session(record.id);
      expect(left).toMatchObject({ deleted: true, record: { id: record.id, userId: record.userId, title: '', messageCount: 0 } });
      expect(await history.page(record.id, undefined, 9)).toEqual({ messages: [], hasMore: false });
      expect(await history.message(record.id, 'm1')).toBeNull();
      for (const query of [undefined, 'secret', 'words', 'text']) {
        expect((await history.list(record.userId, { limit: 9, query })).sessions).toEqual([]);
      }
    });

    test('H62 what is left of a removed session says nothing of its settings', async () => {
      const settings = { model: 'm', temperature: 0.5, systemPrompt: `secret ${HARD_TEXT}` };
      const record = recordOf({ settings });
      await history.store(record, []);
      expect((await history.session(record.id))?.record).toEqual(record);
      await history.remove(record.id, record.userId, 2);
      expect((await history.session(record.id))?.record).not.toHaveProperty('settings');
    });

    test('H65 feedback is read with its reply; of several the highest rev counts, whenever and however often it comes', async () => {
      const record = recordOf();
      const [asked, reply] = [messageOf(record.id, 1), messageOf(record.id, 2)];
      const read = async () => [(await history.message(record.id, 'm2'))?.feedback, (await history.page(record.id, undefined, 9)).messages.at(-1)?.feedback];
      const rate = (rev: number, feedback: Feedback | null) => history.store(record, [], [{ messageId: 'm2', feedback, rev }]);
      const up: Feedback = { rating: 'up' };
      const down: Feedback = { rating: 'down', comment: HARD_TEXT };
      // Stored together with its reply, which may be there already.
      for (let i = 0; i < 2; i += 1) await history.store(record, [asked, reply], [{ messageId: 'm2', feedback: up, rev: 5 }]);
      expect(await read()).toEqual([up, up]);
      await rate(7, down);
      for (const late of [5, 6, 7]) await rate(late, up);
      await history.store(record, [asked, reply]);
      expect(await read()).toEqual([down, down]);
      expect(await history.message(record.id, 'm2')).toEqual({ ...reply, feedback: down });
      expect(await history.message(record.id, 'm1')).toEqual(asked);
      await Promise.all([8, 10, 9].map((rev) => rate(rev, rev === 10 ? null : up)));
      expect(await read()).toEqual([undefined, undefined]);
      expect(await history.message(record.id, 'm2')).toEqual(reply);
      await rate(9, down);
      expect(await read()).toEqual([undefined, undefined]);
    });

    test('H65 feedback on what is not there changes nothing, and goes with its session', async () => {
      const record = recordOf();
      await history.store(record, [messageOf(record.id, 1)], [{ messageId: 'm2', feedback: { rating: 'up' }, rev: 3 }]);
      await history.store(record, [messageOf(record.id, 2)]);
      expect(await history.message(record.id, 'm2')).toEqual(messageOf(record.id, 2));
      await history.remove(record.id, record.userId, 4);
      expect(await history.store(record, [], [{ messageId: 'm2', feedback: { rating: 'up' }, rev: 9 }])).toEqual({ deleted: true });
      expect(await history.message(record.id, 'm2')).toBeNull();
    });

    test('S6 the words of a removed session lead nowhere later', async () => {
      const removed = recordOf({ title: 'zebra title' });
      await history.store(removed, [messageOf(removed.id, 1, { content: 'zebra text' })]);
      await history.remove(removed.id, removed.userId, 2);
      const next = recordOf({ userId: removed.userId });
      await history.store(next, [messageOf(next.id, 1, { content: 'lion' })]);
      expect((await history.list(next.userId, { limit: 9, query: 'zebra' })).sessions).toEqual([]);
      expect((await history.list(next.userId, { limit: 9, query: 'lion' })).sessions).toEqual([next]);
    });

    test('S6 a session that was never stored can be removed, and stays removed', async () => {
      const record = recordOf();
      await history.remove(record.id, record.userId, 4);
      expect(await history.store(record, [messageOf(record.id, 1)])).toEqual({ deleted: true });
      expect(await history.session(record.id)).toMatchObject({ deleted: true, record: { userId: record.userId, rev: 4 } });
    });

    test('S6 a store that races a removal leaves nothing behind', async () => {
      for (let i = 0; i < 20; i += 1) {
        const record = recordOf();
        const stores = [1, 2, 3].map((position) => history.store(record, [messageOf(record.id, position)]));
        await Promise.all([...stores.slice(0, 2), history.remove(record.id, record.userId, 2), ...stores.slice(2)]);
        expect((await history.page(record.id, undefined, 9)).messages).toEqual([]);
        expect(await history.session(record.id)).toMatchObject({ deleted: true });
      }
    });

    test('S7 a user\'s sessions come newest update first, in pages that skip and repeat nothing', async () => {
      const userId = `user-${newSessionId()}`;
      // Three sessions of one moment: only the id tells them apart.
      const records = [1, 2, 2, 2, 3, 4, 5].map((day) => recordOf({ userId, updatedAt: `2026-01-0${day}T00:00:00.000Z` }));
      for (const record of records) await history.store(record, []);
      await history.store(recordOf({ updatedAt: '2026-01-03T00:00:00.000Z' }), []);
      const seen: string[] = [];
      let before: string | undefined;
      do {
        const page = await history.list(userId, { limit: 2, before });
        expect(page.hasMore).toBe(page.before !== undefined);
        seen.push(...page.sessions.map((session) => session.id));
        before = page.before;
      } while (before !== undefined);
      const sorted = [...records].sort((a, b) => (`${a.updatedAt} ${a.id}` < `${b.updatedAt} ${b.id}` ? 1 : -1));
      expect(seen).toEqual(sorted.map((record) => record.id));
    });

    test('H45 pinned sessions come first, however old, and on no later page again', async () => {
      const userId = `user-${newSessionId()}`;
      const of = (day: number, pinned?: boolean) => recordOf({ userId, updatedAt: `2026-01-0${day}T00:00:00.000Z`, ...(pinned !== undefined && { pinned }) });
      const [oldPin, newPin, ...rest] = [of(1, true), of(5, true), of(7), of(6, false), of(4), of(2)];
      for (const record of [...rest, oldPin, newPin]) await history.store(record, [messageOf(record.id, 1, { content: 'findable' })]);
      for (const limit of [1, 2, 3, 4, 9]) {
        const seen: string[] = [];
        let before: string | undefined;
        do {
          const page = await history.list(userId, { limit, before });
          expect(page.hasMore).toBe(page.before !== undefined);
          seen.push(...page.sessions.map(({ id }) => id));
          before = page.before;
        } while (before !== undefined && seen.length < 20);
        expect([limit, seen]).toEqual([limit, [newPin, oldPin, ...rest].map(({ id }) => id)]);
      }
      const byTime = [rest[0], rest[1], newPin, rest[2], rest[3], oldPin].map(({ id }) => id);
      expect((await history.list(userId, { limit: 9, query: 'findable' })).sessions.map(({ id }) => id)).toEqual(byTime);
    });

    test('H45 pinning and unpinning move a session, a place of before stays good, and what is removed is not pinned', async () => {
      const userId = `user-${newSessionId()}`;
      const [oldest, middle, newest] = [1, 2, 3].map((day) => recordOf({ userId, updatedAt: `2026-01-0${day}T00:00:00.000Z` }));
      if (!oldest || !middle || !newest) throw new Error('three records');
      for (const record of [oldest, middle, newest]) await history.store(record, []);
      const ids = async (options: { limit: number; before?: string }) => (await history.list(userId, options)).sessions.map(({ id }) => id);
      const { before } = await history.list(userId, { limit: 1 });
      await history.store({ ...oldest, rev: 2, pinned: true }, []);
      expect(await ids({ limit: 9 })).toEqual([oldest.id, newest.id, middle.id]);
      expect(await ids({ limit: 9, before })).toEqual([middle.id]);
      expect((await history.session(oldest.id))?.record.pinned).toBe(true);
      await history.store({ ...oldest, rev: 3, pinned: false }, []);
      expect(await ids({ limit: 9 })).toEqual([newest.id, middle.id, oldest.id]);
      await history.store({ ...oldest, rev: 4, pinned: true }, []);
      await history.remove(oldest.id, userId, 5);
      expect(await ids({ limit: 9 })).toEqual([newest.id, middle.id]);
      expect((await history.session(oldest.id))?.record).not.toHaveProperty('pinned');
    });

    test('H53 a session is found by its share as long as its record has it', async () => {
      const share = { id: `share${newSessionId()}`, tip: 'm2', title: HARD_TEXT, createdAt: AT };
      const record = recordOf({ share });
      await history.store(recordOf(), []);
      expect(await history.shared(share.id)).toBeNull();
      await history.store(record, []);
      expect(await history.shared(share.id)).toEqual(record);
      const again = { ...record, rev: 2, share: { ...share, tip: 'm4' } };
      await history.store(again, []);
      await history.store(record, []);
      expect(await history.shared(share.id)).toEqual(again);
      const { share: _revoked, ...unshared } = record;
      await history.store({ ...unshared, rev: 3 }, []);
      expect(await history.shared(share.id)).toBeNull();
      await history.store({ ...record, rev: 4 }, []);
      await history.remove(record.id, record.userId, 5);
      await history.store({ ...record, rev: 6 }, []);
      expect(await history.shared(share.id)).toBeNull();
      expect((await history.session(record.id))?.record).not.toHaveProperty('share');
      for (const none of ['', 'undefined', 'null', '$ne']) expect(await history.shared(none)).toBeNull();
    });

    test('H53 messages are read by their ids, of one session, by position', async () => {
      const [record, other] = [recordOf(), recordOf()];
      const messages = [1, 2, 3, 4].map((position) => messageOf(record.id, position));
      await history.store(record, messages.toReversed());
      await history.store(other, [messageOf(other.id, 9)]);
      expect(await history.messages(record.id, ['m3', 'm1', 'm9', 'none', 'm3'])).toEqual([messages[0], messages[2]]);
      expect(await history.messages(record.id, [])).toEqual([]);
    });

    test('S7 a place in the list stays good while sessions move', async () => {
      const userId = `user-${newSessionId()}`;
      const [oldest, middle, newest] = [1, 2, 3].map((day) => recordOf({ userId, updatedAt: `2026-01-0${day}T00:00:00.000Z` }));
      if (!oldest || !middle || !newest) throw new Error('three records');
      for (const record of [oldest, middle, newest]) await history.store(record, []);
      const first = await history.list(userId, { limit: 1 });
      await history.store({ ...newest, rev: 2, updatedAt: '2026-01-09T00:00:00.000Z' }, []);
      await history.store(recordOf({ userId, updatedAt: '2026-01-08T00:00:00.000Z' }), []);
      const rest = await history.list(userId, { limit: 9, before: first.before });
      expect(rest.sessions).toEqual([middle, oldest]);
    });

    test.each(['x', '!!!', '%00', 'bm90aGluZw', Buffer.from('["only one"]').toString('base64url')])(
      'S7 a place the list never gave (%s) is an `invalid` error',
      async (before) => {
        await expect(history.list('anybody', { limit: 5, before })).rejects.toMatchObject({ type: 'invalid' });
      },
    );

    describe('search', () => {
      const userId = `user-${newSessionId()}`;
      const greeting = recordOf({ userId, title: 'Lời chào', updatedAt: '2026-01-03T00:00:00.000Z' });
      const journey = recordOf({ userId, title: 'Trip', updatedAt: '2026-01-02T00:00:00.000Z' });
      const other = recordOf({ title: 'Lời chào', userId: `other-${newSessionId()}` });
      beforeAll(async () => {
        await history.store(greeting, [messageOf(greeting.id, 1, { content: 'Xin chào các bạn, Crème brûlée for e-mail users' })]);
        await history.store(journey, [messageOf(journey.id, 1, { content: 'Đường đi Đà Nẵng: NGUYỄN NOT "hotel" \u0000 end' })]);
        await history.store(other, [messageOf(other.id, 1, { content: 'xin chào' })]);
      });
      const found = async (query: string) => (await history.list(userId, { limit: 9, query })).sessions.map((session) => session.id);

      test.each([
        ['chao', 'greeting'],
        ['LỜI', 'greeting'],
        ['xin cha', 'greeting'],
        ['ban xin', 'greeting'],
        ['creme BRULEE', 'greeting'],
        ['e-mail', 'greeting'],
        ['duong', 'journey'],
        ['đường', 'journey'],
        ['da nang', 'journey'],
        ['nguye\u0302\u0303n', 'journey'],
        ['"hotel"', 'journey'],
        ['NOT hot', 'journey'],
        ['end', 'journey'],
        ['tri', 'journey'],
        ['! trip ?', 'journey'],
      ])('S8 %j finds words ignoring case and accents, the last one by its beginning', async (query, which) => {
        expect(await found(query)).toEqual([which === 'greeting' ? greeting.id : journey.id]);
      });

      test.each(['hao', 'xi chao', 'chao trip', 'nothing', '"', '*', 'NEAR(', 'words:chao', 'xin OR hotel', '🙂', 'chao AND'])(
        'S8 %j finds nothing and is no error',
        async (query) => {
          expect(await found(query)).toEqual([]);
        },
      );

      test('S8 an empty query is no query', async () => {
        expect(await found('  ')).toEqual([greeting.id, journey.id]);
      });

      /** What every store must take for the same word, however it is written. */
      test.each([
        ['Trường hợp ƯƠ', 'truong', 'TRƯỜNG', 'hop uo', 'ươ'],
        ['đĐ Đặng', 'dd', 'đđ', 'dang', 'ĐẶNG'],
        ['quye\u0302\u0301t ti\u0301nh', 'quyết', 'quyet', 'tính'],
        ['ﬁne ＷＩＤＥ ½x', 'fine', 'wide', '1'],
        ['हिन्दी', 'हिन्दी', 'हिन्'],
        ['\u1112\u1161\u11ab국어', '한국', '한국어'],
        ['日本語のテスト', '日本語', '日本'],
        ['ΟΔΟΣ', 'οδοσ', 'οδος'],
        ['snake_case it\'s a.b.c', 'case snake', 's it', 'c b a'],
      ])('S8 %j is found by each of its spellings', async (text, ...queries) => {
        const record = recordOf({ userId: `user-${newSessionId()}` });
        await history.store(record, [messageOf(record.id, 1, { content: text })]);
        for (const query of queries) {
          expect([query, (await history.list(record.userId, { limit: 9, query })).sessions]).toEqual([query, [record]]);
          expect([query, (await history.search(record.userId, { limit: 9, hits: 9, query })).found[0]?.messages]).toEqual([query, [messageOf(record.id, 1, { content: text })]]);
        }
      });

      test('S8 a vowel sign of a script is a letter of it', async () => {
        const record = recordOf({ userId: `user-${newSessionId()}` });
        await history.store(record, [messageOf(record.id, 1, { content: 'हिन्दी' })]);
        expect((await history.list(record.userId, { limit: 9, query: 'हनद' })).sessions).toEqual([]);
      });

      test('H41 a search has the newest messages with all the words, of each session that list finds', async () => {
        const of = recordOf({ userId: `user-${newSessionId()}`, title: 'Trà xanh', updatedAt: '2026-01-01T00:00:00.000Z' });
        const titled = recordOf({ userId: of.userId, title: 'Về trà đen', updatedAt: '2026-01-02T00:00:00.000Z' });
        const texts = ['Uống trà xanh', 'trà', 'xanh trà', 'TRA XANHS', 'không', 'trà xanh'];
        const messages = texts.map((content, index) => messageOf(of.id, index + 1, { content }));
        await history.store(of, messages);
        await history.store(titled, [messageOf(titled.id, 1, { content: 'trà xanh' }), messageOf(titled.id, 2, { content: 'đen' })]);
        const search = (query: string, hits: number) => history.search(of.userId, { query, limit: 9, hits });
        expect(await search('tra xanh', 3)).toEqual({
          found: [
            { session: titled, messages: [messageOf(titled.id, 1, { content: 'trà xanh' })] },
            { session: of, messages: [messages[5], messages[3], messages[2]] },
          ],
          hasMore: false,
        });
        expect((await search('ve tra', 3)).found).toEqual([{ session: titled, messages: [] }]);
        expect(await search('none', 3)).toEqual({ found: [], hasMore: false });
        expect(await search(' ', 3)).toEqual({ found: [], hasMore: false });
      });

      test('H41 a search comes in the pages of the list, and finds nothing of other users and of removed sessions', async () => {
        const user = `user-${newSessionId()}`;
        const records = [1, 2, 3].map((day) => recordOf({ userId: user, updatedAt: `2026-01-0${day}T00:00:00.000Z` }));
        for (const record of [...records, recordOf()]) await history.store(record, [messageOf(record.id, 1, { content: 'pagefind' })]);
        const first = await history.search(user, { query: 'pagefind', limit: 1, hits: 1 });
        await history.remove(records[1]!.id, user, 2);
        const rest = await history.search(user, { query: 'pagefind', limit: 5, hits: 1, before: first.before });
        expect([first.hasMore, rest.hasMore]).toEqual([true, false]);
        expect([...first.found, ...rest.found].map(({ session, messages }) => [session.id, messages.length])).toEqual([[records[2]!.id, 1], [records[0]!.id, 1]]);
      });

      test('S8 what is found comes in pages too', async () => {
        const first = await history.list(userId, { limit: 1, query: 'n' });
        expect(first).toMatchObject({ sessions: [{ id: journey.id }], hasMore: false });
        const both = [recordOf({ userId, title: 'pageword one' }), recordOf({ userId, title: 'pageword two' })];
        for (const record of both) await history.store(record, []);
        const page = await history.list(userId, { limit: 1, query: 'pageword' });
        const rest = await history.list(userId, { limit: 1, query: 'pageword', before: page.before });
        const ids = [...page.sessions, ...rest.sessions].map((session) => session.id);
        expect(ids.sort()).toEqual(both.map((record) => record.id).sort());
        expect([page.hasMore, rest.hasMore]).toEqual([true, false]);
      });

      test('S8 a changed title is found by its new words only', async () => {
        const record = recordOf({ userId, title: 'beforehand' });
        await history.store(record, []);
        await history.store({ ...record, rev: 2, title: 'afterwards' }, []);
        expect(await found('beforehand')).toEqual([]);
        expect(await found('afterwards')).toEqual([record.id]);
      });
    });
  });
}
