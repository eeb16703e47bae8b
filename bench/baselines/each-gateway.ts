/**
 * Baseline "one event per chunk", the gateway: the same building blocks as Holdfast (Moleculer events, a fenced append to
 * a stream, the sharded adapter), one of each for every single chunk. Appends are pipelined, not awaited one by one.
 */
import { createShardedAdapter } from '@socket.io/redis-adapter';
import { Redis, type Callback, type Result } from 'ioredis';
import { type ServiceBroker, type Context } from 'moleculer';
import { eachBroker, type Chunk } from './each-broker.ts';
import { socketServer } from './socket-server.ts';

const FENCED_APPEND = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('XADD', KEYS[2], ARGV[2] .. '-0', 't', ARGV[3])
redis.call('PEXPIRE', KEYS[1], 600000)
redis.call('PEXPIRE', KEYS[2], 300000)
return 1`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    fencedAppend(lock: string, log: string, owner: string, seq: number, text: string, callback?: Callback<number>): Result<number, Context>;
  }
}

const url = process.env['REDIS_URL'] ?? '';
const store = new Redis(url, { scripts: { fencedAppend: { lua: FENCED_APPEND, numberOfKeys: 2 } } });
const [publisher, subscriber] = [new Redis(url), new Redis(url)];
await Promise.all([publisher, subscriber].map((redis) => redis.ping()));
const broker: ServiceBroker = eachBroker(process.env['NAME'] ?? 'gateway');
const { io, listen } = socketServer();
io.adapter(createShardedAdapter(publisher, subscriber, { subscriptionMode: 'dynamic' }));

async function take({ room, seq, text, end }: Chunk): Promise<void> {
  const written = await store.fencedAppend(`owner:${room}`, `log:${room}`, broker.nodeID, seq, text);
  if (written !== 1) return;
  if (end) io.to(`s:${room}`).emit('end', room);
  else io.to(`s:${room}`).emit('delta', [room, text]);
}

broker.createService({
  name: 'gateway',
  events: { chunk: { group: `gateway@${broker.nodeID}`, handler: (ctx: Context<Chunk>) => take(ctx.params) } },
});
await broker.start();
await broker.waitForServices('model');

const heads = new Map<string, number>();
io.on('connection', (socket) => {
  socket.on('join', (room: string, ack: () => void) => {
    void socket.join(`s:${room}`);
    void subscriber.ping().then(ack);
  });
  socket.on('send', async (room: string, content: string, ack: () => void) => {
    await store.set(`owner:${room}`, broker.nodeID, 'PX', 600_000, 'NX');
    const from = heads.get(room) ?? 0;
    heads.set(room, from + 1_000_000);
    await broker.call('model.answer', { room, content, from, owner: broker.nodeID });
    ack();
  });
});
listen();
