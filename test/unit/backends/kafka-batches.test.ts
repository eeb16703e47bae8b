import { batches, byTopic, fromMessage, toMessage, withoutContent } from '../../../src/backends/cluster/kafka-batches.ts';
import { auditEntry, HARD_TEXT } from '../../contract/samples.ts';

const topics = { audit: 'a', analytics: 'b' };

describe('audit entries as Kafka messages', () => {
  test('A31 every field is there, hard text too, and comes back', () => {
    const entry = auditEntry({ sessionId: 's1', userId: 'u1', epoch: 3, seq: 4, logId: 'log1', data: { text: HARD_TEXT } });
    const { topic, message } = toMessage(entry, topics);
    expect([topic, message.key]).toEqual(['a', 's1']);
    expect(JSON.parse(message.value)).toEqual({ ...entry, v: 1 });
    expect(fromMessage(message.value)).toEqual(entry);
    const bare = auditEntry();
    expect(fromMessage(toMessage(bare, topics).message.value)).toEqual(bare);
  });

  test('A31 the key is the session, else the user, else one for all; figures have their own topic', () => {
    const keyOf = (over: object): string => toMessage(auditEntry(over), topics).message.key;
    expect([keyOf({ sessionId: 's1', userId: 'u1' }), keyOf({ userId: 'u1' }), keyOf({})]).toEqual(['s1', 'u1', 'none']);
    const mixed = [auditEntry(), auditEntry({ type: 'reply.ended' }), auditEntry()].map((entry) => toMessage(entry, topics));
    expect(byTopic(mixed).map(({ topic, messages }) => [topic, messages.length])).toEqual([['a', 2], ['b', 1]]);
  });

  test('A32 batches keep the order and their bound; a larger entry goes alone', () => {
    const sizes = [400, 400, 400, 5_000, 100, 100];
    const entries = sizes.map((size) => auditEntry({ data: { text: 'x'.repeat(size) } }));
    const made = batches(entries, topics, 1_200);
    expect(made.flat().map(({ entry }) => entry)).toEqual(entries);
    expect(made.map((batch) => batch.length)).toEqual([2, 1, 1, 2]);
    for (const batch of made) {
      const bytes = batch.reduce((sum, { message }) => sum + Buffer.byteLength(message.value), 0);
      expect(batch.length === 1 || bytes <= 1_200).toBe(true);
    }
    expect(batches([], topics)).toEqual([]);
  });

  test('A33 what is left of an entry that is too large', () => {
    const entry = auditEntry({ type: 'message.completed', data: { messageId: 'm1', message: { content: 'x'.repeat(999) } } });
    const small = withoutContent(toMessage(entry, topics), topics);
    expect(fromMessage(small.message.value)).toEqual({ ...entry, data: { omitted: 'too-large', bytes: expect.any(Number), messageId: 'm1' } });
  });
});
