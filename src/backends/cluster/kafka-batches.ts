/** Audit entries as Kafka messages, in requests of a bounded size. */
import type { Message } from 'kafkajs';
import { AUDIT_SCHEMA_VERSION, REPLY_ENDED } from '../../audit-types.ts';
import type { AuditEntry } from '../contracts.ts';

/** Below what brokers take by default (1 MiB); a single larger entry goes alone. */
const REQUEST_BYTES = 900_000;

export interface Topics {
  audit: string;
  analytics: string;
}
export interface AuditMessage {
  topic: string;
  entry: AuditEntry;
  message: Message & { key: string; value: string };
}

/** In order; each batch at most `maxBytes` of values, or one entry. */
export function batches(entries: AuditEntry[], topics: Topics, maxBytes = REQUEST_BYTES): AuditMessage[][] {
  const all: AuditMessage[][] = [];
  let room = 0;
  for (const entry of entries) {
    const message = toMessage(entry, topics);
    const size = Buffer.byteLength(message.message.value);
    if (size > room) {
      all.push([]);
      room = maxBytes;
    }
    all.at(-1)?.push(message);
    room -= size;
  }
  return all;
}

/** What belongs to a session stays in its order: the key decides the partition. */
export function toMessage(entry: AuditEntry, topics: Topics): AuditMessage {
  const { id, type, at, sessionId, userId, epoch, seq, logId = null, data } = entry;
  const value = JSON.stringify({ id, v: AUDIT_SCHEMA_VERSION, type, at, sessionId, userId, epoch, seq, logId, data });
  const topic = type === REPLY_ENDED ? topics.analytics : topics.audit;
  return { topic, entry, message: { key: sessionId ?? userId ?? 'none', value } };
}

/** The entry a message was made of. Throws when it is none. */
export function fromMessage(value: string): AuditEntry {
  const { v: _version, logId, ...entry } = JSON.parse(value) as AuditEntry & { v: number };
  return { ...entry, ...(typeof logId === 'string' && { logId }) };
}

/** What is sent of an entry that the broker does not take: that it happened, not what was said. */
export function withoutContent({ entry }: AuditMessage, topics: Topics): AuditMessage {
  const bytes = Buffer.byteLength(JSON.stringify(entry.data));
  const { messageId } = entry.data;
  return toMessage({ ...entry, data: { omitted: 'too-large', bytes, ...(typeof messageId === 'string' && { messageId }) } }, topics);
}

export function byTopic(batch: AuditMessage[]): { topic: string; messages: Message[] }[] {
  const topics = [...new Set(batch.map(({ topic }) => topic))];
  return topics.map((topic) => ({ topic, messages: batch.filter((one) => one.topic === topic).map(({ message }) => message) }));
}
