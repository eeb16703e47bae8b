import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openKafkaSink } from '../../../src/backends/cluster/kafka-sink.ts';
import { ConfigError, loadConfig } from '../../../src/config.ts';
import { StartError } from '../../../src/start-error.ts';

const cluster = { REDIS_URL: 'redis://127.0.0.1:1', MONGO_URL: 'mongodb://127.0.0.1:1', AUTH_JWT_SECRET: 'x'.repeat(32), KAFKA_BROKERS: '127.0.0.1:1' };

function problemsOf(env: Record<string, string>): string[] {
  try {
    loadConfig({ ...cluster, ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the settings of Kafka', () => {
  test('A43 half a login is one line, and the password is never shown', () => {
    const together = expect.stringMatching(/belong together/);
    const half: Record<string, string>[] = [{ KAFKA_SASL_MECHANISM: 'plain' }, { KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'secret-word' }, { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'u' }];
    expect(half.map(problemsOf)).toEqual([[together], [together], [together]]);
    expect(half.map(problemsOf).flat().join()).not.toContain('secret-word');
    expect(problemsOf({ KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' })).toEqual([]);
    expect(problemsOf({ KAFKA_SSL_CA_FILE: '/x.pem' })).toEqual([expect.stringMatching(/KAFKA_SSL is off/)]);
    expect(problemsOf({ KAFKA_BROKERS: 'kafka' })).toEqual([expect.stringMatching(/^KAFKA_BROKERS: must be host:port/)]);
    expect(problemsOf({ KAFKA_AUDIT_TOPIC: 'a b' })).toEqual([expect.stringMatching(/^KAFKA_AUDIT_TOPIC/)]);
  });

  test('A43 an unreadable CA file is one line that names it', () => {
    const file = join(__dirname, 'nowhere.pem');
    expect(() => openKafkaSink(loadConfig({ ...cluster, KAFKA_SSL: 'on', KAFKA_SSL_CA_FILE: file }))).toThrow(StartError);
    expect(() => openKafkaSink(loadConfig({ ...cluster, KAFKA_SSL: 'on', KAFKA_SSL_CA_FILE: file }))).toThrow(/KAFKA_SSL_CA_FILE .*nowhere[.]pem cannot be read/);
  });
});

describe('who connects to Kafka', () => {
  test('N80 a node that neither delivers nor is asked for the health connects to no broker', async () => {
    let connections = 0;
    const noBroker = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => noBroker.listen(0, '127.0.0.1', resolve));
    const { port } = noBroker.address() as AddressInfo;
    const link = openKafkaSink(loadConfig({ ...cluster, KAFKA_BROKERS: `127.0.0.1:${port}`, KAFKA_TIMEOUT_MS: '200' }), () => {});
    // As long as another one needs to be there.
    const other = openKafkaSink(loadConfig({ ...cluster, KAFKA_BROKERS: '127.0.0.1:1', KAFKA_TIMEOUT_MS: '200' }), () => {});
    expect(await other.health()).toMatchObject({ ok: false });
    expect(connections).toBe(0);
    expect(await link.health()).toMatchObject({ ok: false });
    expect(connections).toBeGreaterThan(0);
    const before = connections;
    await expect(link.sink.deliver([])).rejects.toMatchObject({ type: 'unavailable' });
    expect(connections).toBeGreaterThan(before);
    await Promise.all([link.close(), other.close()]);
    await new Promise((resolve) => noBroker.close(resolve));
  });
});
