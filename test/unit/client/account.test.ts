/** Two users, one browser: what is kept for one is never the other's, and all tabs know who is here. */
import { userOf } from '../../../public/src/chat-client/token-claims.ts';
import { fakeToken, refused, startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { scriptedSession, type ScriptedSession } from '../../support/scripted-session.ts';
import { until } from '../../support/until.ts';
import { tabsOfBrowser, untilLive, type Page, type PageOptions } from './client-harness.ts';

const ANNAS = 'annas0000001';

let server: ScriptedServer;
let session: ScriptedSession;
let storage: Map<string, string>;
const { pages, openTab } = tabsOfBrowser(() => ({ server, storage }));

beforeEach(async () => {
  server = await startScriptedServer();
  session = scriptedSession(server, ANNAS);
  storage = new Map();
  // Anna's session is nobody else's; Bert's new ones are made.
  server.handlers['session:open'] = (request, peer) => {
    if (request.sessionId === ANNAS && userOf(peer.token) !== 'anna') return refused('not-found');
    return session.open(request);
  };
  server.handlers['message:send'] = ({ clientMessageId, content }) => {
    const replyId = session.begin(content, clientMessageId);
    return { ok: true, messageId: session.messages.at(-2)!.id, replyId, duplicate: false };
  };
});
afterEach(() => server.close());

const signedIn = async (user: string, options: PageOptions = {}): Promise<Page> => {
  const page = openTab({ connect: false, ...options });
  page.client.signIn(fakeToken(user));
  await page.online();
  return page;
};
const over = ({ client }: Page): boolean => client.account.over.value;
/** Not the marks of messages that went to their chat. */
const kept = (): string[] => [...storage].flatMap(([key, value]) => (/^holdfast\.(token|place):/.test(key) || value.includes('goneAt') ? [] : [value]));
const sentBy = (): string[] => server.requests.filter(({ name }) => name === 'message:send').map(({ peer }) => userOf(peer.token) ?? '');
/** Longer than any pause before a try. */
const aWhile = async (): Promise<void> => {
  for (const page of pages) await page.pass(3_000);
};

describe.each([{ deaf: false }, { deaf: true }])('what is kept ($deaf: told late)', ({ deaf }) => {
  /** Anna in two tabs, offline; one has a message that waits. */
  async function twoTabs(): Promise<{ here: Page; there: Page }> {
    const here = await signedIn('anna');
    const there = openTab({ deaf });
    await there.online();
    const store = there.client.open(ANNAS);
    await untilLive(store);
    here.client.disconnect();
    there.client.disconnect();
    store.send('Meant as Anna');
    return { here, there };
  }

  it('B40 a message of one user is never sent as another, who signs in after a sign-out in another tab', async () => {
    const { here, there } = await twoTabs();
    here.client.signOut();
    // It goes on writing to storage, as far as it does not know.
    there.client.open(ANNAS).send('And another one');
    const bert = await signedIn('bert');
    const shown = bert.client.open(ANNAS);
    await bert.client.resumeUnsent(bert.client.open(null));
    await until('the refusal', () => shown.snapshot.value.phase === 'failed');
    there.client.connect();
    await until('it to be over for the other tab', () => over(there));
    await aWhile();
    expect([sentBy(), there.client.connection.online, bert.client.connection.online]).toEqual([[], false, true]);
    expect(shown.snapshot.value.pending).toEqual([]);
    expect(kept()).toEqual([]);
    there.client.open(ANNAS).send('Too late');
    expect(kept()).toEqual([]);
  });

  it('B40 a message of one user waits for that one when another signs in without a sign-out', async () => {
    const { here, there } = await twoTabs();
    here.client.signIn(fakeToken('bert'));
    expect(over(here)).toBe(true);
    const bert = openTab();
    await bert.online();
    await bert.client.resumeUnsent(bert.client.open(null));
    there.client.connect();
    await until('it to be over for the other tab', () => over(there));
    await aWhile();
    expect(sentBy()).toEqual([]);
    bert.client.signIn(fakeToken('anna'));
    const again = openTab();
    await again.online();
    await again.client.resumeUnsent(null);
    await until('it to be sent', () => sentBy().length === 1);
    expect(sentBy()).toEqual(['anna']);
  });
});

it('B40 what a tab that was never told wrote after the sign-out goes with the next page', async () => {
  const anna = await signedIn('anna');
  const there = openTab({ connect: false, deaf: true });
  anna.client.signOut();
  there.client.open(ANNAS).send('Written too late');
  there.close();
  expect(kept()).toHaveLength(1);
  openTab({ connect: false });
  expect(kept()).toEqual([]);
});

it('B40 a sign-out takes along what nobody in particular wrote', async () => {
  const anna = await signedIn('anna');
  anna.close();
  storage.delete(anna.client.tokens.key);
  const nobody = openTab({ connect: false });
  nobody.client.open(null).send('Whose is this?');
  nobody.client.signIn(fakeToken('anna'));
  const again = openTab({ connect: false });
  expect(kept()).toHaveLength(1);
  again.client.signOut();
  expect(kept()).toEqual([]);
});

it('B40 chats that one user deleted are not deleted, or forgotten, by another', async () => {
  const anna = await signedIn('anna');
  anna.client.disconnect();
  anna.client.sessions.hide(ANNAS);
  anna.client.signIn(fakeToken('bert'));
  const bert = openTab();
  await bert.online();
  expect(bert.client.sessions.hides(ANNAS)).toBe(false);
  bert.client.signIn(fakeToken('anna'));
  expect(openTab({ connect: false }).client.sessions.hides(ANNAS)).toBe(true);
});

it('B40 what is written before anybody is known is of whoever signs in there, but not in the next page of somebody else', async () => {
  server.guests.allowed = false;
  const page = openTab({ connect: false });
  page.client.open(null).send('Who am I?');
  page.client.signIn(fakeToken('anna'));
  await until('it to be sent', () => sentBy().length === 1);
  expect(sentBy()).toEqual(['anna']);
  await until('it to be taken', () => kept().length === 0);
  server.handlers['message:send'] = () => null;
  page.client.open(ANNAS).send('Left behind');
  expect(kept()).toHaveLength(1);
  page.client.signOut();
  const bert = await signedIn('bert');
  await bert.client.resumeUnsent(bert.client.open(null));
  await aWhile();
  expect([kept(), sentBy().filter((user) => user === 'bert')]).toEqual([[], []]);
});

it('B40 a guest the server does not know any more is the next one, with all that was kept', async () => {
  const page = openTab();
  await page.online();
  const [first] = server.handshakes;
  page.client.disconnect();
  page.client.open(null).send('Still here');
  page.close();
  server.refuse = (token) => (token === first?.token ? 'unauthenticated' : undefined);
  const later = openTab();
  await later.client.resumeUnsent(later.client.open(null));
  await until('it to be sent', () => sentBy().length === 1);
  expect([sentBy(), over(later)]).toEqual([['guest-2'], false]);
});

it('B40 a sign-in counts, and not the guest that was on its way meanwhile', async () => {
  let answer: (() => void) | undefined;
  server.http = (request, response) => {
    if (request.url !== '/api/auth/guest' || request.method !== 'POST') return false;
    answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token: fakeToken('late') }));
    return true;
  };
  const waits = openTab();
  await until('the guest to be asked for', () => answer !== undefined);
  const anna = await signedIn('anna');
  answer?.();
  await waits.online();
  expect([userOf(waits.client.tokens.current()?.token), over(anna)]).toEqual(['anna', false]);
  expect(new Set(server.handshakes.map(({ token }) => userOf(String(token))))).toEqual(new Set(['anna']));
});

describe('all tabs', () => {
  it('B41 leave when one signs out, also one that slept, and follow when one signs in', async () => {
    server.guests.allowed = false;
    const anna = await signedIn('anna');
    const told = openTab();
    const slept = openTab({ deaf: true });
    await Promise.all([told.online(), slept.online()]);
    anna.client.signOut();
    expect([over(told), told.client.connection.online, slept.client.connection.online]).toEqual([true, false, true]);
    slept.wake('visible');
    expect([over(slept), slept.client.connection.online]).toEqual([true, false]);
    const waits = openTab();
    await until('the question', () => waits.client.tokens.signIn.value !== null);
    await signedIn('bert');
    await waits.online();
    expect([waits.client.tokens.signIn.value, over(waits)]).toEqual([null, false]);
  });

  it('B41 are not disturbed when one renews the token of their guest', async () => {
    server.guests.lifetimeS = 600;
    const one = openTab();
    await one.online();
    const other = openTab();
    await other.online();
    const before = one.client.tokens.current()?.token;
    const states: string[] = [];
    other.client.connection.state.subscribe(({ phase }) => void states.push(phase));
    await one.pass(490_000);
    await until('the fresh token', () => other.client.tokens.current()?.token !== before);
    expect([states, over(one), over(other), server.handshakes.length]).toEqual([[], false, false, 2]);
  });
});
