/** The checker is only worth what it finds: a bad history for each of its verdicts, and good ones that it must let pass. */
import type { Message } from '../../src/protocol/wire.ts';
import { check } from './checker.ts';
import type { SessionRecording, TabEntry, VerdictKind } from './recording.ts';
import { asks, completed, delta, DONE, EVENTS, follower, frame, generation, good, LOG, opened, PIECES, REPLY, trailOf, USER } from './sample.ts';

const FAULTS = [{ from: 0, to: 1_000_000 }];
const RESTARTED = { type: 'message.restarted' as const, seq: 5, at: '', messageId: 'R1', reason: 'ai-gone' };
const tabs = (...entries: TabEntry[]): Pick<SessionRecording, 'tabs'> => ({ tabs: [{ name: 'one', entries }] });
const begun = [asks(1, null), opened(2, 0, { messages: [] })];
const upTo = (seq: number): TabEntry[] => [...begun, ...EVENTS.slice(0, seq).map((event) => frame(10 + event.seq, event))];
const second: Message = { ...USER, id: 'U2', position: 3 };

describe('good histories', () => {
  test.each<[string, SessionRecording]>([
    ['a calm one', good()],
    ['no audit, and a log that has gone', good({ trail: null, log: null })],
    ['a reload in the middle', good(tabs(...upTo(4), { kind: 'cut', at: 20 }, { kind: 'forgot', at: 20 }, asks(21, null), opened(22, 4, { messages: [USER, { ...REPLY, content: 'g1.0 g1.1 ' }] }), frame(23, EVENTS[4]!), frame(24, EVENTS[5]!)))],
    ['a cut, and a resume whose answer overtakes a frame', good(tabs(...upTo(3), { kind: 'cut', at: 20 }, asks(21, 3), frame(21, EVENTS[4]!), opened(22, 5, { events: EVENTS.slice(3, 5) }), frame(23, EVENTS[5]!)))],
    ['a hole that is closed, while something was broken', good({ ...tabs(...upTo(3), frame(20, EVENTS[4]!), asks(21, 3), opened(22, 5, { events: EVENTS.slice(3, 5) }), frame(23, EVENTS[5]!)), faults: FAULTS })],
    ['a refused open that is asked again', good(tabs(...begun, asks(5, 0), { kind: 'refused', at: 6 }, asks(7, 0), opened(8, 2, { events: EVENTS.slice(0, 2) }), ...EVENTS.slice(2).map((event) => frame(10 + event.seq, event))))],
    ['a new log, declared', good({ ...tabs(...upTo(4), asks(21, 4), opened(22, 1, { logId: 'Log2', resync: true, messages: [USER, DONE] })), log: null, trail: [...trailOf(EVENTS), ...trailOf([EVENTS[0]!, EVENTS[1]!, completed(6)], 2, 'Log2')], faults: FAULTS })],
    ['a run that went on from the text so far', good({ generations: [generation('g1', PIECES.slice(0, 2), { finishedAt: null, closedAt: 14 }), generation('g2', PIECES.slice(2), { prefix: 'g1.0 g1.1 ', beganAt: 15 })], faults: FAULTS })],
    ['a restart, declared', restarted()],
    ['a cancelled reply, cut in a run that was closed', good({ stored: [USER, { ...DONE, content: 'g1.0 ', status: 'cancelled' }], log: null, trail: null, ...tabs(...upTo(3), frame(20, { type: 'message.cancelled', seq: 4, at: '', messageId: 'R1' })), generations: [generation('g1', PIECES.slice(0, 2), { finishedAt: null, closedAt: 14 })] })],
    ['the same message accepted twice as the same', good({ sent: [{ ...good().sent[0]!, answers: [good().sent[0]!.answers[0]!, good().sent[0]!.answers[0]!] }] })],
    ['a message that was never accepted', good({ sent: [...good().sent, { clientMessageId: 'c2', content: 'why 2', at: 30, answers: [] }] })],
    ['audit entries that came twice', good({ trail: [...trailOf(EVENTS), ...trailOf(EVENTS)] })],
  ])('V40 %s has no verdict', (_, recording) => {
    expect(check(recording)).toEqual([]);
  });
});

function restarted(): SessionRecording {
  const events = [...EVENTS.slice(0, 3), delta(4, 'g1.1 '), RESTARTED, delta(6, 'g2.0 '), completed(7)];
  return good({
    tabs: [follower('one', events)],
    stored: [USER, { ...DONE, content: 'g2.0 ' }],
    log: { logId: LOG, head: 7, events },
    trail: trailOf(events).map((entry) => ({ ...entry, ...(entry.content !== undefined && { content: 'g2.0 ' }) })),
    generations: [generation('g1', PIECES.slice(0, 2), { finishedAt: null, closedAt: 14 }), generation('g2', ['g2.0 '], { beganAt: 15 })],
    faults: FAULTS,
  });
}

describe('bad histories', () => {
  test.each<[VerdictKind, string, SessionRecording]>([
    ['gap', 'a frame is missing in calm times', good(tabs(...upTo(3), frame(20, EVENTS[4]!), asks(21, 3), opened(22, 6, { events: EVENTS.slice(3) })))],
    ['gap', 'a hole stays open', good({ ...tabs(...upTo(3), frame(20, EVENTS[4]!)), faults: FAULTS })],
    ['gap', 'a resume leaves an event out', good(tabs(...upTo(3), { kind: 'cut', at: 20 }, asks(21, 3), opened(22, 6, { events: EVENTS.slice(4) })))],
    ['gap', 'a resume says more than it brings', good(tabs(...upTo(6), { kind: 'cut', at: 20 }, asks(21, 6), opened(22, 8, { events: [] })))],
    ['gap', 'a cursor is continued in another log', good(tabs(...upTo(3), asks(21, 3), opened(22, 6, { logId: 'Log2', events: EVENTS.slice(3) })))],
    ['gap', 'the log has a hole', good({ log: { logId: LOG, head: 6, events: EVENTS.filter(({ seq }) => seq !== 4) } })],
    ['gap', 'the log ends before its head', good({ log: { logId: LOG, head: 7, events: EVENTS } })],
    ['gap', 'a complete reply lacks the end of what the model said', good({ generations: [generation('g1', [...PIECES, 'g1.3 '])] })],
    ['repeat', 'a frame comes twice', good(tabs(...upTo(4), frame(20, EVENTS[3]!), ...EVENTS.slice(4).map((event) => frame(20 + event.seq, event))))],
    ['repeat', 'also while something is broken', good({ ...tabs(...upTo(6), frame(20, EVENTS[5]!)), faults: FAULTS })],
    ['reorder', 'two frames change places', good(tabs(...upTo(3), frame(20, EVENTS[4]!), frame(21, EVENTS[3]!), asks(22, 3), opened(23, 6, { events: EVENTS.slice(3) })))],
    ['seq-reused', 'two tabs have different events at one place', good({ tabs: [follower('one'), follower('two', EVENTS.map((event) => (event.seq === 4 ? delta(4, 'x') : event)))] })],
    ['seq-reused', 'the log has another event than was shown', good({ log: { logId: LOG, head: 6, events: EVENTS.map((event) => (event.seq === 4 ? delta(4, 'x') : event)) } })],
    ['text-changed', 'a snapshot shows less than before, without a word', good(tabs(...upTo(5), asks(21, 5), opened(22, 6, { messages: [USER, { ...DONE, content: 'g1.0 ', status: 'streaming' }] })))],
    ['text-changed', 'a finished text is another one, declared or not', good({ ...tabs(...upTo(6), asks(21, 6), opened(22, 2, { logId: 'Log2', resync: true, messages: [USER, { ...DONE, content: 'x' }] })), faults: FAULTS })],
    ['text-changed', 'a finished reply streams again', good({ ...tabs(...upTo(6), asks(21, 6), opened(22, 2, { logId: 'Log2', resync: true, messages: [USER, { ...DONE, status: 'streaming' }] })), faults: FAULTS })],
    ['differs', 'a tab shows another text than history', good({ stored: [USER, { ...DONE, content: 'g1.0 ' }], generations: [] })],
    ['differs', 'a tab lacks a message', good({ stored: [USER, DONE, { ...second, content: 'why 2' }] })],
    ['differs', 'the log has another text than history', good({ tabs: [], stored: [USER, { ...DONE, content: 'g1.0 ' }] })],
    ['differs', 'the trail has another text than history', good({ trail: trailOf(EVENTS).map((entry) => ({ ...entry, ...(entry.content !== undefined && { content: 'x' }) })) })],
    ['mixed-runs', 'pieces of two runs', good({ generations: [generation('g1', ['g1.0 ', 'g1.1 ']), generation('g2', ['g1.2 '])], faults: FAULTS })],
    ['mixed-runs', 'a run that went on from what no run said', good({ generations: [generation('g1', ['a ', 'b ']), generation('g2', ['g1.2 '], { prefix: 'g1.0 g1.1 ', beganAt: 15 })], faults: FAULTS })],
    ['ran-twice', 'two runs in calm times', good({ generations: [generation('g1', PIECES), generation('g2', PIECES, { beganAt: 12 })] })],
    ['ran-twice', 'a run long after the fault', good({ generations: [generation('g1', PIECES), generation('g2', PIECES, { beganAt: 50_000 })], faults: [{ from: 0, to: 20_000 }] })],
    ['two-ends', 'a tab sees two', good({ tabs: [follower('one', [...EVENTS, completed(7)])], log: { logId: LOG, head: 7, events: [...EVENTS, completed(7)] } })],
    ['two-ends', 'the log has two', good({ log: { logId: LOG, head: 7, events: [...EVENTS, completed(7)] } })],
    ['two-ends', 'the trail has two', good({ trail: trailOf([...EVENTS, completed(7)]) })],
    ['no-end', 'history has an open reply', good({ tabs: [], log: null, trail: null, stored: [USER, { ...DONE, status: 'streaming' }] })],
    ['lost', 'an accepted message is not stored', good({ stored: [DONE] })],
    ['lost', 'its reply is not stored', good({ stored: [USER] })],
    ['lost', 'a message vanishes from a tab', good({ ...tabs(...upTo(6), asks(21, 6), opened(22, 2, { logId: 'Log2', resync: true, messages: [DONE] })), faults: FAULTS })],
    ['doubled', 'a message is stored twice under two ids', good({ stored: [USER, DONE, second] })],
    ['doubled', 'a message is stored twice under one id', good({ stored: [USER, DONE, USER] })],
    ['doubled', 'one clientMessageId is accepted as two messages', good({ sent: [{ ...good().sent[0]!, answers: [good().sent[0]!.answers[0]!, { at: 30, messageId: 'U2', replyId: 'R2' }] }] })],
    ['doubled', 'one log has a message twice', good({ tabs: [follower('one', [...EVENTS, { ...EVENTS[0]!, seq: 7 }])], log: { logId: LOG, head: 7, events: [...EVENTS, { ...EVENTS[0]!, seq: 7 }] } })],
    ['unknown', 'a message that nobody sent', good({ stored: [USER, DONE, { ...second, content: 'who asked' }] })],
    ['stale-write', 'an event under an older epoch than the one before it', good({ trail: trailOf(EVENTS).map((entry) => ({ ...entry, epoch: entry.seq === 6 ? 3 : 4 })) })],
    ['not-audited', 'a message is not in the trail', good({ trail: trailOf(EVENTS.slice(1)) })],
    ['not-audited', 'the end of a reply is not in the trail', good({ trail: trailOf(EVENTS.slice(0, 5)) })],
  ])('V41 %s: %s', (kind, _, recording) => {
    expect(check(recording).map((verdict) => verdict.kind)).toContain(kind);
  });
});
