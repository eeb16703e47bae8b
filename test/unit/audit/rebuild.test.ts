import { canonicalJson } from '../../../src/audit/canonical.ts';
import { rebuild, rebuildAll, withSiblings } from '../../../src/audit/rebuild.ts';
import type { AuditEntry } from '../../../src/backends/contracts.ts';
import type { Message } from '../../../src/protocol/wire.ts';
import { tell } from '../../support/audit-samples.ts';
import { chunkInput, sendInput } from '../../support/session-states.ts';
import { seeded, type Seeded } from '../../support/seeded.ts';

/** Two turns: the first reply is complete, the second is cancelled; then a new title. */
const talk = () =>
  tell('s1', [
    [sendInput(1, 'First')],
    [{ type: 'run-accepted', runId: 'run1', aiNode: 'ai-1' }, chunkInput('run1', 0, 'One ')],
    [chunkInput('run1', 4, 'two', 'completed')],
    [sendInput(2, 'Second')],
    [chunkInput('run1', 0, 'half a')],
    [{ type: 'cancel', messageId: 'r2' }],
    [{ type: 'rename', title: 'A better name' }],
  ]);

function shuffled<T>(all: T[], random: Seeded): T[] {
  return all.map((one) => ({ one, at: random.next() })).sort((a, b) => a.at - b.at).map(({ one }) => one);
}

describe('a session from its audit entries', () => {
  test('A37 messages and record are those that history holds, byte for byte', () => {
    const { entries, messages, record } = talk();
    const session = rebuild('s1', entries);
    expect(messages.map(({ status }) => status)).toEqual(['complete', 'complete', 'complete', 'cancelled']);
    expect(canonicalJson(session.messages)).toBe(canonicalJson(messages));
    expect(canonicalJson(session.record)).toBe(canonicalJson(record));
    expect(session).toMatchObject({ deleted: false, open: [], omitted: [], endedTwice: [] });
  });

  test('A37 repeats, any order and other sessions in between change nothing', () => {
    const { entries, messages, record } = talk();
    const other = tell('s2', [[sendInput(7)]]).entries;
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seeded(seed);
      const some = shuffled([...entries, ...entries.filter(() => random.next() < 0.5), ...other], random);
      const session = rebuildAll(some).get('s1');
      expect(canonicalJson(session?.messages)).toBe(canonicalJson(messages));
      expect(canonicalJson(session?.record)).toBe(canonicalJson(record));
    }
  });

  test('A37 a failed and a restarted reply keep what was logged last', () => {
    const { entries, messages } = tell('s1', [[sendInput(1)], [chunkInput('run1', 0, 'lost')], [chunkInput('run1', 4, '', 'unavailable')]]);
    expect(messages.at(-1)).toMatchObject({ status: 'failed', content: 'lost', error: { code: 'ai-unavailable' } });
    expect(canonicalJson(rebuild('s1', entries).messages)).toBe(canonicalJson(messages));
  });

  /** The same entries as a restored log tells them: another logId, seq from 1, a higher epoch. */
  function toldAgain(entries: AuditEntry[], change: (message: Message) => Message): AuditEntry[] {
    return entries.map((entry, index) => {
      const message = entry.data['message'] as Message | undefined;
      return { ...entry, id: `s1:log2:${index + 1}`, logId: 'log2', epoch: 2, seq: index + 1, data: { ...entry.data, ...(message && { message: change(message) }) } };
    });
  }

  test('A38 a restored log tells messages again: the end under the highest epoch counts', () => {
    const { entries } = talk();
    const again = toldAgain(entries, (message) => (message.id === 'r2' ? { ...message, content: 'half a word' } : message));
    for (const all of [[...entries, ...again], [...again, ...entries]]) {
      const session = rebuild('s1', all);
      expect(session.messages.map(({ id }) => id)).toEqual(['m1', 'r1', 'm2', 'r2']);
      expect(session.messages.at(-1)?.content).toBe('half a word');
      expect(session.endedTwice).toEqual([]);
    }
  });

  test('A38 two ends of one reply in one log are found', () => {
    const { entries } = talk();
    const end = entries.find(({ type }) => type === 'message.cancelled')!;
    const second = { ...end, id: 's1:log1:99', type: 'message.completed', seq: 99, data: { ...end.data, message: { ...(end.data['message'] as Message), status: 'complete' } } };
    expect(rebuild('s1', [...entries, second]).endedTwice).toEqual(['r2']);
  });

  test('A38 what lacks its end, its text or everything is named, never made up', () => {
    const { entries } = talk();
    const noEnd = rebuild('s1', entries.filter(({ type }) => type !== 'message.cancelled'));
    expect([noEnd.open, noEnd.messages.map(({ id }) => id)]).toEqual([['r2'], ['m1', 'r1', 'm2']]);
    const noText = rebuild('s1', entries.map((entry) => (entry.type === 'message.completed' ? { ...entry, data: { omitted: 'too-large', bytes: 9, messageId: 'r1' } } : entry)));
    expect([noText.omitted, noText.open, noText.messages.map(({ id }) => id)]).toEqual([['r1'], [], ['m1', 'm2', 'r2']]);
    const nonsense: AuditEntry = { ...entries[0]!, id: 'x', type: 'message.created', data: { message: { id: 'y' } } };
    expect(rebuild('s1', [nonsense])).toMatchObject({ messages: [], record: null });
  });

  test('H67 feedback is told with its reply, the one of the highest revision, in whatever order', () => {
    const { entries } = tell('s1', [
      [sendInput(1)],
      [chunkInput('run1', 0, 'One', 'completed')],
      [{ type: 'rate', messageId: 'r1', feedback: { rating: 'up' } }],
      [{ type: 'rate', messageId: 'r1', feedback: { rating: 'down', comment: 'No.' } }],
    ]);
    expect(entries.map(({ type }) => type).slice(-2)).toEqual(['message.rated', 'message.rated']);
    for (const all of [entries, [...entries].reverse()]) expect(rebuild('s1', all).messages.at(-1)).toMatchObject({ id: 'r1', content: 'One', feedback: { rating: 'down', comment: 'No.' } });
    const taken = tell('s1', [[sendInput(1)], [chunkInput('run1', 0, 'One', 'completed')], [{ type: 'rate', messageId: 'r1', feedback: { rating: 'up' } }], [{ type: 'rate', messageId: 'r1', feedback: null }]]);
    expect(rebuild('s1', taken.entries).messages.at(-1)).not.toHaveProperty('feedback');
  });

  test('A37 versions of one turn are counted as history counts them', () => {
    const { messages } = talk();
    const version = { ...messages[1]!, id: 'r1b', position: 9 };
    expect(withSiblings([...messages, version]).map(({ id, siblings }) => [id, siblings])).toEqual([['m1', undefined], ['r1', 2], ['m2', undefined], ['r2', undefined], ['r1b', 2]]);
  });
});
