import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { endConnectionsOf } from '../../../../src/gateway/http/http-server.ts';
import { listen as listenAt } from '../../../../src/listen.ts';
import { StartError } from '../../../../src/start-error.ts';

const listen = (server: Server, host: string, port: number) => listenAt(server, { host, port, hostSetting: 'HOST', portSetting: 'PORT' });

test('G19 it says where it listens, with the real port', async () => {
  const server = createServer();
  const url = await listen(server, '127.0.0.1', 0);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  server.close();
});

test('G19 a port in use is one line that says what to do', async () => {
  const first = createServer();
  const port = Number((await listen(first, '127.0.0.1', 0)).split(':').at(-1));
  const second = listen(createServer(), '127.0.0.1', port);
  await expect(second).rejects.toThrow(new StartError(`Port ${port} on 127.0.0.1 is in use. Stop the other program or set PORT.`));
  await expect(second).rejects.toBeInstanceOf(StartError);
  first.close();
});

test('G19 an address of another machine is one line that says what to do', async () => {
  await expect(listen(createServer(), '192.0.2.1', 0)).rejects.toThrow('192.0.2.1 is not an address of this machine. Set HOST');
});

test('G19 a client that keeps its connection does not hold up the end', async () => {
  const server = createServer();
  const end = endConnectionsOf(server);
  const port = Number((await listen(server, '127.0.0.1', 0)).split(':').at(-1));
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1');
  client.on('error', () => undefined);
  await accepted;
  client.write('GET / HTTP/1.1\r\n');
  server.close();
  end(20);
  await once(server, 'close');
});
