/** The fan-out between two gateways over a real Redis, seen from socket.io servers without anything else. */
import { createServer, type Server as HttpServer } from 'node:http';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { io, type Socket as ClientSocket } from 'socket.io-client';
import type { FanOutLink } from '../../src/backends/contracts.ts';
import { FAN_OUT_PREFIX, openRedisFanOut } from '../../src/backends/cluster/redis-fan-out.ts';
import { toWireError } from '../../src/errors.ts';
import { testRedis } from '../support/servers/redis.ts';
import { describeWith } from '../support/servers/programs.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

type LocalServer = Awaited<ReturnType<typeof testRedis>>;

interface Member {
  link: FanOutLink;
  io: Server;
  url: string;
  interruptions: number;
  close(): Promise<void>;
}

const open: Member[] = [];
const clients: ClientSocket[] = [];
let redis: LocalServer;
let admin: Redis;

async function member(settings: { timeoutMs?: number; bufferBytes?: number; url?: string } = {}): Promise<Member> {
  const link = await openRedisFanOut({ REDIS_URL: settings.url ?? redis.url, FAN_OUT_TIMEOUT_MS: settings.timeoutMs ?? 500, FAN_OUT_BUFFER_BYTES: settings.bufferBytes ?? 1_000_000 });
  const http: HttpServer = createServer();
  const server = new Server(http, { transports: ['websocket'], adapter: link.adapter });
  server.on('connection', (socket) => {
    socket.on('join', async (room: string, ack: (joined: boolean) => void) => {
      void socket.join(room);
      ack(await link.joined().then(() => true, () => false));
    });
    socket.on('leave', (room: string, ack: () => void) => {
      void socket.leave(room);
      ack();
    });
  });
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as { port: number };
  const made: Member = {
    link,
    io: server,
    url: `http://127.0.0.1:${port}`,
    interruptions: 0,
    async close() {
      await server.close();
      await link.close();
    },
  };
  link.onInterrupted(() => (made.interruptions += 1));
  open.push(made);
  return made;
}

async function client(of: Member): Promise<{ socket: ClientSocket; got: unknown[]; join(room: string): Promise<boolean>; leave(room: string): Promise<unknown> }> {
  const socket = io(of.url, { transports: ['websocket'], forceNew: true, reconnection: false });
  clients.push(socket);
  const got: unknown[] = [];
  socket.on('frame', (value: unknown) => void got.push(value));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('connect_error', reject);
  });
  return { socket, got, join: (room) => socket.timeout(5_000).emitWithAck('join', room), leave: (room) => socket.timeout(5_000).emitWithAck('leave', room) };
}

const listeners = async (room: string): Promise<number> => Number(((await admin.call('PUBSUB', 'SHARDNUMSUB', `${FAN_OUT_PREFIX}#/#${room}#`)) as [string, number])[1]);
const connectionsNamed = async (name: string): Promise<number> => String(await admin.client('LIST')).split('\n').filter((line) => line.includes(`name=${name} `)).length;
/** Cuts connections by their name, as a network would. */
async function cut(name: string): Promise<void> {
  const ids = String(await admin.client('LIST')).split('\n').filter((line) => line.includes(`name=${name} `)).map((line) => /^id=(\d+)/.exec(line)?.[1] ?? '');
  for (const id of ids) await admin.client('KILL', 'ID', id);
}

async function durationOf(refused: Promise<void>): Promise<number> {
  const begun = performance.now();
  await expect(refused).rejects.toThrow();
  return performance.now() - begun;
}

describeWith(['redis-server'], 'the fan-out between gateways', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    redis = await testRedis();
    admin = new Redis(redis.url, { maxRetriesPerRequest: null });
    admin.on('error', () => undefined);
  });
  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.disconnect();
    await Promise.all(open.splice(0).map((one) => one.close()));
  });
  afterAll(() => {
    process.off('unhandledRejection', note);
    admin.disconnect();
    expect(unhandled).toEqual([]);
  });

  test('F1 a frame reaches members of its room at every gateway, in order, and only gateways that have members hear it', async () => {
    const [a, b, c] = [await member(), await member(), await member()];
    const [one, two, other] = [await client(a), await client(b), await client(c)];
    expect([await one.join('room-1'), await two.join('room-1'), await other.join('room-2')]).toEqual([true, true, true]);
    expect([await listeners('room-1'), await listeners('room-2')]).toEqual([2, 1]);
    for (let n = 1; n <= 200; n += 1) a.io.to('room-1').emit('frame', n);
    const all = Array.from({ length: 200 }, (_, n) => n + 1);
    await until('all frames', () => one.got.length === 200 && two.got.length === 200);
    expect([one.got, two.got, other.got]).toEqual([all, all, []]);
    await two.leave('room-1');
    await b.link.joined();
    expect(await listeners('room-1')).toBe(1);
  });

  test('F2 once joined() resolves no frame of the room is missed', async () => {
    const [a, b] = [await member(), await member()];
    const two = await client(b);
    for (let n = 0; n < 100; n += 1) {
      expect(await two.join(`fresh-${n}`)).toBe(true);
      a.io.to(`fresh-${n}`).emit('frame', n);
    }
    await until('a frame of each room', () => two.got.length === 100);
    expect(two.got).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  test('F2 an open is not answered before its subscription is in force', async () => {
    const proxy = await tcpProxy(redis.port);
    const [a, b] = [await member(), await member({ url: proxy.url(redis.url), timeoutMs: 5_000 })];
    const two = await client(b);
    proxy.pause('fan-out-sub');
    let answered = false;
    const joining = two.join('slow').then((joined) => ((answered = true), joined));
    // Later requests of the same client are answered meanwhile.
    for (let n = 0; n < 20; n += 1) await two.leave('another');
    expect([answered, await listeners('slow')]).toEqual([false, 0]);
    proxy.pass();
    expect(await joining).toBe(true);
    a.io.to('slow').emit('frame', 'not missed');
    await until('the frame', () => two.got.length === 1);
  });

  test('F3 while Redis is away local frames go on, joins are refused at once, nothing waits, and all is heard again after', async () => {
    const [a, b] = [await member(), await member()];
    const [one, two] = [await client(a), await client(b)];
    await Promise.all([one.join('room'), two.join('room')]);
    redis.kill('SIGKILL');
    await redis.exited;
    await until('it is noticed', async () => (await a.link.joined().then(() => false, () => true)));
    const begun = Date.now();
    expect(toWireError(await a.link.joined().catch((error: unknown) => error))).toMatchObject({ code: 'unavailable', retryable: true });
    expect(Date.now() - begun).toBeLessThan(200);
    for (let n = 1; n <= 1_000; n += 1) a.io.to('room').emit('frame', n);
    // Joins, leaves and empty rooms of an outage: only what holds at its end is asked for afterwards.
    expect(await one.join('during')).toBe(false);
    for (let n = 0; n < 200; n += 1) {
      await two.join('coming-and-going');
      await two.leave('coming-and-going');
    }
    await until('local frames', () => one.got.length === 1_000);
    expect(a.link.lost()).toBe(1_000);
    redis = await testRedis({ port: redis.port });
    await until('both heard of it', () => a.interruptions > 0 && b.interruptions > 0, 10_000);
    expect([await a.link.joined(), await b.link.joined()]).toEqual([undefined, undefined]);
    expect([await listeners('room'), await listeners('during'), await listeners('coming-and-going')]).toEqual([2, 1, 0]);
    b.io.to('room').emit('frame', 'after');
    await until('the frame after', () => one.got.at(-1) === 'after' && two.got.at(-1) === 'after');
    // Frames of the outage did not come late.
    expect(two.got).toEqual(['after']);
    expect([await connectionsNamed('holdfast:fan-out-sub'), await connectionsNamed('holdfast:fan-out-pub')]).toEqual([2, 2]);
  });

  test('F4 a cut receiving connection is told of after its rooms are subscribed again', async () => {
    const [a, b] = [await member(), await member()];
    const two = await client(b);
    for (let n = 0; n < 1_200; n += 1) void b.io.in(two.socket.id ?? '').socketsJoin(`many-${n}`);
    await two.join('last');
    let subscribedThen: number | undefined;
    b.link.onInterrupted(() => void listeners('many-1199').then((count) => (subscribedThen = count)));
    await cut('holdfast:fan-out-sub');
    await until('it is told', () => b.interruptions === 1 && subscribedThen !== undefined);
    expect(subscribedThen).toBe(1);
    a.io.to('many-0').emit('frame', 'again');
    await until('the frame', () => two.got.length === 1);
  });

  test('F5 a gateway whose sending connection was away tells the others that its frames are missing', async () => {
    const [a, b] = [await member(), await member()];
    const [one, two] = [await client(a), await client(b)];
    await Promise.all([one.join('room'), two.join('room')]);
    await cut('holdfast:fan-out-pub');
    await until('a frame is lost', () => {
      a.io.to('room').emit('frame', 'x');
      return a.link.lost() > 0;
    });
    await until('the other one knows', () => b.interruptions > 0);
    expect(a.interruptions).toBe(0);
  });

  test('F6 while Redis hangs frames beyond the buffer are dropped, connections that do not answer are made anew, and it is told', async () => {
    const [a, b] = [await member({ timeoutMs: 300, bufferBytes: 20_000 }), await member({ timeoutMs: 300 })];
    const [one, two] = [await client(a), await client(b)];
    await Promise.all([one.join('room'), two.join('room')]);
    redis.kill('SIGSTOP');
    try {
      for (let n = 0; n < 500; n += 1) a.io.to('room').emit('frame', 'x'.repeat(1_000));
      await until('local frames', () => one.got.length === 500);
      expect(a.link.lost()).toBeGreaterThan(470);
      expect(await b.link.joined().catch((error: unknown) => toWireError(error).code)).toBe('unavailable');
      // Refused at once: the connection was given up.
      for (const { link } of [a, b]) await until('the connection is given up', async () => (await durationOf(link.joined())) < 50);
    } finally {
      redis.kill('SIGCONT');
    }
    await until('both heard of it', () => a.interruptions > 0 && b.interruptions > 0, 10_000);
    await until('rooms are back', async () => (await listeners('room')) === 2, 10_000);
    await until('a frame comes through', () => {
      a.io.to('room').emit('frame', 'after');
      return two.got.at(-1) === 'after';
    });
  });
});
