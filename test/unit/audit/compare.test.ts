import { compareSession, exitCodeOf, type Views } from '../../../src/audit/compare.ts';
import { rebuild } from '../../../src/audit/rebuild.ts';
import type { AuditEntry } from '../../../src/backends/contracts.ts';
import type { Message } from '../../../src/protocol/wire.ts';
import { tell } from '../../support/audit-samples.ts';
import { chunkInput, sendInput } from '../../support/session-states.ts';

const told = tell('s1', [
  [sendInput(1, 'First')],
  [chunkInput('run1', 0, 'One two', 'completed')],
  [sendInput(2, 'Second')],
  [chunkInput('run1', 0, 'half a')],
  [{ type: 'cancel', messageId: 'r2' }],
]);

interface Changes {
  entries?: (entries: AuditEntry[]) => AuditEntry[];
  history?: (messages: Message[]) => Message[];
  log?: (message: Message) => Message;
  over?: Partial<Views>;
}

/** Views that agree, with something changed. */
function views({ entries = (all) => all, history = (all) => all, log = (message) => message, over = {} }: Changes = {}): Views {
  return {
    sessionId: 's1',
    trail: rebuild('s1', entries(told.entries)),
    history: { record: told.record, deleted: false, messages: history(told.messages) },
    log: { finished: told.messages.map((message) => ({ message: log(message), stored: true })), open: [], deleted: false, settled: true },
    backlog: false,
    ...over,
  };
}
const without = (type: string) => (entries: AuditEntry[]) => entries.filter((entry) => entry.type !== type);
const wrong = (given: Views) => compareSession(given).filter(({ verdict }) => verdict !== 'agree').map(({ messageId, verdict, notes }) => [messageId, verdict, ...notes]);

describe('the comparison of audit trail, history and log', () => {
  test('A39 what agrees agrees, a row for each message, with and without a log', () => {
    expect(compareSession(views()).map(({ messageId, role, status, verdict }) => [messageId, role, status, verdict])).toEqual([
      ['m1', 'user', 'complete', 'agree'],
      ['r1', 'assistant', 'complete', 'agree'],
      ['m2', 'user', 'complete', 'agree'],
      ['r2', 'assistant', 'cancelled', 'agree'],
    ]);
    expect(wrong(views({ over: { log: null } }))).toEqual([]);
    expect(exitCodeOf(compareSession(views()))).toBe(0);
  });

  test.each<[string, Changes, unknown[][]]>([
    ['an end the trail lacks', { entries: without('message.completed') }, [['r1', 'differ', 'has no end in the audit trail']]],
    ['a message the trail lacks', { entries: (all) => all.filter(({ data }) => (data['message'] as Message | undefined)?.id !== 'm2') }, [['m2', 'differ', 'missing in the audit trail']]],
    ['a whole trail that is not there', { over: { trail: null } }, ['m1', 'r1', 'm2', 'r2'].map((id) => [id, 'differ', 'missing in the audit trail'])],
    ['a message history lacks', { history: (all) => all.filter(({ id }) => id !== 'r2') }, [['r2', 'differ', 'missing in history']]],
    ['a message history has twice', { history: (all) => [...all, all[1]!] }, [['r1', 'differ', 'twice in history']]],
    ['a message only history has', { history: (all) => [...all, { ...all[0]!, id: 'x', position: 9 }] }, [['x', 'differ', 'missing in the audit trail']]],
    ['another text', { history: (all) => all.map((message) => (message.id === 'r1' ? { ...message, content: 'One' } : message)) }, [['r1', 'differ', 'audit trail and history differ in content (7 and 3 characters)', expect.stringMatching(/^audit trail and log|^history and log/)]].map((row) => row.slice(0, 3))],
    ['another status', { log: (message) => (message.id === 'r2' ? { ...message, status: 'complete' } : message) }, [['r2', 'differ', 'audit trail and log differ in status']]],
    ['another role and place', { history: (all) => all.map((message) => (message.id === 'm2' ? { ...message, role: 'assistant', position: 8 } : message)) }, [['m2', 'differ', 'audit trail and history differ in position, role']]],
  ])('A39 finds %s', (_name, changes, expected) => {
    expect(wrong(views(changes))).toEqual(expected);
    expect(exitCodeOf(compareSession(views(changes)))).toBe(1);
  });

  test('A39 finds a reply that ended twice, and a session record that differs', () => {
    const twice = (all: AuditEntry[]): AuditEntry[] => {
      const end = all.find(({ type }) => type === 'message.cancelled')!;
      return [...all, { ...end, id: 's1:log1:90', seq: 0, data: { ...end.data, message: { ...(end.data['message'] as Message), content: 'other' } } }];
    };
    expect(wrong(views({ entries: twice }))).toEqual([['r2', 'differ', 'ended twice in one log']]);
    expect(wrong(views({ over: { history: { record: { ...told.record, title: 'x', rev: 9 }, deleted: false, messages: told.messages } } }))).toEqual([
      [null, 'differ', "audit trail and history differ in the session's rev, title"],
    ]);
  });

  test('H67 feedback that differs is found, and is waited for while it may be on its way', () => {
    const rated = (messages: Message[]): Message[] => messages.map((message) => (message.id === 'r1' ? { ...message, feedback: { rating: 'up' } } : message));
    const found = ['r1', 'differ', 'audit trail and history differ in feedback'];
    expect(wrong(views({ history: rated }))).toEqual([found]);
    const agreed = views({ history: rated });
    agreed.trail = { ...agreed.trail!, messages: rated(agreed.trail!.messages) };
    expect(wrong(agreed)).toEqual([]);
    const log = views().log!;
    for (const over of [{ backlog: true }, { log: { ...log, settled: false } }, { log: { ...log, open: ['r9'] } }]) expect(wrong(views({ history: rated, over }))).toContainEqual(['r1', 'waiting', found[2]]);
  });

  test('A40 what is on its way is no difference, and no agreement either', () => {
    const late = views({ entries: without('message.cancelled'), over: { backlog: true } });
    expect(wrong(late)).toEqual([['r2', 'waiting', 'has no end in the audit trail']].concat([[null as never, 'waiting', 'the session record in the audit trail is behind']]));
    expect(exitCodeOf(compareSession(late))).toBe(2);
    const unsaved = views({ history: (all) => all.filter(({ id }) => id !== 'r2') });
    unsaved.log = { ...unsaved.log!, settled: false, finished: unsaved.log!.finished.map((one) => ({ ...one, stored: one.message.id !== 'r2' })) };
    expect(wrong(unsaved)).toEqual([['r2', 'waiting', 'missing in history']]);
    expect(exitCodeOf([...compareSession(unsaved), ...compareSession(views({ entries: without('message.completed') }))])).toBe(1);
  });

  test('A40 an open reply is nothing to compare yet', () => {
    const open = tell('s1', [[sendInput(1)], [chunkInput('run1', 0, 'half')]]);
    const log = { finished: open.messages.map((message) => ({ message, stored: true })), open: ['r1'], deleted: false, settled: true };
    const now: Views = { sessionId: 's1', trail: rebuild('s1', open.entries), history: { record: { ...open.record, rev: 0 }, deleted: false, messages: open.messages }, log, backlog: false };
    expect(compareSession(now).map(({ messageId, verdict }) => [messageId, verdict])).toEqual([['m1', 'agree']]);
  });

  test('A40 of a deleted session history keeps no text', () => {
    const gone = tell('s1', [[{ type: 'delete' }]], { state: told.state }).entries;
    const trail = rebuild('s1', [...told.entries, ...gone]);
    const history = { record: told.record, deleted: true, messages: [] };
    expect(compareSession({ ...views(), trail, history, log: null }).map(({ status, verdict }) => [status, verdict])).toEqual([['deleted', 'agree']]);
    expect(wrong({ ...views(), trail, log: null })).toEqual([[null, 'differ', 'deleted, but not in history']]);
    expect(wrong({ ...views(), trail, history: { ...history, messages: told.messages }, log: null })).toEqual([[null, 'differ', 'deleted, but history has 4 messages of it']]);
    expect(wrong({ ...views(), history, log: null })).toEqual([[null, 'differ', 'its deletion is missing in the audit trail']]);
  });

  test('A40 `since` leaves older messages out, and keeps a reply that began before and ended after', () => {
    // The second message was accepted with the third append, its reply ended with the fifth.
    const since = told.messages[2]!.createdAt;
    const recent = (entries: AuditEntry[]): AuditEntry[] => entries.filter(({ at }) => at >= since);
    expect(compareSession(views({ entries: recent, over: { since } })).map(({ messageId, verdict }) => [messageId, verdict])).toEqual([['m2', 'agree'], ['r2', 'agree']]);
    const later = new Date(Date.parse(since) + 1_500).toISOString();
    const onlyEnd = (entries: AuditEntry[]): AuditEntry[] => entries.filter(({ at }) => at >= later);
    expect(compareSession(views({ entries: onlyEnd, over: { since: later } })).map(({ messageId, verdict }) => [messageId, verdict])).toEqual([['r2', 'agree']]);
  });
});
