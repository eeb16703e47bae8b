/**
 * Reads the audit topic from a place to its present end and stops there. The consumer group it needs is its own, keeps
 * no offsets and is deleted afterwards, so that readers take nothing from each other.
 */
import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type Consumer, type EachBatchPayload, type Kafka } from 'kafkajs';
import type { AuditEntry, AuditReadOptions } from '../contracts.ts';
import { fromMessage } from './kafka-batches.ts';
import type { KafkaSettings } from './kafka-client.ts';

const { KafkaJSError, KafkaJSGroupCoordinatorNotFound, KafkaJSProtocolError } = kafkajs;

/** Nothing new for so long although the end is not reached: somebody else must look at that broker. */
const IDLE_MS = 30_000;
/** Longest wait for partitions to have a leader again, and the pause between two looks. */
const LEADER_MS = 15_000;
const LEADER_PAUSE_MS = 200;
/** Clocks of brokers and of this machine may differ. */
const MARGIN_MS = 300_000;

/** Offsets of one partition that are still to be read. */
interface Span {
  partition: number;
  next: bigint;
  end: bigint;
}

/** Rejects when the broker stops answering before the end. */
export async function readAudit(kafka: Kafka, settings: KafkaSettings, options: AuditReadOptions, take: (entries: AuditEntry[]) => void): Promise<void> {
  const topic = settings.KAFKA_AUDIT_TOPIC;
  const admin = kafka.admin();
  const groupId = `${settings.KAFKA_CLIENT_ID}-read-${randomUUID()}`;
  try {
    await admin.connect();
    const spans = await patiently(() => spansOf(admin, topic, options.since));
    if (spans.length === 0) return;
    const consumer = (): Consumer => kafka.consumer({ groupId, maxBytesPerPartition: settings.KAFKA_MAX_MESSAGE_BYTES, maxWaitTimeInMs: 200, allowAutoTopicCreation: false, retry: { retries: 3, restartOnFailure: async () => false } });
    await patiently(() => consume(consumer(), topic, spans, options, take));
    await admin.deleteGroups([groupId]).catch(() => {});
  } finally {
    await admin.disconnect();
  }
}

/** A broker that has just come back leads neither its partitions nor its groups yet, and says so. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const limit = performance.now() + LEADER_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!saysLater(error) || performance.now() > limit) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LEADER_PAUSE_MS));
  }
}

/** What the broker said is the innermost cause: the client wraps it when it gave up asking. */
function saysLater(error: unknown): boolean {
  if (!(error instanceof KafkaJSError)) return false;
  if (error.cause !== undefined) return saysLater(error.cause);
  return error instanceof KafkaJSGroupCoordinatorNotFound || (error instanceof KafkaJSProtocolError && error.retriable);
}

async function spansOf(admin: Admin, topic: string, since: number | undefined): Promise<Span[]> {
  const marks = await admin.fetchTopicOffsets(topic);
  const from = since === undefined ? [] : await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, since - MARGIN_MS));
  const starts = new Map(from.map(({ partition, offset }) => [partition, BigInt(offset)]));
  return marks
    .map(({ partition, low, high }) => ({ partition, next: starts.get(partition) ?? BigInt(low), end: BigInt(high) }))
    .filter(({ next, end }) => next < end);
}

/** Reads on from where the spans are; ends the consumer. */
async function consume(consumer: Consumer, topic: string, spans: Span[], options: AuditReadOptions, take: (entries: AuditEntry[]) => void): Promise<void> {
  const total = sum(spans);
  let idle: NodeJS.Timeout | undefined;
  let finish = (): void => {};
  let fail = (_error: Error): void => {};
  const done = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  // A failure before anybody awaits it is no unhandled one.
  done.catch(() => {});
  const alive = (): void => {
    clearTimeout(idle);
    idle = setTimeout(() => fail(new Error(`nothing came for ${IDLE_MS} ms, ${sum(spans)} entries before the end`)), IDLE_MS);
  };
  let crashed = false;
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    crashed = true;
    fail(payload.error);
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    alive();
    await consumer.run({
      autoCommit: false,
      eachBatch: async (payload) => {
        alive();
        takeBatch(payload, spans, options.sessionId, take);
        options.progress?.(total - sum(spans), total);
        if (sum(spans) === 0) finish();
      },
    });
    // Where it could not join its group, `run` resolves all the same.
    if (!crashed) for (const { partition, next } of spans) consumer.seek({ topic, partition, offset: String(next) });
    await done;
  } finally {
    clearTimeout(idle);
    await consumer.disconnect();
  }
}

function takeBatch({ batch }: EachBatchPayload, spans: Span[], sessionId: string | undefined, take: (entries: AuditEntry[]) => void): void {
  const span = spans.find(({ partition }) => partition === batch.partition);
  if (!span) return;
  const wanted = batch.messages.filter(({ offset }) => BigInt(offset) >= span.next && BigInt(offset) < span.end);
  take(wanted.filter(({ key }) => sessionId === undefined || key?.toString() === sessionId).map(({ value }) => fromMessage(value?.toString() ?? 'null')));
  const read = BigInt(batch.lastOffset()) + 1n;
  // A batch from before the seek may end below the place where reading begins.
  if (read > span.next) span.next = read < span.end ? read : span.end;
}

function sum(spans: Span[]): number {
  return spans.reduce((left, { next, end }) => left + Number(end - next), 0);
}
