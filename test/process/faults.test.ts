/** Faults that clients and model servers cause, against the running process: real sockets, a real HTTP model. */
import { readFileSync } from 'node:fs';
import type { Socket as TcpSocket } from 'node:net';
import type { Message } from '../../src/protocol/wire.ts';
import { startHoldfast, type HoldfastProcess } from '../support/holdfast-process.ts';
import { answer, answerBody, openAiServer, refuse, stallAfter, type OpenAiServer, type Script } from '../support/openai-server.ts';
import { guestToken, Tab } from '../support/tab.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const OPEN = { RATE_SENDS: '1000000', RATE_FRAMES: '100000', RATE_GUEST_TOKENS: '1000000' };
const tabs: Tab[] = [];
afterEach(() => tabs.splice(0).forEach((tab) => tab.close()));

async function newTab(url: string, token: string, sessionId?: string): Promise<Tab> {
  const tab = await new Tab(url, token).connect();
  tabs.push(tab);
  await tab.open({ sessionId });
  return tab;
}
const stored = async (tab: Tab): Promise<Message[]> => (await tab.request<{ messages: Message[] }>('session:history', { sessionId: tab.sessionId })).messages;
const raw = (tab: Tab): TcpSocket => (tab.socket.io.engine as { transport: object } as { transport: { ws: { _socket: TcpSocket } } }).transport.ws._socket;
const residentBytes = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;

describe('clients', () => {
  let server: HoldfastProcess;
  let token: string;
  beforeAll(async () => {
    server = await startHoldfast({ ...OPEN, DEMO_TOKENS_PER_SECOND: '200', DEMO_TOKENS: '150', MAX_SOCKET_BUFFER_BYTES: '200000', LOG_RETENTION_MS: '300', LOG_META_MS: '1200', ACTOR_IDLE_MS: '200' });
    token = await guestToken(server.url);
  });

  test('V60 fault 8: the connection flaps while a client connects and sends: one side effect per message', async () => {
    const proxy = await tcpProxy(server.port);
    const tab = new Tab(`http://127.0.0.1:${proxy.port}`, token);
    tabs.push(tab);
    const first = await newTab(server.url, token);
    tab.sessionId = first.sessionId;
    for (let n = 0; n < 5; n += 1) {
      let cuts = 0;
      let accepted = false;
      await until('an answer', async () => {
        try {
          if (!tab.socket.connected) await tab.connect();
          const sending = tab.send(`message ${n}`, `c${n}`);
          // The first tries lose their way while the message or its answer is on it.
          if (cuts < 3) setTimeout(() => proxy.reset(), cuts);
          cuts += 1;
          await sending;
          accepted = true;
        } catch {
          tab.socket.disconnect();
        }
        return accepted;
      }, 30_000);
      await until('the reply to end', async () => (await stored(first)).every(({ status }) => status !== 'streaming'));
    }
    const messages = await stored(first);
    expect(messages.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual([0, 1, 2, 3, 4].map((n) => `message ${n}`));
    expect(messages.filter(({ role }) => role === 'assistant')).toHaveLength(5);
  }, 60_000);

  test('V53 fault 15: 300 clients lose their connections and come back at once, in the middle of answers: all resume, memory stays bounded', async () => {
    const owners = await Promise.all(Array.from({ length: 20 }, () => newTab(server.url, token)));
    const all = [...owners, ...(await Promise.all(owners.flatMap(({ sessionId }) => Array.from({ length: 14 }, () => newTab(server.url, token, sessionId)))))];
    const replies = await Promise.all(owners.map((tab) => tab.send('everybody at once')));
    await until('text everywhere', () => owners.every((tab, n) => tab.text(replies[n]!.replyId).length > 100));
    const before = residentBytes(server.pid);
    for (const tab of all) tab.drop();
    await until('all cuts', () => all.every(({ socket }) => !socket.connected));
    await Promise.all(all.map((tab) => tab.connect()));
    const replyOf = new Map(owners.map(({ sessionId }, n) => [sessionId, replies[n]!.replyId]));
    for (const tab of all) {
      const { content, status } = await tab.ended(replyOf.get(tab.sessionId)!);
      expect([content, status]).toEqual([owners.find(({ sessionId }) => sessionId === tab.sessionId)!.text(replyOf.get(tab.sessionId)!), 'complete']);
      expect(tab.counts).toMatchObject({ resyncs: 0, holes: 0, repeats: 0 });
    }
    expect(residentBytes(server.pid) - before).toBeLessThan(100_000_000);
  }, 60_000);

  test('V61 fault 18: a client that never reads is cut at its bound; nobody else notices, and it resumes whole', async () => {
    const [good, slow] = [await newTab(server.url, token), await newTab(server.url, token)];
    raw(slow).pause();
    // What it asks for and never takes: pages of a session that grew large.
    const { replyId } = await good.send('x'.repeat(90_000));
    const asking = setInterval(() => void slow.request('session:history', { sessionId: good.sessionId }).catch(() => undefined), 2);
    await until('the cut', () => server.stdout.some((line) => line.includes('cut a slow reader')), 30_000);
    clearInterval(asking);
    expect((await good.ended(replyId)).status).toBe('complete');
    raw(slow).resume();
    await until('it knows', () => !slow.socket.connected);
    await slow.connect();
    expect(slow.counts).toMatchObject({ repeats: 0, holes: 0 });
  }, 60_000);

  test('V62 fault 19: a frame of 30 MB ends its own connection; nothing of it is kept, and others go on', async () => {
    const [good, greedy] = [await newTab(server.url, token), await newTab(server.url, token)];
    const before = residentBytes(server.pid);
    greedy.socket.emit('message:send', { sessionId: greedy.sessionId, clientMessageId: 'big', content: 'x'.repeat(30_000_000) });
    await until('the end of its connection', () => !greedy.socket.connected, 20_000);
    expect(good.socket.connected).toBe(true);
    const { replyId } = await good.send('and on it goes');
    expect((await good.ended(replyId)).status).toBe('complete');
    await greedy.connect();
    expect(greedy.messages.size).toBe(0);
    expect(residentBytes(server.pid) - before).toBeLessThan(60_000_000);
  }, 60_000);

  test('V63 fault 20: cursors from nowhere get a typed error or everything anew', async () => {
    const tab = await newTab(server.url, token);
    const { replyId } = await tab.send('where was I');
    await tab.ended(replyId);
    const { logId, seq } = tab.cursor!;
    const open = (cursor: object): Promise<Record<string, unknown>> => tab.request('session:open', { sessionId: tab.sessionId, cursor });
    for (const bad of [{ logId, seq: -1 }, { logId, seq: 1.5 }, { logId, seq: 2 ** 53 }, { logId: '', seq: 0 }, { logId: 'x'.repeat(33), seq: 0 }]) await expect(open(bad)).rejects.toMatchObject({ code: 'invalid' });
    for (const strange of [{ logId, seq: seq + 1 }, { logId, seq: Number.MAX_SAFE_INTEGER }, { logId: 'other', seq: 0 }]) expect(await open(strange)).toMatchObject({ resync: true, messages: [{}, { id: replyId, status: 'complete' }] });
    expect(await open({ logId, seq })).toMatchObject({ resync: false, events: [] });
    // Its events are forgotten, and then the whole log.
    await until('the events to expire', async () => (await open({ logId, seq: 1 }))['resync'] === true, 20_000);
    expect(await open({ logId, seq: 1 })).toMatchObject({ messages: [{}, { id: replyId, content: tab.text(replyId) }] });
  }, 60_000);

  test('V65 fault 28: a send is repeated after the log has expired: its first answer, one message', async () => {
    const tab = await newTab(server.url, token);
    const { messageId, replyId } = await tab.send('once', 'c-once');
    await tab.ended(replyId);
    const { logId } = tab.cursor!;
    await until('the log to go', async () => (await tab.request<{ cursor: { logId: string } }>('session:open', { sessionId: tab.sessionId })).cursor.logId !== logId, 20_000);
    expect(await tab.send('once', 'c-once')).toMatchObject({ messageId, replyId, duplicate: true });
    expect(await stored(tab)).toHaveLength(2);
  }, 60_000);

  test('V65 fault 28: a session is deleted while it streams: nothing of it comes back', async () => {
    const [tab, other] = [await newTab(server.url, token), await newTab(server.url, token)];
    const { replyId } = await tab.send('gone soon');
    await until('some text', () => tab.text(replyId).length > 50);
    await other.request('session:delete', { sessionId: tab.sessionId });
    await expect(tab.request('session:open', { sessionId: tab.sessionId })).rejects.toMatchObject({ code: 'not-found' });
    await expect(tab.send('again')).rejects.toMatchObject({ code: 'not-found' });
    const { replyId: later } = await other.send('meanwhile');
    await other.ended(later);
    await expect(other.request('session:history', { sessionId: tab.sessionId })).rejects.toMatchObject({ code: 'not-found' });
    const { sessions } = await other.request<{ sessions: { id: string }[] }>('session:list', {});
    expect(sessions.map(({ id }) => id)).not.toContain(tab.sessionId);
  }, 60_000);

  test('V65 fault 28: renames race: the one the log has last is what everybody sees', async () => {
    const one = await newTab(server.url, token);
    const { replyId } = await one.send('name me');
    await one.ended(replyId);
    const other = await newTab(server.url, token, one.sessionId);
    const titles: string[] = [];
    one.socket.on('session:events', ({ events }: { events: { type: string; title?: string }[] }) => titles.push(...events.filter(({ type }) => type === 'session.renamed').map(({ title }) => title ?? '')));
    await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : other).request('session:rename', { sessionId: one.sessionId, title: `title ${n}` })));
    await until('all renames', () => titles.length === 20);
    const listed = async (): Promise<string | undefined> => (await one.request<{ sessions: { id: string; title: string }[] }>('session:list', {})).sessions.find(({ id }) => id === one.sessionId)?.title;
    await until('the list to have the last one', async () => (await listed()) === titles.at(-1));
    expect((await other.request<{ session: { title: string } }>('session:open', { sessionId: one.sessionId })).session.title).toBe(titles.at(-1));
  }, 60_000);

  test('V64 fault 21: a cancel that races the last chunk, again and again: one terminal state, the same everywhere', async () => {
    const one = await newTab(server.url, token);
    const two = await newTab(server.url, token, one.sessionId);
    const { replyId: whole } = await one.send('how long');
    const { content } = await one.ended(whole);
    const ends = new Set<string>();
    for (let n = 0; n < 8; n += 1) {
      const { replyId } = await one.send('how long');
      await until('nearly the end', () => one.text(replyId).length >= content.length - 30 * (n % 4) || one.messages.get(replyId)?.status !== 'streaming');
      const { status } = await two.request<{ status: string }>('message:cancel', { sessionId: one.sessionId, messageId: replyId });
      const seen = [await one.ended(replyId), await two.ended(replyId)];
      ends.add(status);
      for (const message of seen) expect([message.status, message.content]).toEqual([status, seen[0]!.content]);
      expect((await stored(one)).at(-1)).toMatchObject({ id: replyId, status, content: seen[0]!.content });
      expect([one.ends.get(replyId), two.ends.get(replyId)]).toEqual([1, 1]);
    }
    expect([...ends].every((status) => ['cancelled', 'complete'].includes(status))).toBe(true);
  }, 60_000);
});

describe('the model server', () => {
  let model: OpenAiServer;
  let server: HoldfastProcess;
  let token: string;
  beforeAll(async () => {
    model = await openAiServer();
    server = await startHoldfast({ ...OPEN, AI_PROVIDER: 'openai', OPENAI_BASE_URL: model.url, AI_STALL_MS: '400', AI_FIRST_TOKEN_MS: '1000', AI_RETRIES: '1', AI_GENERATE_ATTEMPTS: '1' });
    token = await guestToken(server.url);
  });
  afterAll(async () => model.close());

  /** Cuts the connection between the bytes of a letter. */
  const inLetter: Script = async (exchange) => {
    exchange.begin();
    const bytes = Buffer.from(answerBody(['one ', 'đường '], { finish: null, done: false }));
    const at = bytes.indexOf(Buffer.from('đ')) + 1;
    await new Promise((resolve) => exchange.response.write(bytes.subarray(0, at), resolve));
    exchange.drop();
  };

  test.each<[string, Script[], string, string]>([
    ['answers 429', [refuse(429, { message: 'x' }), refuse(429, { message: 'x' })], 'failed', ''],
    ['stalls', [stallAfter(['one ', 'two '])], 'failed', 'one two '],
    ['cuts inside a letter', [inLetter], 'failed', 'one '],
    ['splits letters anywhere and never says finish', [answer(['một ', '😀 đường'], { size: 1, finish: null, done: false })], 'failed', 'một 😀 đường'],
    ['splits letters anywhere', [answer(['một ', '😀 đường'], { size: 1 })], 'complete', 'một 😀 đường'],
  ])('V66 fault 23: the model server %s: a typed end, the text is kept, the next message is answered at once', async (_, scripts, status, text) => {
    const tab = await newTab(server.url, token);
    model.next(...scripts);
    const { replyId } = await tab.send('how are you');
    const reply = await tab.ended(replyId);
    expect([reply.status, reply.content]).toEqual([status, text]);
    const kept = async (): Promise<Message | undefined> => (await stored(tab)).find(({ id }) => id === replyId);
    await until('history to have it', async () => (await kept())?.status === status);
    expect(await kept()).toMatchObject({ content: text, ...(status === 'failed' && { error: { code: expect.stringMatching(/^ai-/), retryable: true } }) });
    const again = await tab.ended((await tab.send('once more')).replyId);
    expect(again).toMatchObject({ status: 'complete', content: 'Hello there.' });
  }, 30_000);
});
