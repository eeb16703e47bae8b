/** The running process over real sockets: what a user of one server sees. */
import type { Message } from '../../src/protocol/wire.ts';
import { startHoldfast, type HoldfastProcess } from '../support/holdfast-process.ts';
import { guestToken, Tab } from '../support/tab.ts';
import { until } from '../support/until.ts';

let server: HoldfastProcess;
let token: string;
const tabs: Tab[] = [];

beforeAll(async () => {
  server = await startHoldfast({ DEMO_TOKENS_PER_SECOND: '300', DEMO_TOKENS: '120', RATE_SENDS: '1000', RATE_GUEST_TOKENS: '1000' });
  token = await guestToken(server.url);
});
afterEach(() => tabs.splice(0).forEach((tab) => tab.close()));

async function newTab(sessionId?: string): Promise<Tab> {
  const tab = await new Tab(server.url, token).connect();
  tabs.push(tab);
  await tab.open({ sessionId });
  return tab;
}
const stored = async (tab: Tab): Promise<Message[]> => (await tab.request<{ messages: Message[] }>('session:history', { sessionId: tab.sessionId })).messages;
const clean = { repeats: 0, holes: 0, resyncs: 0, restarts: 0 };

it('R8 two tabs show the same reply as it streams, and history has the same text', async () => {
  const a = await newTab();
  const b = await newTab(a.sessionId);
  const { messageId, replyId } = await a.send('What is a lease?');
  await Promise.all([a.ended(replyId), b.ended(replyId)]);
  const [question, reply] = await stored(a);
  expect(question).toMatchObject({ id: messageId, content: 'What is a lease?' });
  expect(a.text(replyId)).toBe(reply?.content);
  expect(b.text(replyId)).toBe(reply?.content);
  expect(reply?.content.split(/\s+/).filter(Boolean)).not.toHaveLength(0);
  expect([a.counts, b.counts]).toMatchObject([clean, clean]);
  expect([a.ends.get(replyId), b.ends.get(replyId)]).toEqual([1, 1]);
});

it('R9 a reload in the middle loses nothing', async () => {
  const a = await newTab();
  const { replyId } = await a.send('Tell me more');
  await until('some text', () => a.text(replyId).length > 40);
  a.drop();
  a.forget();
  await a.connect();
  expect(a.text(replyId).length).toBeGreaterThan(40);
  await a.ended(replyId);
  expect(a.text(replyId)).toBe((await stored(a))[1]?.content);
  expect(a.counts).toMatchObject(clean);
});

it('R10 a cut connection resumes at its cursor, with events and no snapshot', async () => {
  const a = await newTab();
  const { replyId } = await a.send('Tell me more');
  for (const length of [20, 120, 300]) {
    await until(`${length} characters`, () => a.text(replyId).length > length);
    a.drop();
    await until('the cut', () => !a.socket.connected);
    await a.connect();
  }
  await a.ended(replyId);
  expect(a.text(replyId)).toBe((await stored(a))[1]?.content);
  expect(a.counts).toMatchObject(clean);
  expect(a.counts.opens).toBe(4);
});

it('C1 Stop ends the reply in every tab with the same text, and the next send works at once', async () => {
  const a = await newTab();
  const b = await newTab(a.sessionId);
  const { replyId } = await a.send('Tell me more');
  await until('some text', () => b.text(replyId).length > 30);
  expect(await b.request('message:cancel', { sessionId: a.sessionId, messageId: replyId })).toMatchObject({ status: 'cancelled' });
  const next = await a.send('And now?');
  await Promise.all([a.ended(next.replyId), b.ended(next.replyId)]);
  const messages = await stored(a);
  expect(messages[1]).toMatchObject({ status: 'cancelled', content: a.text(replyId) });
  expect(b.text(replyId)).toBe(a.text(replyId));
  expect(await a.request('message:cancel', { sessionId: a.sessionId, messageId: next.replyId })).toMatchObject({ status: 'complete' });
});

it('C2 fault 21: a cancel before the first token and one that races the end have one terminal event', async () => {
  const a = await newTab();
  for (let round = 0; round < 10; round += 1) {
    const { replyId } = await a.send(`round ${round}`);
    if (round % 2 === 1) await until('nearly all', () => a.text(replyId).length > 500);
    const { status } = await a.request<{ status: string }>('message:cancel', { sessionId: a.sessionId, messageId: replyId });
    expect((await a.ended(replyId)).status).toBe(status);
    expect(a.ends.get(replyId)).toBe(1);
  }
});

it('D1 the same clientMessageId from many tabs is one message', async () => {
  const all = [await newTab()];
  while (all.length < 4) all.push(await newTab(all[0]!.sessionId));
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => all[i % 4]!.send('Once', 'same-id')));
  expect(new Set(answers.map(({ messageId, replyId }) => messageId + replyId)).size).toBe(1);
  expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  await all[0]!.ended(answers[0]!.replyId);
  expect(await stored(all[0]!)).toHaveLength(2);
});

it('refuses a send while a reply streams, and says so', async () => {
  const a = await newTab();
  const { replyId } = await a.send('First');
  await expect(a.send('Second')).rejects.toMatchObject({ code: 'session-busy' });
  await a.request('message:cancel', { sessionId: a.sessionId, messageId: replyId });
});

it('W2 an accumulated tab beside a delta tab ends with the same text', async () => {
  const a = await newTab();
  const b = await new Tab(server.url, token).connect();
  tabs.push(b);
  await b.open({ sessionId: a.sessionId, mode: 'accumulated' });
  const { messageId, replyId } = await a.send('Tell me more');
  await a.ended(replyId);
  await until('the last whole text', () => b.whole.get(replyId)?.isComplete === true);
  expect(b.whole.get(replyId)).toMatchObject({ content: a.text(replyId), status: 'complete', cursor: a.cursor });
  expect(b.messages.get(messageId)?.content).toBe('Tell me more');
});

it('the HTTP way: chat, watch on a socket, cancel, history equal to the stream', async () => {
  const http = (path: string, body?: object) =>
    fetch(server.url + path, { method: body ? 'POST' : 'GET', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  const first = await http('/api/chat', { message: 'Hello', clientMessageId: 'h1' });
  expect(first.status).toBe(202);
  const { sessionId, replyId, status } = (await first.json()) as Record<string, string>;
  expect(status).toBe('streaming');
  const watching = await newTab(sessionId);
  await until('some text', () => watching.text(replyId!).length > 20);
  const again = (await (await http('/api/chat', { message: 'Hello', clientMessageId: 'h1' })).json()) as object;
  expect(again).toMatchObject({ sessionId, replyId, duplicate: true });
  expect(await (await http('/api/cancel', { sessionId, messageId: replyId })).json()).toMatchObject({ status: 'cancelled' });
  await watching.ended(replyId!);
  const { messages } = (await (await http(`/api/history/${sessionId}`)).json()) as { messages: Message[] };
  expect(messages.map(({ content }) => content)).toEqual(['Hello', watching.text(replyId!)]);
  const { sessions } = (await (await http('/api/sessions')).json()) as { sessions: { id: string }[] };
  expect(sessions[0]?.id).toBe(sessionId);
});

it('G27 somebody else’s session is not found, on sockets and over HTTP', async () => {
  const a = await newTab();
  const { replyId } = await a.send('Secret');
  const other = await guestToken(server.url);
  const b = await new Tab(server.url, other).connect();
  tabs.push(b);
  await expect(b.open({ sessionId: a.sessionId })).rejects.toMatchObject({ code: 'not-found' });
  b.sessionId = a.sessionId;
  await expect(b.send('x')).rejects.toMatchObject({ code: 'not-found' });
  await expect(b.request('message:cancel', { sessionId: a.sessionId, messageId: replyId })).rejects.toMatchObject({ code: 'not-found' });
  const answer = await fetch(`${server.url}/api/history/${a.sessionId}`, { headers: { authorization: `Bearer ${other}` } });
  expect(answer.status).toBe(404);
  await a.ended(replyId);
  expect(b.counts.frames).toBe(0);
});

it('SIGTERM ends it with 0 while a reply streams', async () => {
  const a = await newTab();
  const { replyId } = await a.send('Tell me more');
  await until('some text', () => a.text(replyId).length > 20);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  server = await server.restart();
  await a.connect();
  expect(await a.ended(replyId)).toMatchObject({ status: 'complete', content: (await stored(a))[1]?.content });
});

it('E28 after SIGKILL of the server in the middle of it, an answer about a file goes on exactly', async () => {
  const tab = await newTab();
  const query = new URLSearchParams({ sessionId: tab.sessionId, name: 'plan.md', clientFileId: 'c1' });
  const headers = { authorization: `Bearer ${token}` };
  const uploaded = await fetch(`${server.url}/api/files?${query.toString()}`, { method: 'POST', headers, body: `# The plan\n\n${'word '.repeat(20_000)}` });
  const { fileId } = (await uploaded.json()) as { fileId: string };
  const { replyId } = await tab.request<{ replyId: string }>('message:send', { sessionId: tab.sessionId, clientMessageId: 'c1', content: 'What is in it?', files: [fileId] });
  await until('some text', () => tab.text(replyId).length > 200);
  server.kill('SIGKILL');
  const before = tab.text(replyId);
  server = await server.restart();
  const again = await newTab(tab.sessionId);
  await again.ended(replyId);
  const [question, reply] = await stored(again);
  expect(question).toMatchObject({ files: [{ id: fileId, name: 'plan.md', type: 'text/markdown', read: 23_976 }] });
  expect(reply).toMatchObject({ status: 'complete', content: expect.stringContaining('`plan.md` is long: its first') });
  expect(reply?.content.startsWith(before)).toBe(true);
  expect((await fetch(`${server.url}/api/files/${fileId}`, { headers })).status).toBe(200);
});
