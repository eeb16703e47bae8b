/** A browser tab: the product's SessionStore over a simulated socket. Reloading it begins with nothing but the address. */
import type { Environment } from '../../public/src/chat-client/environment.ts';
import { contentOf } from '../../public/src/chat-client/fold.ts';
import type { SessionFrame } from '../../public/src/chat-client/frames.ts';
import { failed, localError, succeeded, type Result } from '../../public/src/chat-client/result.ts';
import { SessionStore } from '../../public/src/chat-client/session-store.ts';
import type { Transport } from '../../public/src/chat-client/transport.ts';
import { toWireError } from '../../src/errors.ts';
import type { ClientEvent, ClientEventName, Event, Mode, WholeMessage } from '../../src/protocol/wire.ts';
import type { Around, Client, Gateway } from './around.ts';
import { standIn } from './machine.ts';

const REQUEST_LIMIT_MS = 10_000;

interface Connection extends Client {
  gateway: Gateway;
  /** When the last thing sent each way arrives: nothing overtakes. */
  up: number;
  down: number;
  pending: Set<() => void>;
}

export class Tab {
  readonly name: string;
  readonly userId: string;
  store: SessionStore;
  readonly #world: Around;
  readonly #sessionId: string;
  readonly mode: Mode;
  /** What its browser keeps over a reload. */
  readonly #kept = new Map<string, string>();
  #connection: Connection | null = null;
  #connecting = false;
  /** Times it connected, and times it opened its session. */
  connections = 0;
  opens = 0;

  constructor(world: Around, name: string, userId: string, sessionId: string, mode: Mode) {
    this.#world = world;
    this.name = name;
    this.userId = userId;
    this.#sessionId = sessionId;
    this.mode = mode;
    this.store = this.#begin();
    this.connect();
  }

  /** What it shows: id, text and status of each message. */
  shown(): { id: string; content: string; status: string }[] {
    const { view } = this.store.snapshot.value;
    return view === null ? [] : view.messages.map((message) => ({ id: message.id, content: contentOf(view, message), status: message.status }));
  }

  /** It waits for an answer. */
  get asking(): boolean {
    return (this.#connection?.pending.size ?? 0) > 0;
  }

  get node(): string | null {
    return this.#connection?.gateway.place.name ?? null;
  }

  /** Through any gateway that stands; it is tried until there is one. */
  connect(): void {
    if (this.#connection || this.#connecting) return;
    this.#connecting = true;
    const { scheduler, fate } = this.#world;
    scheduler.after(fate.hop(), null, () => {
      this.#connecting = false;
      const gateway = this.#world.pick(this.#world.gateways());
      if (!gateway) return void scheduler.after(200, null, () => this.connect());
      this.#connected(gateway);
    });
  }

  /** The connection ends, and is made again so many ms later. */
  drop(backAfterMs: number): void {
    if (this.#connection) this.#lost(this.#connection, backAfterMs);
  }

  reload(): void {
    this.#world.timeline.note(this.name, () => 'is reloaded');
    if (this.#connection) this.#lost(this.#connection, 0);
    this.store.close();
    this.store = this.#begin();
  }

  /** A request as any client could make it, without the rules of this one. */
  request<N extends ClientEventName>(name: N, payload: ClientEvent<N>, limitMs = REQUEST_LIMIT_MS): Promise<Result<never>> {
    const connection = this.#connection;
    const { scheduler, timeline } = this.#world;
    if (!connection) return Promise.resolve(failed(localError('offline')));
    return new Promise((resolve) => {
      const end = (result: Result<never>): void => {
        connection.pending.delete(offline);
        cancel();
        if (result.ok && name === 'session:open') this.opens += 1;
        timeline.note(this.name, () => `${name}: ${result.ok ? 'ok' : result.error.code}`);
        resolve(result);
      };
      const offline = (): void => end(failed(localError('offline')));
      const cancel = scheduler.after(limitMs, null, () => end(failed(localError('timeout'))));
      connection.pending.add(offline);
      this.#up(connection, () => {
        connection.gateway.handle(connection, name, payload).then(
          (value) => this.#down(connection, () => end(succeeded(value as never))),
          (err: unknown) => this.#down(connection, () => end(failed(toWireError(err)))),
        );
      });
    });
  }

  #begin(): SessionStore {
    const { scheduler, fate, newId } = this.#world;
    const kept = this.#kept;
    const storage = { get: (key: string) => kept.get(key) ?? null, set: (key: string, value: string) => void kept.set(key, value), remove: (key: string) => void kept.delete(key), keys: () => [...kept.keys()] };
    const environment = standIn<Environment>({ storage, clock: scheduler.clockOf(null), random: fate.random, newId: () => newId(8) });
    const online = (): boolean => this.#connection !== null;
    const transport: Transport = {
      get online() {
        return online();
      },
      request: (name, payload, limitMs) => this.#asked(name, payload, this.request(name, payload, limitMs)),
      check: () => this.#check(),
    };
    return new SessionStore(environment, transport, this.#sessionId, this.mode);
  }

  async #asked<N extends ClientEventName>(name: N, payload: ClientEvent<N>, answer: Promise<Result<never>>): Promise<Result<never>> {
    const result = await answer;
    if (result.ok && name === 'message:send') this.#world.accepted(payload as ClientEvent<'message:send'>, result.value);
    if (result.ok && name === 'message:cancel') this.#world.cancelled(payload as ClientEvent<'message:cancel'>, result.value);
    return result;
  }

  /** A gateway that stands still is left; one that works keeps its tabs. */
  #check(): void {
    if (this.#connection && this.#connection.gateway.place.state !== 'up') this.drop(0);
  }

  #connected(gateway: Gateway): void {
    this.#world.timeline.note(this.name, () => `connects to ${gateway.place.name}`);
    const connection: Connection = {
      gateway,
      userId: this.userId,
      up: 0,
      down: 0,
      pending: new Set(),
      take: (name, payload) => this.#down(connection, () => this.#take(name, payload)),
      cut: () => this.#lost(connection, this.#world.fate.hop() * 20),
    };
    this.#connection = connection;
    this.connections += 1;
    gateway.connect(connection);
    this.store.connected();
  }

  #lost(connection: Connection, backAfterMs: number): void {
    if (this.#connection !== connection) return;
    this.#world.timeline.note(this.name, () => 'loses its connection');
    connection.gateway.disconnect(connection);
    this.#connection = null;
    this.store.disconnected();
    for (const offline of [...connection.pending]) offline();
    this.#world.scheduler.after(backAfterMs, null, () => this.connect());
  }

  #up(connection: Connection, then: () => void): void {
    const { scheduler, fate } = this.#world;
    connection.up = Math.max(connection.up, scheduler.now + fate.hop());
    scheduler.after(connection.up - scheduler.now, connection.gateway.place, () => this.#connection === connection && then());
  }
  #down(connection: Connection, then: () => void): void {
    const { scheduler, fate } = this.#world;
    connection.down = Math.max(connection.down, scheduler.now + fate.hop());
    scheduler.after(connection.down - scheduler.now, null, () => this.#connection === connection && then());
  }

  #take(name: string, payload: unknown): void {
    const frame = readFrame(name, payload);
    this.#world.timeline.note(this.name, () => `hears ${describe(frame)}`);
    this.store.receive(frame);
  }
}

/** What public/src/chat-client/frames.ts makes of it; here it need not be checked. */
function readFrame(name: string, payload: unknown): SessionFrame {
  switch (name) {
    case 'delta': {
      const [sessionId, logId, seq, text] = payload as [string, string, number, string];
      return { kind: 'delta', sessionId, logId, seq, text };
    }
    case 'session:events':
      return { kind: 'events', ...(payload as { sessionId: string; logId: string; events: Event[] }) };
    case 'session:alive': {
      const [sessionId, logId, seq] = payload as [string, string, number];
      return { kind: 'alive', sessionId, logId, seq };
    }
    case 'session:message':
      return { kind: 'whole', sessionId: (payload as WholeMessage).sessionId, message: payload as WholeMessage };
    case 'session:resync':
      return { kind: 'resync', ...(payload as { sessionId: string; withinMs: number }) };
    default:
      throw new Error(`no frame is called ${name}`);
  }
}

function describe(frame: SessionFrame): string {
  switch (frame.kind) {
    case 'events':
      return `${frame.logId} ${frame.events.map(({ seq, type }) => `#${seq} ${type}`).join(', ')}`;
    case 'delta':
      return `${frame.logId} #${frame.seq} ${JSON.stringify(frame.text)}`;
    case 'alive':
      return `alive ${frame.logId} #${frame.seq}`;
    case 'whole':
      return `whole ${frame.message.cursor.logId} #${frame.message.cursor.seq} ${frame.message.status}`;
    default:
      return frame.kind;
  }
}
