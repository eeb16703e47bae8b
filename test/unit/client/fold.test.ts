import fc from 'fast-check';
import {
  applyDelta,
  applyEvents,
  applyOpenReply,
  applyWhole,
  checkHead,
  contentOf,
  prependPage,
  type SessionView,
} from '../../../public/src/chat-client/fold.ts';
import type { Event, Message, Session, WholeMessage } from '../../../src/protocol/wire.ts';

const AT = '2026-01-01T00:00:00.000Z';
const session: Session = { id: 's', title: 'Chat', createdAt: AT, updatedAt: AT, messageCount: 0, streaming: false };

function message(id: string, patch: Partial<Message> = {}): Message {
  return { id, sessionId: 's', position: 1, role: 'user', content: `text of ${id}`, status: 'complete', parentId: null, createdAt: AT, ...patch };
}
const reply = (id: string, parentId: string): Message => message(id, { role: 'assistant', content: '', status: 'streaming', parentId });

function viewOf(messages: Message[], seq = 0, before?: string): SessionView {
  const opened = applyOpenReply(null, { session, cursor: { logId: 'L', seq }, resync: false, messages, hasMore: before !== undefined, before });
  if (opened === null) throw new Error('no view');
  return opened.view;
}

/** The events of one turn, numbered from `first`. */
function turn(pieces: string[], first = 1): Event[] {
  const events: object[] = [
    { type: 'message.created', message: message('u') },
    { type: 'message.created', message: reply('r', 'u') },
    ...pieces.map((text) => ({ type: 'message.delta', messageId: 'r', text })),
    { type: 'message.completed', messageId: 'r', finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 2 } },
  ];
  return events.map((event, index) => ({ ...event, seq: first + index, at: AT }) as Event);
}
const texts = (view: SessionView): string[] => view.messages.map((each) => contentOf(view, each));

describe('folding events', () => {
  it('B1 a turn gives its two messages, with the text, the end and the numbers of the model', () => {
    const { verdict, view } = applyEvents(viewOf([]), 'L', turn(['Hel', 'lo']));
    expect(verdict).toBe('applied');
    expect(texts(view)).toEqual(['text of u', 'Hello']);
    expect(view.messages[1]).toMatchObject({ status: 'complete', usage: { outputTokens: 2 }, finishReason: 'stop' });
    expect(view.cursor).toEqual({ logId: 'L', seq: 5 });
    expect(view.session).toMatchObject({ messageCount: 2, streaming: false });
  });

  it('B1 events that come twice, in overlapping batches of any size, change nothing the second time', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 20 }), fc.array(fc.tuple(fc.nat(25), fc.nat(25))), (pieces, slices) => {
        const events = turn(pieces);
        const whole = applyEvents(viewOf([]), 'L', events).view;
        let view = viewOf([]);
        for (const [from, length] of [...slices, [0, events.length]] as [number, number][]) {
          const folded = applyEvents(view, 'L', events.slice(from, from + length));
          expect(folded.verdict).not.toBe('broken');
          view = folded.view;
        }
        expect(view).toEqual(whole);
      }),
    );
  });

  it('B2 a hole is a gap: what came before it is kept, nothing after it is taken', () => {
    const events = turn(['a', 'b', 'c']).filter((event) => event.seq !== 4);
    const { verdict, view } = applyEvents(viewOf([]), 'L', events);
    expect(verdict).toBe('gap');
    expect(view.cursor.seq).toBe(3);
    expect(view.streaming?.text).toBe('a');
  });

  it('B2 a hot frame after a hole, and a head that is ahead, are gaps', () => {
    const { view } = applyEvents(viewOf([]), 'L', turn([]).slice(0, 2));
    expect(applyDelta(view, 'L', 4, 'x').verdict).toBe('gap');
    expect(applyDelta(view, 'L', 2, 'x')).toEqual({ verdict: 'nothing', view });
    expect(applyDelta(view, 'L', 3, 'x').view.streaming?.text).toBe('x');
    expect(checkHead(view, 'L', 3)).toBe('gap');
    expect(checkHead(view, 'L', 2)).toBe('nothing');
  });

  it('B3 anything of another log is a gap and changes nothing', () => {
    const view = viewOf([message('u')], 3);
    expect(applyEvents(view, 'M', turn([], 4))).toEqual({ verdict: 'gap', view });
    expect(applyDelta(view, 'M', 4, 'x')).toEqual({ verdict: 'gap', view });
    expect(checkHead(view, 'M', 3)).toBe('gap');
  });

  it('B1 text for a reply that is not open is broken, not guessed at', () => {
    expect(applyDelta(viewOf([message('u')], 3), 'L', 4, 'x').verdict).toBe('broken');
    const stray: Event = { seq: 4, at: AT, type: 'message.delta', messageId: 'other', text: 'x' };
    expect(applyEvents(viewOf([message('u')], 3), 'L', [stray]).verdict).toBe('broken');
  });

  it('B1 an event of an unknown type keeps its place and changes nothing', () => {
    const { verdict, view } = applyEvents(viewOf([message('u')], 3), 'L', [{ type: 'unknown', seq: 4 }]);
    expect(verdict).toBe('applied');
    expect(view.cursor.seq).toBe(4);
    expect(view.messages).toHaveLength(1);
  });

  it.each([
    ['message.cancelled', 'cancelled'],
    ['message.interrupted', 'interrupted'],
  ] as const)('B1 %s keeps the text and says so', (type, status) => {
    const events = turn(['kept']).slice(0, 3);
    const { view } = applyEvents(viewOf([]), 'L', [...events, { seq: 4, at: AT, type, messageId: 'r' }]);
    expect(view.messages[1]).toMatchObject({ status, content: 'kept' });
    expect(view.streaming).toBeNull();
  });

  it('B1 a restarted reply begins anew under the same message', () => {
    const restart: Event = { seq: 4, at: AT, type: 'message.restarted', messageId: 'r', reason: 'ai' };
    const { view } = applyEvents(viewOf([]), 'L', [...turn(['old']).slice(0, 3), restart]);
    expect(applyDelta(view, 'L', 5, 'new').view.streaming).toEqual({ messageId: 'r', text: 'new', restarted: true });
  });

  it('B1 a newer version of a turn takes the place of the older below the same parent', () => {
    const view = viewOf([message('u'), message('old', { role: 'assistant', parentId: 'u' }), message('after', { parentId: 'old' })], 5);
    const created: Event = { seq: 6, at: AT, type: 'message.created', message: reply('new', 'u') };
    expect(applyEvents(view, 'L', [created]).view.messages.map(({ id }) => id)).toEqual(['u', 'new']);
  });

  it('B1 a piece of text leaves the list of messages as it is, however long', () => {
    const open = viewOf([...Array.from({ length: 5_000 }, (_, i) => message(`m${i}`)), reply('r', 'm4999')], 1);
    const { view } = applyDelta(open, 'L', 2, 'x');
    expect(view.messages).toBe(open.messages);
  });
});

describe('opening', () => {
  it('B19 events that continue the cursor are folded onto what is held', () => {
    const held = applyEvents(viewOf([]), 'L', turn(['a', 'b']).slice(0, 3)).view;
    const opened = applyOpenReply(held, { session, cursor: { logId: 'L', seq: 5 }, resync: false, events: turn(['a', 'b']).slice(2) });
    expect(opened?.verdict).toBe('applied');
    expect(opened?.view.messages[1]).toMatchObject({ content: 'ab', status: 'complete' });
  });

  it('B19 a reply whose events do not reach its cursor is broken', () => {
    const held = viewOf([message('u')], 2);
    expect(applyOpenReply(held, { session, cursor: { logId: 'L', seq: 4 }, resync: false, events: [] })?.verdict).toBe('broken');
    expect(applyOpenReply(held, { session, cursor: { logId: 'M', seq: 2 }, resync: false, events: [] })?.verdict).toBe('broken');
  });

  it('B19 a snapshot replaces what is held, and keeps the older pages that still lead to it', () => {
    const older = [message('a'), message('b', { parentId: 'a' }), message('c', { parentId: 'b' })];
    const held = { ...viewOf(older, 9, 'top'), before: 'top', hasMore: true };
    const snapshot = [message('c', { parentId: 'b' }), message('d', { parentId: 'c' })];
    const reply_ = { session, cursor: { logId: 'M', seq: 1 }, resync: true, messages: snapshot, hasMore: true, before: 'page-of-c' };
    const opened = applyOpenReply(held, reply_)?.view;
    expect(opened?.messages.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(opened).toMatchObject({ before: 'top', hasMore: true, cursor: { logId: 'M', seq: 1 } });
  });

  it('B19 a snapshot that nothing held leads to stands alone, with its own page above', () => {
    const held = viewOf([message('x')], 9);
    const far = { session, cursor: { logId: 'M', seq: 1 }, resync: true, messages: [message('d', { parentId: 'c' })], hasMore: true, before: 'p' };
    const opened = applyOpenReply(held, far)?.view;
    expect(opened?.messages.map(({ id }) => id)).toEqual(['d']);
    expect(opened).toMatchObject({ before: 'p', hasMore: true });
  });

  it('B19 an open reply in the snapshot goes on with its text so far', () => {
    const view = viewOf([message('u'), { ...reply('r', 'u'), content: 'so far' }], 7);
    expect(applyDelta(view, 'L', 8, ', and on').view.streaming?.text).toBe('so far, and on');
  });

  it('B21 a page above is put before, without what is there already', () => {
    const view = prependPage(viewOf([message('b'), message('c')], 1, 'p1'), { messages: [message('a'), message('b')], hasMore: false });
    expect(view.messages.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(view).toMatchObject({ hasMore: false, before: undefined });
  });
});

describe('whole texts', () => {
  const open = viewOf([message('u'), reply('r', 'u')], 2);
  const frame = (content: string, seq: number, patch: Partial<WholeMessage> = {}): WholeMessage => ({
    sessionId: 's', messageId: 'r', content, chunk: '', isComplete: false, status: 'streaming', cursor: { logId: 'L', seq }, ...patch,
  });

  it('B17 a whole text replaces the text, an older one does not', () => {
    const { view } = applyWhole(open, frame('Hello', 6));
    expect(view.streaming?.text).toBe('Hello');
    expect(applyWhole(view, frame('Hel', 4))).toEqual({ verdict: 'nothing', view });
  });

  it('B17 the last one ends the reply, also after the event of the end came first', () => {
    const end: Event = { seq: 7, at: AT, type: 'message.completed', messageId: 'r', finishReason: 'stop' };
    const waiting = applyEvents(applyWhole(open, frame('Hel', 5)).view, 'L', [end], true);
    expect(waiting).toMatchObject({ verdict: 'applied', view: { streaming: { text: 'Hel' } } });
    const { view } = applyWhole(waiting.view, frame('Hello', 7, { isComplete: true, status: 'complete' }));
    expect(view.messages[1]).toMatchObject({ content: 'Hello', status: 'complete' });
  });

  it('B17 numbers jump only while a reply is open', () => {
    const renamed: Event = { seq: 9, at: AT, type: 'session.renamed', title: 'New' };
    expect(applyEvents(open, 'L', [renamed], true).view.session.title).toBe('New');
    expect(applyEvents(viewOf([message('u')], 2), 'L', [renamed], true).verdict).toBe('gap');
  });
});

describe('versions', () => {
  const chat = [message('u1'), message('r1', { role: 'assistant', parentId: 'u1' }), message('u2', { parentId: 'r1' }), message('r2', { role: 'assistant', parentId: 'u2' })];
  const ids = (view: SessionView): string[] => view.messages.map(({ id }) => id);
  const fold = (view: SessionView, ...events: object[]) => applyEvents(view, 'L', events.map((event, n) => ({ ...event, seq: view.cursor.seq + n + 1, at: AT }) as Event));

  it('T13 a new version of a reply takes the place of all that stood there, with its numbers', () => {
    const version = { ...reply('r1b', 'u1'), versions: ['r1', 'r1b'], siblings: 2 };
    const { verdict, view } = fold(viewOf(chat), { type: 'session.switched', tip: 'u1' }, { type: 'message.created', message: version });
    expect([verdict, ids(view)]).toEqual(['applied', ['u1', 'r1b']]);
    expect(view.messages[1]).toMatchObject({ versions: ['r1', 'r1b'], siblings: 2 });
    expect(view.streaming).toEqual({ messageId: 'r1b', text: '', restarted: false });
  });

  it('T13 one that continues another begins with its text', () => {
    const { view } = fold(viewOf(chat), { type: 'message.created', message: { ...reply('r2b', 'u2'), content: 'kept' } }, { type: 'message.delta', messageId: 'r2b', text: ' more' });
    expect(contentOf(view, view.messages.at(-1)!)).toBe('kept more');
  });

  it('T13 an edit of the oldest message that is held takes its place, whether its parent is held or not', () => {
    const edited = (parentId: string | null) => ({ type: 'message.created', message: message('new', { parentId }) });
    expect(ids(fold(viewOf(chat), edited(null)).view)).toEqual(['new']);
    const { verdict, view } = fold(viewOf(chat.slice(2), 0, '3'), edited('r1'));
    expect([verdict, ids(view), view.hasMore, view.before]).toEqual(['applied', ['new'], true, '3']);
  });

  it('T13 a path to a message that is held is cut there; any other, and a message of it, must be asked for', () => {
    expect(ids(fold(viewOf(chat), { type: 'session.switched', tip: 'r1' }).view)).toEqual(['u1', 'r1']);
    expect(ids(fold(viewOf(chat), { type: 'session.switched', tip: 'r2' }).view)).toEqual(ids(viewOf(chat)));
    expect(ids(fold(viewOf(chat), { type: 'session.switched', tip: null }).view)).toEqual([]);
    expect(fold(viewOf(chat), { type: 'session.switched', tip: 'other' })).toMatchObject({ verdict: 'elsewhere', view: { cursor: { seq: 0 } } });
    expect(fold(viewOf(chat), { type: 'message.created', message: message('new', { parentId: 'other' }) }).verdict).toBe('elsewhere');
    const reopened = applyOpenReply(viewOf(chat), { session, cursor: { logId: 'L', seq: 1 }, resync: false, events: [{ type: 'session.switched', tip: 'other', seq: 1, at: AT }] });
    expect(reopened?.verdict).toBe('elsewhere');
  });
});
