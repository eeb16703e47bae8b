/** Versions that are waited for, taken back, and switched between; the other end is scripted. */
import type { SessionProblem, SessionStore } from '../../../public/src/chat-client/session-store.ts';
import { refused, type ScriptedServer } from '../../support/scripted-server.ts';
import type { ScriptedSession } from '../../support/scripted-session.ts';
import { acceptVersions } from '../../support/scripted-versions.ts';
import { until } from '../../support/until.ts';
import { openLive, startScripted, untilLive, untilSame, type Page } from './client-harness.ts';

let server: ScriptedServer;
let session: ScriptedSession;
let page: Page;
let store: SessionStore;
let first: string;
let problems: string[];

beforeEach(async () => {
  ({ server, session, page } = await startScripted());
  store = await openLive({ server, session, page });
  first = session.begin('Hello?');
  session.end();
  await untilSame(store, session);
  problems = [];
  store.problems.subscribe(({ of, code }: SessionProblem) => void problems.push(`${of} ${code}`));
});
afterEach(async () => {
  page.close();
  await server.close();
});

const asked = () => server.requestsNamed('message:regenerate');
const path = () => store.snapshot.value.view?.messages.map(({ id }) => id);
const switched = () => session.events.filter(({ type }) => type === 'session.switched').length;

describe('taking back', () => {
  it('B22 a version that was not sent yet is taken back, and never asked for', async () => {
    page.client.disconnect();
    expect(store.makeVersion({ kind: 'regenerate', messageId: first })).toBe(true);
    expect(store.snapshot.value.making).toEqual({ kind: 'regenerate', messageId: first });
    expect(store.withdrawVersion()).toBe(true);
    expect(store.snapshot.value.making).toBeNull();
    expect(store.withdrawVersion()).toBe(false);
    page.client.connect();
    await untilLive(store);
    await page.pass(2_000);
    expect(asked()).toEqual([]);
  });

  it.each(['regenerate', 'edit'] as const)('B22 one that was sent is waited for no longer, and stopped when it is made all the same (%s)', async (kind) => {
    const versions = acceptVersions(server, session);
    let answer = (): void => {};
    const accept = server.handlers[`message:${kind}`] as (payload: unknown, peer: unknown) => never;
    server.handlers[`message:${kind}`] = (payload: unknown, peer: unknown) => new Promise((resolve) => (answer = () => resolve(accept(payload, peer))));
    store.makeVersion(kind === 'edit' ? { kind, messageId: session.messages[0]!.id, content: 'Hello again?' } : { kind, messageId: first });
    await until('the request', () => server.requestsNamed(`message:${kind}`).length === 1);
    expect(store.cancel()).toBeNull();
    expect(store.snapshot.value.making).toBeNull();
    answer();
    await until('it to be stopped', () => server.requestsNamed('message:cancel').length === 1);
    expect(server.requestsNamed('message:cancel')[0]?.messageId).toBe(versions.newest());
    await until('its end', () => store.snapshot.value.view?.messages.at(-1)?.status === 'cancelled');
    expect(server.requestsNamed(`message:${kind}`)).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  it('B22 one that was taken back and is refused is nobody’s problem, and another may be asked for', async () => {
    server.handlers['message:regenerate'] = () => null;
    store.makeVersion({ kind: 'regenerate', messageId: first });
    await until('the request', () => asked().length === 1);
    store.withdrawVersion();
    server.handlers['message:regenerate'] = () => refused('not-found');
    await page.pass(12_000);
    expect(asked()).toHaveLength(1);
    acceptVersions(server, session);
    expect(store.makeVersion({ kind: 'regenerate', messageId: first })).toBe(true);
    await until('the version', () => path()?.at(-1) !== first);
    expect(problems).toEqual([]);
    expect(server.requestsNamed('message:cancel')).toEqual([]);
  });

  it('B23 what is asked for without a connection waits for it, and is asked for once', async () => {
    acceptVersions(server, session);
    page.client.disconnect();
    store.makeVersion({ kind: 'regenerate', messageId: first });
    await page.pass(3_000);
    expect(asked()).toEqual([]);
    expect(store.snapshot.value.making).not.toBeNull();
    page.client.connect();
    await until('the version', () => path()?.at(-1) !== first && store.snapshot.value.making === null);
    expect(asked()).toHaveLength(1);
  });
});

describe('switching', () => {
  /** Two versions, the second one active. */
  async function twoVersions(): Promise<string> {
    const versions = acceptVersions(server, session);
    store.makeVersion({ kind: 'regenerate', messageId: first });
    await until('the version', () => path()?.at(-1) === versions.newest());
    session.end();
    await until('its end', () => store.snapshot.value.view?.streaming === null);
    return versions.newest();
  }

  it('B24 a switch is under way until its version is shown', async () => {
    await twoVersions();
    const before = switched();
    const done = store.select(first);
    expect(store.snapshot.value.switching).toBe(first);
    await done;
    await until('the first version', () => path()?.at(-1) === first);
    expect(store.snapshot.value.switching).toBeNull();
    expect(store.snapshot.value.view?.messages.at(-1)?.versions).toHaveLength(2);
    expect(switched()).toBe(before + 1);
  });

  it('B24 only one at a time; and one whose event was lost is fetched', async () => {
    const second = await twoVersions();
    server.handlers['message:select'] = ({ messageId }) => {
      session.append({ type: 'session.switched', tip: messageId });
      return { ok: true, tip: messageId };
    };
    await store.select(first);
    await store.select(second);
    expect(server.requestsNamed('message:select')).toHaveLength(1);
    expect(store.snapshot.value.switching).toBe(first);
    await page.pass(5_250);
    await until('the first version', () => path()?.at(-1) === first);
    expect(store.snapshot.value.switching).toBeNull();
  });

  it('B24 one that leads nowhere ends all the same', async () => {
    await twoVersions();
    server.handlers['message:select'] = () => ({ ok: true, tip: 'elsewhere' });
    await store.select(first);
    await page.pass(10_500);
    expect(store.snapshot.value.switching).toBeNull();
  });

  it('B24 a long path that begins behind the version ends it, too', async () => {
    await twoVersions();
    server.handlers['message:select'] = () => ({ ok: true, tip: 'far-away' });
    server.handlers['session:open'] = () => ({
      ok: true, session: session.session, cursor: { logId: session.logId, seq: session.events.length }, resync: false, hasMore: true, before: 'page-2',
      messages: [{ ...session.messages[0]!, id: 'far-away', parentId: 'not-shown' }],
    });
    await store.select(first);
    session.publish({ type: 'session.switched', tip: 'far-away' });
    await until('the other path', () => path()?.at(-1) === 'far-away');
    expect(store.snapshot.value.switching).toBeNull();
  });

  it('B25 what fails says what it was: without a connection, refused, without an answer; and is over', async () => {
    await twoVersions();
    server.handlers['message:select'] = () => refused('not-found');
    await store.select(first);
    server.handlers['message:select'] = () => null;
    const unanswered = store.select(first);
    await until('the second request', () => server.requestsNamed('message:select').length === 2);
    await page.pass(10_250);
    await unanswered;
    page.client.disconnect();
    await store.select(first);
    expect(problems).toEqual(['switch not-found', 'switch timeout', 'switch offline']);
    expect(store.snapshot.value.switching).toBeNull();
    page.client.connect();
    await untilLive(store);
    server.handlers['message:regenerate'] = () => refused('invalid');
    store.makeVersion({ kind: 'regenerate', messageId: first });
    await until('the refusal', () => problems.length === 4);
    expect(problems[3]).toBe('version invalid');
  });
});
