/**
 * Kafka as the end of the audit outbox. It connects when it is first used and again whenever it is asked, for most nodes
 * of a cluster never deliver; while Kafka is away only `deliver` rejects. A connection that only told the health is
 * closed when nobody asks any more.
 *
 * A producer that failed once is never used again: kafkajs takes its sequence numbers back after a failure, and a broker
 * that did write the batch would take the next one for its repeat and drop it, saying that all is well.
 */
import { type Admin, CompressionTypes, type Kafka, type Producer } from 'kafkajs';
import type { Config } from '../../config.ts';
import { tellOperator } from '../../operator-line.ts';
import { within } from '../../within.ts';
import type { AuditEntry, AuditReadOptions, AuditSink } from '../contracts.ts';
import { readAudit } from './audit-reader.ts';
import { type AuditMessage, batches, byTopic, type Topics, withoutContent } from './kafka-batches.ts';
import { brokerErrorType, kafkaAway, kafkaClient, reasonOf } from './kafka-client.ts';
import { ensureTopics } from './kafka-topics.ts';

const HEALTH_MS = 2_000;
/** Longer than monitors pause between two questions. */
const IDLE_MS = 60_000;
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

export interface KafkaSinkLink {
  sink: AuditSink;
  health(): Promise<{ ok: boolean; detail?: string }>;
  close(): Promise<void>;
}

/** Throws StartError for settings that can never work. `say` gets a line for the operator, once for each matter. */
export function openKafkaSink(config: Config, say: (line: string) => void = tellOperator, idleMs = IDLE_MS): KafkaSinkLink {
  const link = new KafkaSink(config, kafkaClient(config), say, idleMs);
  return { sink: link, health: () => link.health(), close: () => link.close() };
}

class KafkaSink implements AuditSink {
  readonly #config: Config;
  readonly #kafka: Kafka;
  readonly #topics: Topics;
  readonly #say: (line: string) => void;
  readonly #idleMs: number;
  readonly #said = new Set<string>();
  /** Connected, and the topics are there. */
  #admin: Promise<Admin> | null = null;
  #producer: Promise<Producer> | null = null;
  #notes: string[] = [];
  #idle: NodeJS.Timeout | undefined;
  #connected = false;
  #delivers = false;
  #closed = false;

  constructor(config: Config, kafka: Kafka, say: (line: string) => void, idleMs: number) {
    this.#config = config;
    this.#kafka = kafka;
    this.#idleMs = idleMs;
    this.#topics = { audit: config.KAFKA_AUDIT_TOPIC, analytics: config.KAFKA_ANALYTICS_TOPIC };
    this.#say = say;
  }

  async deliver(entries: AuditEntry[]): Promise<void> {
    this.#delivers = true;
    clearTimeout(this.#idle);
    try {
      await this.#ready();
      for (const batch of batches(entries, this.#topics)) await this.#send(batch);
    } catch (error) {
      this.#forget();
      throw kafkaAway(error);
    }
  }

  async read(options: AuditReadOptions, take: (entries: AuditEntry[]) => void): Promise<void> {
    try {
      await readAudit(this.#kafka, this.#config, options, take);
    } catch (error) {
      throw kafkaAway(error);
    }
  }

  async health(): Promise<{ ok: boolean; detail?: string }> {
    try {
      await within(HEALTH_MS, 'asking Kafka', this.#ready().then((admin) => admin.describeCluster()));
      return this.#notes.length > 0 ? { ok: true, detail: this.#notes.join('; ') } : { ok: true };
    } catch (error) {
      // One that is still being made may be ready for the next question.
      if (this.#connected) this.#forgetAdmin();
      return { ok: false, detail: reasonOf(error) };
    } finally {
      this.#leaveWhenIdle();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    const open = [this.#admin, this.#producer].filter((one) => one !== null);
    this.#admin = null;
    this.#producer = null;
    await within(this.#config.KAFKA_TIMEOUT_MS, 'leaving Kafka', Promise.allSettled(open.map(async (one) => (await one).disconnect()))).catch(() => {});
  }

  #leaveWhenIdle(): void {
    clearTimeout(this.#idle);
    if (this.#closed || this.#delivers) return;
    this.#idle = setTimeout(() => this.#forgetAdmin(), this.#idleMs).unref();
  }

  #ready(): Promise<Admin> {
    if (this.#closed) return Promise.reject(new Error('the sink is closed'));
    this.#admin ??= this.#connect().catch((error: unknown) => {
      this.#admin = null;
      throw error;
    });
    return this.#admin;
  }

  async #connect(): Promise<Admin> {
    const admin = this.#kafka.admin();
    try {
      await within(2 * this.#config.KAFKA_TIMEOUT_MS, 'connecting', admin.connect());
      this.#notes = await ensureTopics(admin, this.#config);
    } catch (error) {
      discard(admin);
      throw error;
    }
    this.#connected = true;
    for (const note of this.#notes) this.#sayOnce(note);
    return admin;
  }

  async #send(batch: AuditMessage[]): Promise<void> {
    try {
      await within(this.#config.KAFKA_TIMEOUT_MS, 'sending', this.#produce(batch));
    } catch (error) {
      if (!TOO_LARGE.includes(brokerErrorType(error) ?? '')) throw error;
      this.#forgetProducer();
      await this.#sendSmaller(batch);
    }
  }

  async #produce(batch: AuditMessage[]): Promise<void> {
    this.#producer ??= this.#newProducer();
    const producer = await this.#producer;
    await producer.sendBatch({ acks: -1, timeout: this.#config.KAFKA_TIMEOUT_MS, compression: CompressionTypes.GZIP, topicMessages: byTopic(batch) });
  }

  async #newProducer(): Promise<Producer> {
    const producer = this.#kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, retry: { retries: 1, initialRetryTime: 100 } });
    await producer.connect();
    return producer;
  }

  /** One entry alone may be what the broker refuses; nothing behind it may wait for it for ever. */
  async #sendSmaller(batch: AuditMessage[]): Promise<void> {
    const [first] = batch;
    if (batch.length > 1 || !first) {
      for (const message of batch) await this.#send([message]);
      return;
    }
    const small = withoutContent(first, this.#topics);
    if (small.message.value.length >= first.message.value.length) throw new Error(`the topic ${first.topic} takes no entries: raise its max.message.bytes`);
    this.#sayOnce(`an audit entry is larger than the topic ${first.topic} takes; it was sent without its content (id ${first.entry.id}): raise max.message.bytes there`);
    await this.#send([small]);
  }

  #sayOnce(line: string): void {
    if (this.#said.has(line)) return;
    // Bounded, whatever comes.
    if (this.#said.size < 100) this.#said.add(line);
    this.#say(line);
  }

  #forget(): void {
    this.#forgetAdmin();
    this.#forgetProducer();
  }

  #forgetAdmin(): void {
    void this.#admin?.then(discard, () => {});
    this.#admin = null;
    this.#connected = false;
  }

  #forgetProducer(): void {
    void this.#producer?.then(discard, () => {});
    this.#producer = null;
  }
}

function discard(client: { disconnect(): Promise<void> }): void {
  client.disconnect().catch(() => {});
}
