import { refused, startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { scriptedSession, type ScriptedSession } from '../../support/scripted-session.ts';
import { until } from '../../support/until.ts';
import { openPage, untilLive, type Page } from './client-harness.ts';

let server: ScriptedServer;
let session: ScriptedSession;
let page: Page;

beforeEach(async () => {
  server = await startScriptedServer();
  session = scriptedSession(server);
  server.handlers['session:open'] = (request) => session.open(request);
  server.handlers['session:configure'] = ({ settings }) => {
    session.publish({ type: 'session.configured', settings: { model: settings.model ?? undefined } });
    return { ok: true, session: session.session };
  };
  page = openPage(server);
  await page.online();
});
afterEach(async () => {
  page.close();
  await server.close();
});

describe('settings', () => {
  it('B30 what is set is sent as it is, and the view follows the event, also of other tabs', async () => {
    const store = page.client.open(session.id);
    await untilLive(store);
    expect(await store.configure({ model: 'b', temperature: null })).toMatchObject({ ok: true, value: { settings: { model: 'b' } } });
    expect(server.requestsNamed('session:configure')).toEqual([{ sessionId: session.id, settings: { model: 'b', temperature: null } }]);
    await until('the event', () => store.snapshot.value.view?.session.settings?.model === 'b');
    session.publish({ type: 'session.configured', settings: { temperature: 0 } });
    await until('the other tab\'s', () => store.snapshot.value.view?.session.settings?.temperature === 0);
    expect(store.snapshot.value.view?.session.settings).toEqual({ temperature: 0 });
    // What lists are told has no settings.
    server.emit('sessions:changed', { sessionId: session.id, change: 'renamed', session: { ...session.session, title: 'New', settings: undefined } });
    await until('the title', () => store.snapshot.value.view?.session.title === 'New');
    expect(store.snapshot.value.view?.session.settings).toEqual({ temperature: 0 });
  });

  it('B30 a new session is begun with it; without a connection nothing is, and a refusal is told', async () => {
    page.client.disconnect();
    const store = page.client.open(null);
    expect(await store.configure({ temperature: 1 })).toMatchObject({ ok: false, error: { code: 'offline' } });
    expect(store.snapshot.value.phase).toBe('draft');
    page.client.connect();
    await page.online();
    expect(await store.configure({ temperature: 1 })).toMatchObject({ ok: true });
    expect(store.sessionId).toBe(session.id);
    expect(server.requestsNamed('session:configure')).toEqual([{ sessionId: session.id, settings: { temperature: 1 } }]);
    server.handlers['session:configure'] = () => refused('invalid');
    expect(await store.configure({ model: 'x' })).toMatchObject({ ok: false, error: { code: 'invalid' } });
  });

  it('B30 a new session that the server does not make is waited for within a limit', async () => {
    server.handlers['session:open'] = () => null;
    const store = page.client.open(null);
    const answer = store.configure({ temperature: 1 });
    await page.pass(8_250);
    expect(await answer).toMatchObject({ ok: false, error: { code: 'timeout' } });
  });
});

describe('feedback', () => {
  it('B32 is asked for as it is, and shown from its event, also on a message that the view has for long', async () => {
    const reply = session.begin('Hello?', undefined, false);
    session.end();
    session.begin('And?', undefined, false);
    session.end();
    server.handlers['message:feedback'] = ({ messageId, rating, comment }) => {
      const feedback = rating === null ? null : { rating, ...(comment !== undefined && { comment }) };
      session.publish({ type: 'message.rated', messageId, feedback, rev: session.events.length });
      return { ok: true, feedback };
    };
    const store = page.client.open(session.id);
    await untilLive(store);
    const shown = () => store.snapshot.value.view?.messages.find(({ id }) => id === reply)?.feedback;
    expect(await store.rate(reply, 'down', 'No.')).toEqual({ ok: true, value: { feedback: { rating: 'down', comment: 'No.' } } });
    await until('the thumb', () => shown()?.rating === 'down');
    session.publish({ type: 'message.rated', messageId: 'not-in-this-view', feedback: { rating: 'up' }, rev: 90 } as never);
    expect(await store.rate(reply, null)).toEqual({ ok: true, value: { feedback: null } });
    await until('no thumb', () => shown() === undefined);
    expect(server.requestsNamed('message:feedback')).toEqual([{ sessionId: session.id, messageId: reply, rating: 'down', comment: 'No.' }, { sessionId: session.id, messageId: reply, rating: null }]);
    expect(server.requestsNamed('session:open')).toHaveLength(1);
  });
});

describe('models', () => {
  const listed = () => page.client.models.offered.value?.models.map(({ id }) => id);

  const asked = () => server.requestsNamed('models:list').length;

  it('B31 are known once the client is connected, asked for once, and again when they are old', async () => {
    await until('the first page to have asked', () => page.client.models.offered.value !== null);
    server.models = ['own', 'other'];
    const fresh = openPage(server);
    await fresh.online();
    await until('the models', () => fresh.client.models.offered.value !== null);
    expect(fresh.client.models.offered.value).toEqual({ default: 'own', models: [{ id: 'own' }, { id: 'other' }] });
    await Promise.all([fresh.client.models.load(), fresh.client.models.load()]);
    expect(asked()).toBe(2);
    await fresh.clock.advance(61_000);
    await Promise.all([fresh.client.models.load(), fresh.client.models.load()]);
    expect(asked()).toBe(3);
    fresh.close();
  });

  it('B39 a connection costs one request: nothing is asked beside it, which would take a turn of the balancer', async () => {
    const urls: (string | undefined)[] = [];
    server.http = ({ url }) => {
      urls.push(url);
      return false;
    };
    page.client.disconnect();
    page.client.connect();
    await page.online();
    await page.pass(1_000);
    expect(page.client.models.offered.value).not.toBeNull();
    expect(urls.filter((url) => url !== '/turn')).toEqual([]);
  });

  it('B31 stay known without a connection', async () => {
    await until('the models', () => listed() !== undefined);
    const known = page.client.models.offered.value;
    page.client.disconnect();
    await page.clock.advance(61_000);
    await page.client.models.load();
    expect(page.client.models.offered.value).toEqual(known);
  });

  it('B31 a server that does not tell them offers no choice, and is asked again when somebody wants to choose', async () => {
    await until('the first answer', () => listed() !== undefined);
    await page.clock.advance(61_000);
    server.handlers['models:list'] = () => ({ ok: true, default: 'own' }) as never;
    await page.client.models.load();
    expect(page.client.models.offered.value).toBeNull();
    server.handlers['models:list'] = () => ({ ok: true, default: 'own', models: [{ id: 'own', sees: true }] }) as never;
    await page.client.models.load();
    expect(listed()).toEqual(['own']);
  });
});
