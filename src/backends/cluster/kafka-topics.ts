/** Creates the topics that are missing. One that is there belongs to its operator and stays as it is. */
import type { Admin } from 'kafkajs';
import { brokerErrorType, type KafkaSettings } from './kafka-client.ts';

/** Answers what an operator should know: a line for each topic that differs from the settings. */
export async function ensureTopics(admin: Admin, settings: KafkaSettings): Promise<string[]> {
  const names = [...new Set([settings.KAFKA_AUDIT_TOPIC, settings.KAFKA_ANALYTICS_TOPIC])];
  const known = new Set(await admin.listTopics());
  const missing = names.filter((name) => !known.has(name));
  if (missing.length > 0) await create(admin, missing, settings);
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  return topics
    .filter(({ partitions }) => partitions.length !== settings.KAFKA_PARTITIONS)
    .map(({ name, partitions }) => `the topic ${name} has ${partitions.length} partitions, KAFKA_PARTITIONS says ${settings.KAFKA_PARTITIONS}; it is left as it is`);
}

async function create(admin: Admin, names: string[], settings: KafkaSettings): Promise<void> {
  const { KAFKA_PARTITIONS, KAFKA_REPLICATION, KAFKA_RETENTION_MS, KAFKA_MAX_MESSAGE_BYTES } = settings;
  const configEntries = [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: String(KAFKA_RETENTION_MS) },
    { name: 'retention.bytes', value: '-1' },
    { name: 'max.message.bytes', value: String(KAFKA_MAX_MESSAGE_BYTES) },
  ];
  const replicationFactor = KAFKA_REPLICATION === 0 ? -1 : KAFKA_REPLICATION;
  try {
    await admin.createTopics({ topics: names.map((topic) => ({ topic, numPartitions: KAFKA_PARTITIONS, replicationFactor, configEntries })) });
  } catch (error) {
    throw new Error(`the topics ${names.join(', ')} cannot be created: ${why(error)}`, { cause: error });
  }
}

function why(error: unknown): string {
  const inner = error instanceof AggregateError || (error instanceof Error && 'errors' in error) ? (error as { errors: unknown[] }).errors : [error];
  return inner.map((one) => brokerErrorType(one) ?? (one instanceof Error ? one.message : String(one))).join(', ');
}
