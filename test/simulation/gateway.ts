/** The sockets of one process: the product's opening of sessions and its fan-out, over simulated sockets and rooms. */
import type { Server } from 'socket.io';
import type { EventLog } from '../../src/backends/contracts.ts';
import { tellHeads } from '../../src/gateway/sockets/accumulated-watch.ts';
import { fanOut } from '../../src/gateway/sockets/fan-out.ts';
import { HeadTeller } from '../../src/gateway/sockets/head-teller.ts';
import { OpenSessions } from '../../src/gateway/sockets/open-sessions.ts';
import { openSessionsOf, sessionRoomsHere } from '../../src/gateway/sockets/rooms.ts';
import type { GatewayServer, GatewaySocket } from '../../src/gateway/sockets/sockets.ts';
import type { GatewayContext } from '../../src/gateway/gateway-context.ts';
import type { EventPayload } from '../../src/protocol/broker.ts';
import type { ClientEvent, ClientEventName } from '../../src/protocol/wire.ts';
import { call } from '../../src/typed-call.ts';
import type { Around, Client, Gateway } from './around.ts';
import { standIn, type Machine } from './machine.ts';
import type { Place } from './scheduler.ts';

export class SimGateway implements Gateway {
  readonly place: Place;
  readonly #machine: Machine;
  readonly #world: Around;
  readonly #sessions: OpenSessions;
  readonly #server: GatewayServer;
  readonly #sockets = new Map<Client, GatewaySocket>();
  readonly #rooms = new Map<string, Set<Client>>();
  closed = false;

  constructor(world: Around, machine: Machine, meta: EventLog['meta']) {
    this.#world = world;
    this.#machine = machine;
    this.place = machine.place;
    this.#sessions = new OpenSessions(standIn<GatewayContext>({ broker: machine.broker }), () => world.fanOut.joined(this));
    world.fanOut.add(this);
    machine.actions.set('gateway.status', () => undefined);
    this.#server = this.#io();
    const io = this.#server;
    machine.events.set('gateway.frames', (payload: EventPayload<'gateway.frames'>) => {
      this.#check(payload);
      fanOut['gateway.frames'](io, payload);
    });
    machine.events.set('gateway.alive', (payload: EventPayload<'gateway.alive'>) => fanOut['gateway.alive'](io, payload));
    const heads = new HeadTeller({
      meta,
      clock: machine.clock,
      rooms: () => sessionRoomsHere(io, ['delta', 'accumulated']),
      tell: (rooms, known) => tellHeads(io, rooms, known),
      warn: () => {},
    });
    machine.presence.onGone(() => heads.nodeGone());
    machine.events.set('gateway.resync', (payload: EventPayload<'gateway.resync'>) => fanOut['gateway.resync'](io, payload));
  }

  get rooms(): Iterable<string> {
    return this.#rooms.keys();
  }
  async renewWatches(): Promise<void> {
    const rooms = sessionRoomsHere(this.#server, ['accumulated']);
    if (rooms.size === 0) return;
    const heads = await call(this.#machine.broker, 'session-owner.watch', { sessionIds: [...rooms.values()] }).catch(() => ({}));
    tellHeads(this.#server, rooms, heads);
  }

  connect(client: Client): void {
    this.#sockets.set(client, this.#socket(client));
  }
  disconnect(client: Client): void {
    const socket = this.#sockets.get(client);
    if (!socket) return;
    for (const room of [...socket.rooms]) this.#leave(client, room);
    this.#sockets.delete(client);
  }
  close(): void {
    this.closed = true;
    this.#world.fanOut.remove(this);
    for (const client of [...this.#sockets.keys()]) client.cut();
    this.#sockets.clear();
    this.#rooms.clear();
  }

  /** What src/gateway/sockets/handlers.ts does with a client's event. */
  async handle<N extends ClientEventName>(client: Client, name: N, payload: ClientEvent<N>): Promise<unknown> {
    const socket = this.#sockets.get(client);
    if (!socket) throw new Error('no such socket');
    const { userId } = client;
    const fields = { ...payload, userId } as never;
    switch (name) {
      case 'session:open':
        return this.#sessions.open(socket, payload as never);
      case 'message:send':
        return call(this.#machine.broker, 'session-owner.send', fields);
      case 'message:cancel':
        return call(this.#machine.broker, 'session-owner.cancel', fields);
      case 'message:regenerate':
        return call(this.#machine.broker, 'session-owner.regenerate', fields);
      case 'message:edit':
        return call(this.#machine.broker, 'session-owner.edit', fields);
      case 'message:select':
        return call(this.#machine.broker, 'session-owner.select', fields);
      case 'session:rename':
        return call(this.#machine.broker, 'session-owner.rename', fields);
      case 'message:feedback':
        return call(this.#machine.broker, 'session-owner.feedback', fields);
      case 'session:configure':
        return call(this.#machine.broker, 'session-owner.configure', fields);
      case 'session:delete':
        return call(this.#machine.broker, 'session-owner.delete', fields);
      default:
        throw new Error(`nobody asks ${name} here`);
    }
  }

  /** Frames of another gateway. */
  deliver(room: string, name: string, payload: unknown): void {
    for (const client of this.#rooms.get(room) ?? []) client.take(name, payload);
  }

  /** Frames may have been lost: src/gateway/sockets/resync.ts. */
  resync(): void {
    for (const [client, socket] of this.#sockets) {
      for (const sessionId of openSessionsOf(socket)) client.take('session:resync', { sessionId, reason: 'interrupted', withinMs: 200 });
    }
  }

  /** Nothing may be shown that the log does not have. */
  #check({ sessionId, logId, events }: EventPayload<'gateway.frames'>): void {
    for (const event of events) {
      if (this.#world.witness.at(sessionId, logId, event.seq) === event) continue;
      this.#world.timeline.fail(this.place.name, `shows ${sessionId} ${logId} #${event.seq}, which the log does not have`);
    }
  }

  #io(): GatewayServer {
    const to = (room: string) => ({
      emit: (name: string, payload: unknown) => {
        this.deliver(room, name, payload);
        this.#world.fanOut.publish(this, room, name, payload);
      },
    });
    const leave = (rooms: string[]): void => {
      for (const room of rooms) for (const client of [...(this.#rooms.get(room) ?? [])]) this.#leave(client, room);
    };
    const sockets = { adapter: { rooms: this.#rooms } };
    return standIn<GatewayServer>({ to, sockets, local: { to: (room: string) => ({ emit: (name: string, payload: unknown) => this.deliver(room, name, payload) }) }, in: (rooms: string[]) => ({ socketsLeave: () => leave(rooms) }) } satisfies Partial<Record<keyof Server, unknown>>);
  }

  #socket(client: Client): GatewaySocket {
    const rooms = new Set<string>();
    const join = (room: string): void => {
      if (!this.#sockets.has(client)) return;
      rooms.add(room);
      const members = this.#rooms.get(room);
      if (members) return void members.add(client);
      this.#rooms.set(room, new Set([client]));
      this.#world.fanOut.subscribe(this, room);
    };
    return standIn<GatewaySocket>({ id: `s${this.#world.nextNumber()}`, data: { userId: client.userId }, rooms, join, leave: (room: string) => this.#leave(client, room) });
  }

  #leave(client: Client, room: string): void {
    this.#sockets.get(client)?.rooms.delete(room);
    const members = this.#rooms.get(room);
    if (!members?.delete(client) || members.size > 0) return;
    this.#rooms.delete(room);
    this.#world.fanOut.unsubscribe(this, room);
  }
}
