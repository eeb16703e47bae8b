/** TLS to MongoDB, by the address alone. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { openMongoHistory } from '../../src/backends/cluster/mongo-history.ts';
import { messageOf, recordOf } from '../contract/samples.ts';
import { selfSigned } from '../support/servers/certificate.ts';
import { testMongo } from '../support/servers/mongo.ts';
import { describeWith } from '../support/servers/programs.ts';
import { serverFolder } from '../support/servers/started.ts';
import { until } from '../support/until.ts';

describeWith(['mongo', 'openssl'], 'MongoDB over TLS', () => {
  let certificate: string;
  let server: Server;
  let address: string;

  beforeAll(async () => {
    const signed = selfSigned(serverFolder('mongo-tls'));
    certificate = signed.certificate;
    const { port } = await testMongo();
    server = createServer({ cert: readFileSync(certificate), key: readFileSync(signed.key) }, (near) => {
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [[near, far], [far, near]] as const) from.on('error', () => {}).on('close', () => to.destroy()).pipe(to);
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/holdfast`;
  });
  afterAll(() => void server?.close());

  test('S72 with tls=true history is kept over TLS', async () => {
    const opened = openMongoHistory({ MONGO_URL: `${address}?tls=true&tlsCAFile=${encodeURIComponent(certificate)}`, MONGO_TIMEOUT_MS: 5_000 });
    await until('connected', async () => (await opened.health()).ok, 10_000);
    const record = recordOf();
    await opened.history.store(record, [messageOf(record.id, 1)]);
    expect(await opened.history.message(record.id, 'm1')).toEqual(messageOf(record.id, 1));
    await opened.close();
  });

  test.each([
    ['?tls=true', /self-signed certificate/],
    ['', /./],
  ])('S72 a server whose certificate is not trusted, or asked in plain text, is refused (%j)', async (query, why) => {
    const opened = openMongoHistory({ MONGO_URL: `${address}${query}`, MONGO_TIMEOUT_MS: 5_000 });
    await until('an attempt failed', async () => (await opened.health()).detail !== 'not connected yet', 10_000);
    expect(await opened.health()).toEqual({ ok: false, detail: expect.stringMatching(why) });
    await expect(opened.history.session('any')).rejects.toMatchObject({ type: 'unavailable' });
    await opened.close();
  });
});
