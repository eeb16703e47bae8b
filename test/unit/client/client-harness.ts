/** A chat client in a page that does not exist: virtual time, storage in memory, wake-ups by hand; sockets are real. */
import { randomUUID } from 'node:crypto';
import { ChatClient } from '../../../public/src/chat-client/chat-client.ts';
import type { Environment, KeyValueStorage, TabIdentity, WakeReason } from '../../../public/src/chat-client/environment.ts';
import type { SessionStore } from '../../../public/src/chat-client/session-store.ts';
import type { Mode } from '../../../src/protocol/wire.ts';
import { until } from '../../support/until.ts';
import { virtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import { startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { scriptedSession, type ScriptedSession } from '../../support/scripted-session.ts';

export interface Page {
  readonly client: ChatClient;
  readonly clock: VirtualClock;
  readonly storage: Map<string, string>;
  wake(reason: WakeReason): void;
  online(): Promise<void>;
  /** Lets `ms` of the page's time pass in small steps, with a real turn of the network after each. */
  pass(ms: number): Promise<void>;
  close(): void;
}

type StoredListener = (key: string) => void;
/** Pages with the same storage, as tabs of one browser. */
const tabsOf = new WeakMap<Map<string, string>, Set<StoredListener>>();

function storageOver(values: Map<string, string>, tell: StoredListener): KeyValueStorage {
  return {
    get: (key) => values.get(key) ?? null,
    set(key, value) {
      values.set(key, value);
      tell(key);
    },
    remove(key) {
      if (values.delete(key)) tell(key);
    },
    keys: () => [...values.keys()],
  };
}

export interface PageOptions {
  storage?: Map<string, string>;
  /** In place of `storage`. */
  keeper?: KeyValueStorage;
  mode?: Mode;
  random?: () => number;
  connect?: boolean;
  tab?: TabIdentity;
  /** It is not told what other tabs store. */
  deaf?: boolean;
}

const STEP_MS = 250;

export function openPage(server: ScriptedServer, options: PageOptions = {}): Page {
  const clock = virtualClock(Date.now());
  const storage = options.storage ?? new Map<string, string>();
  const tabs = tabsOf.get(storage) ?? new Set<StoredListener>();
  tabsOf.set(storage, tabs);
  const heard = new Set<StoredListener>();
  const hear: StoredListener = (key) => heard.forEach((listener) => listener(key));
  if (options.deaf !== true) tabs.add(hear);
  const wakeListeners = new Set<(reason: WakeReason) => void>();
  const environment: Environment = {
    clock,
    ...(options.tab && { tab: options.tab }),
    random: options.random ?? (() => 0.5),
    newId: randomUUID,
    fetch,
    storage: options.keeper ?? storageOver(storage, (key) => [...tabs].forEach((other) => other !== hear && other(key))),
    onStored(listener) {
      heard.add(listener);
      return () => void heard.delete(listener);
    },
    exclusively: (_name, task) => task(),
    onWake(listener) {
      wakeListeners.add(listener);
      return () => void wakeListeners.delete(listener);
    },
  };
  const client = new ChatClient({ url: server.url, environment, mode: options.mode });
  if (options.connect !== false) client.connect();
  return {
    client,
    clock,
    storage,
    wake: (reason) => wakeListeners.forEach((listener) => listener(reason)),
    online: () => until('the client to be online', () => client.connection.online),
    async pass(ms) {
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        await clock.advance(Math.min(STEP_MS, ms - passed));
        await fetch(`${server.url}/turn`).catch(() => undefined);
      }
    },
    close() {
      tabs.delete(hear);
      client.disconnect();
    },
  };
}

/** Tabs of one browser at `server`, closed after each test. */
export function tabsOfBrowser(at: () => { server: ScriptedServer; storage: Map<string, string> }): { pages: readonly Page[]; openTab: (options?: PageOptions) => Page } {
  const pages: Page[] = [];
  afterEach(() => pages.splice(0).forEach((page) => page.close()));
  return {
    pages,
    openTab(options = {}) {
      const { server, storage } = at();
      const page = openPage(server, { storage, ...options });
      pages.push(page);
      return page;
    },
  };
}

export interface Scripted {
  server: ScriptedServer;
  /** The one session that the server has. */
  session: ScriptedSession;
  page: Page;
}

/** A scripted server and a page that is online there. */
export async function startScripted(): Promise<Scripted> {
  const server = await startScriptedServer();
  const session = scriptedSession(server);
  server.handlers['session:open'] = (request) => session.open(request);
  const page = openPage(server);
  await page.online();
  return { server, session, page };
}

/** The session in this page, once it is live. */
export async function openLive({ session, page }: Scripted): Promise<SessionStore> {
  const store = page.client.open(session.id);
  await untilLive(store);
  return store;
}

/** The page's text of a message, as a reader would see it. */
export function shownText(store: SessionStore, messageId: string): string | undefined {
  const { view } = store.snapshot.value;
  const message = view?.messages.find((other) => other.id === messageId);
  return view?.streaming?.messageId === messageId ? view.streaming.text : message?.content;
}

export async function untilLive(store: SessionStore): Promise<void> {
  await until('the session to be live', () => store.snapshot.value.phase === 'live');
}

/** What the page shows is what the scripted server stored, and that is something: ids, statuses and texts. */
export async function untilSame(store: SessionStore, session: ScriptedSession): Promise<void> {
  const stored = (): string => JSON.stringify(session.messages.map(({ id, status, content }) => ({ id, status, content })));
  const shown = (): string =>
    JSON.stringify(store.snapshot.value.view?.messages.map(({ id, status }) => ({ id, status, content: shownText(store, id) })));
  await until('the page to show what the server has', () => session.messages.length > 0 && shown() === stored()).catch((error: Error) => {
    throw new Error(`${error.message}\nstored ${stored()}\nshown  ${shown()}`);
  });
}
