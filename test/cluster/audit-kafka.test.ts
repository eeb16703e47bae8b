/** The audit trail on a real Kafka: its topics, its messages, and that nothing is missing after an outage. */
import { randomUUID } from 'node:crypto';
import { ConfigResourceTypes, Kafka, logLevel, type Admin } from 'kafkajs';
import { Drain } from '../../src/audit/drain.ts';
import type { AuditEntry } from '../../src/backends/contracts.ts';
import { openKafkaSink, type KafkaSinkLink } from '../../src/backends/cluster/kafka-sink.ts';
import { systemClock } from '../../src/clock.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import { freePort, type LocalServer } from '../../scripts/servers/local-server.ts';
import { Faults } from '../support/fakes/faults.ts';
import { MemoryWorld } from '../support/fakes/memory-backends.ts';
import { testKafka } from '../support/servers/kafka.ts';
import { describeWith } from '../support/servers/programs.ts';
import { serverFolder } from '../support/servers/started.ts';
import { until } from '../support/until.ts';

const AT = '2026-01-02T03:04:05.000Z';
let made = 0;
function entry(over: Partial<AuditEntry> = {}): AuditEntry {
  made += 1;
  return { id: `e${made}`, at: AT, type: 'message.created', sessionId: 's1', userId: 'u1', epoch: 1, seq: made, logId: 'log1', data: { n: made }, ...over };
}
const many = (count: number, over: Partial<AuditEntry> = {}): AuditEntry[] => Array.from({ length: count }, () => entry(over));

function settingsFor(brokers: string, env: Record<string, string> = {}): Config {
  const name = randomUUID().slice(0, 8);
  return loadConfig({
    REDIS_URL: 'redis://127.0.0.1:1', MONGO_URL: 'mongodb://127.0.0.1:1', AUTH_JWT_SECRET: 'x'.repeat(32), KAFKA_BROKERS: brokers,
    KAFKA_AUDIT_TOPIC: `audit.${name}`, KAFKA_ANALYTICS_TOPIC: `analytics.${name}`, KAFKA_TIMEOUT_MS: '2000', ...env,
  });
}

async function readAll({ sink }: KafkaSinkLink, options: { sessionId?: string; since?: number } = {}): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  await sink.read(options, (some) => entries.push(...some));
  return entries;
}
const idsOf = (entries: AuditEntry[]): string[] => [...new Set(entries.map(({ id }) => id))].sort();

describeWith(['kafka'], 'the audit trail on Kafka', () => {
  jest.setTimeout(90_000);
  let kafka: LocalServer;
  let admin: Admin;
  const opened: KafkaSinkLink[] = [];
  const said: string[] = [];

  beforeAll(async () => {
    kafka = await testKafka();
    admin = new Kafka({ brokers: [kafka.url], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  }, 600_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((link) => link.close()));
    said.length = 0;
  });
  afterAll(async () => {
    await admin.disconnect();
  });

  function open(config: Config): KafkaSinkLink {
    const link = openKafkaSink(config, (line) => said.push(line));
    opened.push(link);
    return link;
  }

  test('A30 missing topics are created as the settings say', async () => {
    const config = settingsFor(kafka.url, { KAFKA_PARTITIONS: '3', KAFKA_RETENTION_MS: '86400000', KAFKA_MAX_MESSAGE_BYTES: '2000000' });
    await open(config).sink.deliver([entry()]);
    for (const name of [config.KAFKA_AUDIT_TOPIC, config.KAFKA_ANALYTICS_TOPIC]) {
      const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
      expect(topics[0]?.partitions).toHaveLength(3);
      const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name }] });
      const values = Object.fromEntries(resources[0]!.configEntries.map((one) => [one.configName, one.configValue]));
      expect(values).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '86400000', 'retention.bytes': '-1', 'max.message.bytes': '2000000' });
    }
    expect(said).toEqual([]);
  });

  test('A30 a topic that is there is left as it is, and its difference is said once', async () => {
    const config = settingsFor(kafka.url);
    await admin.createTopics({ topics: [{ topic: config.KAFKA_AUDIT_TOPIC, numPartitions: 1 }] });
    const link = open(config);
    await link.sink.deliver([entry()]);
    expect(said).toEqual([expect.stringMatching(/has 1 partitions, KAFKA_PARTITIONS says 6/)]);
    expect((await link.health()).detail).toMatch(/has 1 partitions/);
    const { topics } = await admin.fetchTopicMetadata({ topics: [config.KAFKA_AUDIT_TOPIC] });
    expect(topics[0]?.partitions).toHaveLength(1);
  });

  test('N80 a connection that only told the health ends when nobody asks any more, and health finds its way again', async () => {
    const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = sockets();
    const link = openKafkaSink(settingsFor(kafka.url), (line) => said.push(line), 300);
    opened.push(link);
    expect(await link.health()).toEqual({ ok: true });
    expect(sockets()).toBeGreaterThan(before);
    await until('it left', () => sockets() === before);
    expect(await link.health()).toEqual({ ok: true });
    // One that delivers stays.
    await link.sink.deliver([entry()]);
    const delivering = sockets();
    expect(await link.health()).toEqual({ ok: true });
    const from = performance.now();
    await until('it would have left', () => performance.now() - from > 600);
    expect(sockets()).toBe(delivering);
  });

  test('A31 a session stays in one partition and in order, and is read back as it was written', async () => {
    const config = settingsFor(kafka.url);
    const link = open(config);
    const entries = ['s1', 's2', 's3'].flatMap((sessionId) => many(40, { sessionId }));
    const others = [entry({ type: 'auth.refused', sessionId: null, userId: null, epoch: null, seq: null, logId: undefined })];
    await link.sink.deliver([...entries, ...others]);
    expect(await readAll(link, { sessionId: 's2' })).toEqual(entries.filter(({ sessionId }) => sessionId === 's2'));
    expect(idsOf(await readAll(link))).toEqual(idsOf([...entries, ...others]));
    expect((await admin.listGroups()).groups.filter(({ groupId }) => groupId.includes('-read-'))).toEqual([]);
  });

  test('A31 what was delivered long before `since` is not read, an empty topic ends at once', async () => {
    const link = open(settingsFor(kafka.url));
    await link.sink.deliver([]);
    expect(await readAll(link)).toEqual([]);
    await link.sink.deliver([entry()]);
    expect(await readAll(link, { since: Date.now() + 600_000 })).toEqual([]);
    expect(await readAll(link, { since: Date.now() })).toHaveLength(1);
  });

  test('A32 large entries go in requests the broker takes', async () => {
    const link = open(settingsFor(kafka.url));
    const noise = (length: number): string => Array.from({ length }, () => String.fromCharCode(0x4e00 + Math.floor(Math.random() * 20_000))).join('');
    const entries = [...Array.from({ length: 8 }, () => entry({ data: { text: noise(100_000) } })), entry({ data: { text: noise(1_000_000) } })];
    await link.sink.deliver(entries);
    expect((await readAll(link)).map(({ data }) => data)).toEqual(entries.map(({ data }) => data));
    expect(said).toEqual([]);
  });

  test('A33 what the topic does not take is told without its content, and what stands behind it still comes', async () => {
    const config = settingsFor(kafka.url);
    await admin.createTopics({ topics: [{ topic: config.KAFKA_AUDIT_TOPIC, numPartitions: 6, configEntries: [{ name: 'max.message.bytes', value: '2000' }] }] });
    const link = open(config);
    const noise = Array.from({ length: 4_000 }, () => Math.random().toString(36)[2]).join('');
    const entries = [entry(), entry({ data: { messageId: 'm1', text: noise } }), entry()];
    await link.sink.deliver(entries);
    const read = await readAll(link);
    expect(idsOf(read)).toEqual(idsOf(entries));
    expect(read.find(({ id }) => id === entries[1]?.id)?.data).toMatchObject({ omitted: 'too-large', messageId: 'm1' });
    expect(said).toEqual([expect.stringMatching(/larger than the topic/)]);
  });

  test('A34 fault 13: SIGKILL of an audit node between delivering and forgetting: the next one delivers again, 0 missing', async () => {
    const link = open(settingsFor(kafka.url));
    const world = new MemoryWorld();
    const entries = many(500);
    await world.backends().outbox.add(entries);
    const log = { outage: () => {}, recovered: () => {} };
    const settings = { batch: 50, idleMs: 5, retryMaxMs: 10 };
    // It dies three times, just before the outbox forgets a batch or just after.
    for (let deaths = 0; deaths < 3; deaths += 1) {
      const faults = new Faults();
      let died = false;
      const die = ({ op }: { op: string }): void => {
        if (op === 'outbox.remove' && Math.random() < 0.3) died = true;
        if (died) throw new Error('killed');
      };
      faults.beforeWrite = die;
      faults.afterWrite = die;
      const { outbox } = world.backends(faults);
      const drain = new Drain({ outbox, sink: link.sink, clock: systemClock, log }, settings);
      drain.start();
      await until('it dies or is done', async () => died || (await world.backends().outbox.stats()).entries === 0, 20_000);
      await drain.stop();
    }
    const { outbox } = world.backends();
    const last = new Drain({ outbox, sink: link.sink, clock: systemClock, log }, settings);
    last.start();
    await until('the outbox is empty', async () => (await outbox.stats()).entries === 0, 20_000);
    await last.stop();
    const read = await readAll(link);
    expect(idsOf(read)).toEqual(idsOf(entries));
  });

  describe('when Kafka goes and comes', () => {
    test('A35 fault 12: away at the start and later: only deliveries are refused, and afterwards nothing is missing', async () => {
      const port = await freePort();
      const dir = serverFolder('kafka');
      const link = open(settingsFor(`127.0.0.1:${port}`));
      const entries = many(30);
      await expect(link.sink.deliver(entries.slice(0, 10))).rejects.toMatchObject({ type: 'unavailable', message: expect.stringMatching(/^Kafka cannot be used/) });
      expect(await link.health()).toMatchObject({ ok: false });
      const deliver = async (some: AuditEntry[]): Promise<void> => until('it is delivered', () => link.sink.deliver(some).then(() => true, () => false), 60_000);

      const server = await testKafka({ dir, port });
      await deliver(entries.slice(0, 10));
      expect(await link.health()).toEqual({ ok: true });
      server.kill('SIGKILL');
      await server.exited;
      await expect(link.sink.deliver(entries.slice(10, 20))).rejects.toMatchObject({ type: 'unavailable' });
      await testKafka({ dir, port });
      await deliver(entries.slice(10, 20));
      await deliver(entries.slice(20));
      expect(idsOf(await readAll(link))).toEqual(idsOf(entries));
    });

    test('A36 a batch whose answer was lost does not swallow the next one', async () => {
      const server = await testKafka();
      const link = open(settingsFor(server.url, { KAFKA_PARTITIONS: '1', KAFKA_TIMEOUT_MS: '600' }));
      const warm = many(5);
      await link.sink.deliver(warm);
      const unheard = many(5);
      server.kill('SIGSTOP');
      await expect(link.sink.deliver(unheard)).rejects.toMatchObject({ type: 'unavailable' });
      // Until the driver, too, has given the batch up and taken its numbers back.
      for (let asked = 0; asked < 4; asked += 1) expect(await link.health()).toMatchObject({ ok: false });
      server.kill('SIGCONT');
      // As many entries, but others: the broker must not take them for the batch it wrote meanwhile.
      const next = many(5);
      await until('it is delivered', () => link.sink.deliver(next).then(() => true, () => false), 60_000);
      // The unheard batch was written after all: the test is about nothing else.
      expect(idsOf(await readAll(link))).toEqual(idsOf([...warm, ...unheard, ...next]));
    });
  });
});
