/** Kafka behind TLS and a login: the audit trail goes there only with the right certificate and the right password. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openKafkaSink, type KafkaSinkLink } from '../../src/backends/cluster/kafka-sink.ts';
import { loadConfig } from '../../src/config.ts';
import { freePort } from '../../scripts/servers/local-server.ts';
import { auditEntry } from '../contract/samples.ts';
import { selfSigned } from '../support/servers/certificate.ts';
import { testKafka } from '../support/servers/kafka.ts';
import { describeWith } from '../support/servers/programs.ts';
import { serverFolder } from '../support/servers/started.ts';
import { until } from '../support/until.ts';

describeWith(['kafka', 'openssl'], 'Kafka with TLS and a login', () => {
  jest.setTimeout(60_000);
  let env: Record<string, string>;
  const opened: KafkaSinkLink[] = [];

  beforeAll(async () => {
    const dir = serverFolder('kafka');
    const { key, certificate } = selfSigned(dir);
    const both = join(dir, 'both.pem');
    writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'));
    const port = await freePort();
    await testKafka({
      dir,
      change: (settings) => ({
        ...settings,
        listeners: `${String(settings['listeners'])},SECURE://127.0.0.1:${port}`,
        'advertised.listeners': `${String(settings['advertised.listeners'])},SECURE://127.0.0.1:${port}`,
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
        'listener.name.secure.ssl.keystore.type': 'PEM',
        'listener.name.secure.ssl.keystore.location': both,
        'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'listener.name.secure.plain.sasl.jaas.config': 'org.apache.kafka.common.security.plain.PlainLoginModule required user_chat="right";',
        ...Object.fromEntries(['256', '512'].map((bits) => [`listener.name.secure.scram-sha-${bits}.sasl.jaas.config`, 'org.apache.kafka.common.security.scram.ScramLoginModule required;'])),
      }),
      format: ['256', '512'].flatMap((bits) => ['--add-scram', `SCRAM-SHA-${bits}=[name=chat,password=right]`]),
    });
    env = {
      REDIS_URL: 'redis://127.0.0.1:1', MONGO_URL: 'mongodb://127.0.0.1:1', AUTH_JWT_SECRET: 'x'.repeat(32), KAFKA_BROKERS: `127.0.0.1:${port}`, KAFKA_TIMEOUT_MS: '3000',
      KAFKA_SSL: 'on', KAFKA_SSL_CA_FILE: certificate, KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'chat', KAFKA_SASL_PASSWORD: 'right',
    };
  }, 600_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((link) => link.close()));
  });

  function open(changes: Record<string, string> = {}): KafkaSinkLink {
    const link = openKafkaSink(loadConfig({ ...env, ...changes }), () => {});
    opened.push(link);
    return link;
  }

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'])('A43 with the right certificate and password entries arrive and are read (%s)', async (mechanism) => {
    const link = open({ KAFKA_SASL_MECHANISM: mechanism });
    const entry = auditEntry();
    await until('it is delivered', () => link.sink.deliver([entry]).then(() => true, () => false), 20_000);
    const read: string[] = [];
    await link.sink.read({}, (entries) => read.push(...entries.map(({ id }) => id)));
    expect(read).toContain(entry.id);
  });

  test.each([
    ['a wrong password', { KAFKA_SASL_PASSWORD: 'wrong' }, /[Aa]uthentication failed/],
    ['a wrong password for SCRAM', { KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_PASSWORD: 'wrong' }, /[Aa]uthentication failed/],
    ['no TLS', { KAFKA_SSL: 'off', KAFKA_SSL_CA_FILE: '' }, /Kafka cannot be used/],
    ['a certificate nobody vouches for', { KAFKA_SSL_CA_FILE: '' }, /certificate/],
  ])('A43 with %s they do not, and the reason is told without the password', async (_name, changes, reason) => {
    const link = open(changes);
    const refusal = await link.sink.deliver([auditEntry()]).then(() => null, (error: unknown) => error);
    expect(refusal).toMatchObject({ type: 'unavailable', message: expect.stringMatching(reason) });
    expect(String(refusal)).not.toMatch(/wrong|right/);
    expect(await link.health()).toMatchObject({ ok: false });
  });
});
