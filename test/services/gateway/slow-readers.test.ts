import type { Socket as TcpSocket } from 'node:net';
import type { Socket } from 'socket.io-client';
import { ask, framesOf, openReply, startGateway, type TestGateway } from '../../support/gateway-harness.ts';
import { until } from '../../support/until.ts';

const LIMIT = 200_000;
/** More than the kernel takes over on both ends. */
const TEXT = 'x'.repeat(50_000);

let node: TestGateway;
let token: string;
let userId: string;
beforeEach(async () => {
  node = await startGateway({ env: { MAX_SOCKET_BUFFER_BYTES: String(LIMIT) } });
  ({ token, userId } = await node.guest());
});
afterEach(() => node.stop());

function tcpOf(client: Socket): TcpSocket {
  return (client.io.engine as { transport: object } as { transport: { ws: { _socket: TcpSocket } } }).transport.ws._socket;
}
async function opened(): Promise<Socket> {
  const client = await node.connect({ token });
  await ask(client, 'session:open', { sessionId: 's1' });
  return client;
}
const delta = (seq: number, text: string) =>
  node.emit('gateway.frames', { userId, sessionId: 's1', logId: 'LOG1', events: [{ seq, at: 'now', type: 'message.delta', messageId: 'r1', text }] });
const cuts = () => node.logs.filter(({ text }) => text === 'cut a slow reader');
const breathe = () => new Promise((resolve) => setImmediate(resolve));

test('G16 fault 18: a client that never reads is cut at a bounded buffer, others lose nothing, and it can resume', async () => {
  const [slow, good] = [await opened(), await opened()];
  const frames = framesOf(good);
  const tcp = tcpOf(slow);
  const slowId = slow.id;
  tcp.pause();
  let seq = 0;
  await until('it is cut', async () => {
    delta((seq += 1), TEXT);
    await until('the good one has it', () => frames.length === seq);
    return cuts().length > 0;
  });
  expect(cuts()).toHaveLength(1);
  expect(cuts()[0]?.fields).toMatchObject({ socket: slowId, user: userId, sessions: ['s1'] });
  const waiting = cuts()[0]?.fields['waitingBytes'] as number;
  expect(waiting).toBeGreaterThan(LIMIT);
  expect(waiting).toBeLessThan(LIMIT + 2.5 * TEXT.length);
  tcp.resume();
  await until('it knows', () => !slow.connected);
  expect(good.connected).toBe(true);
  expect(await ask(await node.connect({ token }), 'session:open', { sessionId: 's1', cursor: { logId: 'LOG1', seq: 1 } })).toMatchObject({ ok: true });
});

test('G16 one answer larger than the whole allowance reaches a client, also while deltas follow it', async () => {
  const client = await opened();
  const frames = framesOf(client);
  const tcp = tcpOf(client);
  const large = { ...openReply('s1'), hasMore: false, messages: [] };
  node.owner['session-owner.open'] = () => ({ ...large, session: { ...large.session, title: 'y'.repeat(8_000_000) } });
  tcp.pause();
  const answer = ask(client, 'session:open', { sessionId: 's1' });
  await until('the owner answered', () => node.callsOf('session-owner.open').length === 2);
  for (let seq = 1; seq <= 10; seq += 1) {
    await breathe();
    delta(seq, 'a short text');
  }
  tcp.resume();
  expect((await answer).ok).toBe(true);
  await until('the deltas are there', () => frames.length === 10);
  expect(cuts()).toEqual([]);
});

test('G16 what a client asked for itself counts as well', async () => {
  const client = await opened();
  const tcp = tcpOf(client);
  const large = openReply('s1');
  node.owner['session-owner.open'] = () => ({ ...large, session: { ...large.session, title: 'y'.repeat(4_000_000) } });
  tcp.pause();
  for (let i = 0; i < 20; i += 1) client.emit('session:open', { sessionId: `s${i}` }, () => undefined);
  await until('it is cut', () => cuts().length === 1);
  expect(cuts()[0]?.fields['waitingBytes']).toBeLessThan(20 * 4_000_000);
  tcp.resume();
  await until('it knows', () => !client.connected);
});

test('G16 twenty clients that read get megabytes each without being cut', async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, opened));
  const counts = clients.map(framesOf);
  for (let seq = 1; seq <= 100; seq += 1) {
    delta(seq, TEXT);
    await until('all have it', () => counts.every((frames) => frames.length === seq));
  }
  expect(cuts()).toEqual([]);
});
