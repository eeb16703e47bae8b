import { Adapter } from 'socket.io-adapter';
import type { Backends, FanOutLink, LogMeta } from '../../../src/backends/contracts.ts';
import { chatError } from '../../../src/errors.ts';
import type { Event, Message, WholeMessage } from '../../../src/protocol/wire.ts';
import { call } from '../../../src/typed-call.ts';
import { ask, framesOf, openReply, startGateway, type TestGateway } from '../../support/gateway-harness.ts';
import { until } from '../../support/until.ts';

let node: TestGateway;
beforeEach(async () => {
  node = await startGateway({ env: { ACCUMULATED_WATCH_MS: '40', RATE_FRAMES: '1000' } });
});
afterEach(() => node.stop());

const delta = (seq: number, text = 'x'): Event => ({ seq, at: 'now', type: 'message.delta', messageId: 'r1', text });
const message = (role: Message['role']): Message => ({ id: `of-${role}`, sessionId: 's1', position: 1, role, content: '', status: 'complete', parentId: null, createdAt: 'now' });
const created = (seq: number, role: Message['role'] = 'user'): Event => ({ seq, at: 'now', type: 'message.created', message: message(role) });
const completed = (seq: number): Event => ({ seq, at: 'now', type: 'message.completed', messageId: 'r1', finishReason: 'stop' });
const rated = (seq: number): Event => ({ seq, at: 'now', type: 'message.rated', messageId: 'r1', feedback: { rating: 'up' }, rev: 3 });
const renamed = (seq: number): Event => ({ seq, at: 'now', type: 'session.renamed', title: 'A title' });
const whole = (content: string): WholeMessage => ({ sessionId: 's1', messageId: 'r1', content, chunk: '', isComplete: false, status: 'streaming', cursor: { logId: 'LOG1', seq: 3 } });

async function opened(fields: object = {}) {
  const client = await node.connect();
  const frames = framesOf(client);
  await ask(client, 'session:open', { sessionId: 's1', ...fields });
  return { client, frames, userId: client.hello.userId };
}
const send = (userId: string, events: Event[], more: { whole?: WholeMessage[]; sessionId?: string } = {}) =>
  node.emit('gateway.frames', { userId, sessionId: 's1', logId: 'LOG1', events, ...more });
/** Frames are in order: when this one is there, all before it are. */
async function after(client: { once(event: 'sessions:changed', listener: () => void): unknown }, userId: string): Promise<void> {
  const arrived = new Promise<void>((resolve) => client.once('sessions:changed', resolve));
  node.emit('gateway.sessions-changed', { userId, sessionId: 'mark', change: 'updated' });
  await arrived;
}
const kinds = (frames: [string, unknown][]) => frames.map(([event]) => event).filter((event) => event !== 'sessions:changed');

test('G5 frames go to the user they belong to, though another one has joined the same session', async () => {
  const [mine, other] = [await opened(), await opened()];
  send(mine.userId, [delta(1)]);
  await after(mine.client, mine.userId);
  await after(other.client, other.userId);
  expect(kinds(mine.frames)).toEqual(['delta']);
  expect(kinds(other.frames)).toEqual([]);
});

test('G6 what is appended while the log is being read reaches the socket', async () => {
  const client = await node.connect();
  const frames = framesOf(client);
  node.owner['session-owner.open'] = async () => {
    send(client.hello.userId, [delta(1)]);
    return openReply('s1');
  };
  expect(await ask(client, 'session:open', { sessionId: 's1' })).toMatchObject({ ok: true });
  expect(frames).toEqual([['delta', ['s1', 'LOG1', 1, 'x']]]);
});

test('G6 a session that may not be opened is left again; one that was open stays open', async () => {
  const { client, frames, userId } = await opened();
  node.owner['session-owner.open'] = () => {
    throw chatError('not-found', 'There is no such session.');
  };
  expect(await ask(client, 'session:open', { sessionId: 's2' })).toEqual({ ok: false, error: { code: 'not-found', message: 'There is no such session.', retryable: false } });
  await ask(client, 'session:open', { sessionId: 's1' });
  send(userId, [delta(1)], { sessionId: 's2' });
  send(userId, [delta(1)]);
  await after(client, userId);
  expect(frames.filter(([event]) => event === 'delta')).toEqual([['delta', ['s1', 'LOG1', 1, 'x']]]);
});

test('G6 a new session is joined before its id is told', async () => {
  const client = await node.connect();
  const frames = framesOf(client);
  await ask(client, 'session:open', {});
  send(client.hello.userId, [created(1)], { sessionId: 'new-session1' });
  await after(client, client.hello.userId);
  expect(kinds(frames)).toEqual(['session:events']);
});

test('G6 with other gateways, the log is read only when frames of the room reach this one', async () => {
  const joins: (() => void)[] = [];
  const link: FanOutLink = {
    adapter: Adapter,
    joined: () => new Promise((resolve) => joins.push(resolve)),
    onInterrupted: () => undefined,
    lost: () => 0,
    close: () => Promise.resolve(),
  };
  const cluster = await startGateway({ backends: { mode: 'cluster', openFanOut: () => Promise.resolve(link) } });
  try {
    const client = await cluster.connect();
    const isAsked = (): boolean => cluster.calls.some(({ action }) => action === 'session-owner.open');
    const opening = ask(client, 'session:open', { sessionId: 's1' });
    await until('the gateway to wait', () => joins.length === 1);
    expect(isAsked()).toBe(false);
    joins[0]?.();
    expect(await opening).toMatchObject({ ok: true });
    expect(isAsked()).toBe(true);
  } finally {
    await cluster.stop();
  }
});

test('G6 a closed session sends nothing more', async () => {
  const { client, frames, userId } = await opened();
  expect(await ask(client, 'session:close', { sessionId: 's1' })).toEqual({ ok: true });
  send(userId, [delta(1)]);
  await after(client, userId);
  expect(kinds(frames)).toEqual([]);
});

test('G7 frames keep the order of the log; a lone delta is short, the rest goes together', async () => {
  const { client, frames, userId } = await opened();
  const batches = [[created(1), created(2, 'assistant')], [delta(3)], [delta(4), delta(5)], [delta(6), completed(7)], [renamed(8)]];
  for (const batch of batches) send(userId, batch);
  await after(client, userId);
  expect(frames.slice(0, -1)).toEqual([
    ['session:events', { sessionId: 's1', logId: 'LOG1', events: [created(1), created(2, 'assistant')] }],
    ['delta', ['s1', 'LOG1', 3, 'x']],
    ['session:events', { sessionId: 's1', logId: 'LOG1', events: [delta(4), delta(5)] }],
    ['delta', ['s1', 'LOG1', 6, 'x']],
    ['session:events', { sessionId: 's1', logId: 'LOG1', events: [completed(7)] }],
    ['session:events', { sessionId: 's1', logId: 'LOG1', events: [renamed(8)] }],
  ]);
});

test('G7 a thousand frames arrive in order', async () => {
  const { client, frames, userId } = await opened();
  for (let seq = 1; seq <= 1000; seq += 1) send(userId, [delta(seq)]);
  await after(client, userId);
  const seqs = frames.filter(([event]) => event === 'delta').map(([, payload]) => (payload as number[])[2]);
  expect(seqs).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
});

test('G7 alive, resync and list changes have the form of the protocol and name no user', async () => {
  const { client, frames, userId } = await opened();
  node.emit('gateway.alive', { userId, sessionId: 's1', logId: 'LOG1', seq: 9 });
  node.emit('gateway.resync', { userId, sessionId: 's1', reason: 'moved', withinMs: 50 });
  await after(client, userId);
  expect(frames).toEqual([
    ['session:alive', ['s1', 'LOG1', 9]],
    ['session:resync', { sessionId: 's1', reason: 'moved', withinMs: 50 }],
    ['sessions:changed', { sessionId: 'mark', change: 'updated' }],
  ]);
});

test('G8 accumulated clients get whole texts instead of replies, and everything else as it is', async () => {
  const { client, frames, userId } = await opened({ mode: 'accumulated' });
  send(userId, [created(1), created(2, 'assistant')], { whole: [whole('')] });
  send(userId, [delta(3)], { whole: [whole('x')] });
  send(userId, [delta(4)]);
  send(userId, [completed(5), rated(6)], { whole: [whole('xx')] });
  node.emit('gateway.alive', { userId, sessionId: 's1', logId: 'LOG1', seq: 6 });
  await after(client, userId);
  expect(frames.slice(0, -1)).toEqual([
    ['session:events', { sessionId: 's1', logId: 'LOG1', events: [created(1)] }],
    ['session:message', whole('')],
    ['session:message', whole('x')],
    ['session:events', { sessionId: 's1', logId: 'LOG1', events: [rated(6)] }],
    ['session:message', whole('xx')],
    ['session:alive', ['s1', 'LOG1', 6]],
  ]);
  expect(node.callsOf('session-owner.open')[0]?.params).toMatchObject({ mode: 'accumulated' });
});

test('G8 opening again in the other mode changes over', async () => {
  const { client, frames, userId } = await opened({ mode: 'accumulated' });
  await ask(client, 'session:open', { sessionId: 's1' });
  send(userId, [delta(1)], { whole: [whole('x')] });
  await ask(client, 'session:open', { sessionId: 's1', mode: 'accumulated' });
  send(userId, [delta(2)], { whole: [whole('xx')] });
  await after(client, userId);
  expect(kinds(frames)).toEqual(['delta', 'session:message']);
});

test('G8 while somebody reads whole texts their owner is asked again for them, and no longer', async () => {
  const { client } = await opened({ mode: 'accumulated' });
  await opened({ sessionId: 's2' });
  await until('two requests', () => node.callsOf('session-owner.watch').length >= 2);
  expect(node.callsOf('session-owner.watch')[0]?.params).toEqual({ sessionIds: ['s1'] });
  await ask(client, 'session:close', { sessionId: 's1' });
  const asked = node.callsOf('session-owner.watch').length;
  await opened({ sessionId: 's3', mode: 'accumulated' });
  await until('the next request', () => node.callsOf('session-owner.watch').length > asked + 1);
  expect(node.callsOf('session-owner.watch').at(-1)?.params).toEqual({ sessionIds: ['s3'] });
});

test('G8 each answer tells whole-text sockets the head, and nobody else', async () => {
  node.owner['session-owner.watch'] = () => ({ s1: { logId: 'LOG2', seq: 4 } });
  try {
    const [{ client, frames }, others] = [await opened({ mode: 'accumulated' }), await opened()];
    await until('the head', () => frames.length > 0);
    expect(frames[0]).toEqual(['session:alive', ['s1', 'LOG2', 4]]);
    client.disconnect();
    await after(others.client, others.userId);
    expect(kinds(others.frames)).not.toContain('session:alive');
  } finally {
    node.owner['session-owner.watch'] = () => ({});
  }
});

test('G9 after a session was deleted its sockets hear of it and have it open no more', async () => {
  const { client, frames, userId } = await opened();
  send(userId, [{ seq: 1, at: 'now', type: 'session.deleted' }]);
  send(userId, [delta(2)]);
  await after(client, userId);
  expect(frames.slice(0, -1)).toEqual([['session:events', { sessionId: 's1', logId: 'LOG1', events: [{ seq: 1, at: 'now', type: 'session.deleted' }] }]]);
  expect(await call(node.broker, 'gateway.sockets', { sessionId: 's1' })).toEqual([]);
});

test('G26 a socket can have 100 sessions open; an open one can be opened again, a closed one makes room', async () => {
  const client = await node.connect();
  const open = (i: number) => ask(client, 'session:open', { sessionId: `session-${i}` });
  for (let i = 0; i < 100; i += 1) expect(await open(i)).toMatchObject({ ok: true });
  expect(await open(100)).toMatchObject({ ok: false, error: { code: 'rate-limited' } });
  expect(await ask(client, 'session:open', {})).toMatchObject({ ok: false, error: { code: 'rate-limited' } });
  expect(await open(7)).toMatchObject({ ok: true });
  await ask(client, 'session:close', { sessionId: 'session-7' });
  expect(await open(100)).toMatchObject({ ok: true });
});

test('G25 sockets can be looked at: who, from where, since when, with which sessions', async () => {
  const { client, userId } = await opened();
  await opened({ sessionId: 's2' });
  const [view, ...rest] = await call(node.broker, 'gateway.sockets', { sessionId: 's1' });
  expect(rest).toEqual([]);
  expect(view).toEqual({ id: client.id, userId, address: '127.0.0.1', connectedAt: expect.stringMatching(/^\d{4}-.*Z$/), lastHeartbeat: expect.stringMatching(/^\d{4}-.*Z$/), sessions: ['s1'] });
  expect(await call(node.broker, 'gateway.sockets', { userId })).toEqual([view]);
  expect(await call(node.broker, 'gateway.sockets', {})).toHaveLength(2);
});

test('G6 a client that leaves while its session is being opened leaves no room behind', async () => {
  let finish = (): void => undefined;
  node.owner['session-owner.open'] = async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    return openReply('new-session1');
  };
  const client = await node.connect();
  client.emit('session:open', {}, () => undefined);
  await until('the owner is asked', () => node.callsOf('session-owner.open').length === 1);
  const other = await node.connect();
  client.disconnect();
  await until('it is gone', () => node.logs.some(({ text }) => text === 'disconnected'));
  finish();
  await ask(other, 'session:list', {});
  const { io } = node.broker.getLocalService('gateway') as { io?: { sockets: { adapter: { rooms: Map<string, unknown> } } } };
  const rooms = [...(io?.sockets.adapter.rooms.keys() ?? ['session: no io'])];
  expect(rooms.filter((room) => room.startsWith('session:'))).toEqual([]);
});

test('G29 a node that leaves, in peace or not, has the heads of the sessions told to those who have them open', async () => {
  const meta = async (sessionId: string): Promise<LogMeta> => ({ sessionId, logId: 'LOG1', head: 9, run: null }) as LogMeta;
  const log = { meta } as Backends['log'];
  const own = await startGateway({ backends: { log } });
  try {
    const client = await own.connect();
    const frames = framesOf(client);
    await ask(client, 'session:open', { sessionId: 's1' });
    void own.broker.broadcastLocal('$node.disconnected', { node: { id: 'ai-1', services: [{ name: 'ai' }] }, unexpected: true });
    void own.broker.broadcastLocal('$node.disconnected', { node: { id: 'gate-2', services: [] }, unexpected: false });
    await until('the head', () => frames.length > 0);
    expect(frames).toEqual([['session:alive', ['s1', 'LOG1', 9]]]);
  } finally {
    await own.stop();
  }
});
