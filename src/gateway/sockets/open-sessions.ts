/**
 * Opening and closing a session on a socket. The socket joins the session's room before the log is read, so that what
 * is appended in between reaches it (the client holds such frames back and drops what it has already).
 */
import type { z } from 'zod';
import { chatError } from '../../errors.ts';
import type { clientEvents, Mode, Replies } from '../../protocol/wire.ts';
import { call } from '../../typed-call.ts';
import type { GatewayContext } from '../gateway-context.ts';
import { InOrder } from './in-order.ts';
import { bothRooms, openSessionsOf, sessionRoom } from './rooms.ts';
import type { GatewaySocket } from './sockets.ts';

/** Sessions one socket may have open. */
export const MAX_OPEN_SESSIONS = 100;

type OpenFields = z.output<(typeof clientEvents)['session:open']>;
/** Resolves when frames sent to the rooms this socket just joined reach this node. */
export type JoinBarrier = () => Promise<void>;

export class OpenSessions {
  readonly #gateway: GatewayContext;
  readonly #joined: JoinBarrier;
  readonly #inOrder = new InOrder();

  constructor(gateway: GatewayContext, joined: JoinBarrier) {
    this.#gateway = gateway;
    this.#joined = joined;
  }

  async open(socket: GatewaySocket, fields: OpenFields): Promise<Replies['session:open']> {
    const { sessionId } = fields;
    if (sessionId === undefined) return this.#openNew(socket, fields);
    return this.#inOrder.run(`${socket.id} ${sessionId}`, () => this.#openKnown(socket, sessionId, fields));
  }

  close(socket: GatewaySocket, sessionId: string): Promise<object> {
    return this.#inOrder.run(`${socket.id} ${sessionId}`, async () => {
      for (const room of bothRooms(socket.data.userId, sessionId)) void socket.leave(room);
      return {};
    });
  }

  async #openKnown(socket: GatewaySocket, sessionId: string, fields: OpenFields): Promise<Replies['session:open']> {
    checkRoom(socket, sessionId);
    const { userId } = socket.data;
    const mode = fields.mode ?? 'delta';
    const room = sessionRoom(mode, userId, sessionId);
    const wasJoined = socket.rooms.has(room);
    void socket.join(room);
    try {
      await this.#joined();
      const reply = await call(this.#gateway.broker, 'session-owner.open', { ...fields, userId });
      void socket.leave(sessionRoom(other(mode), userId, sessionId));
      return reply;
    } catch (thrown) {
      if (!wasJoined) void socket.leave(room);
      throw thrown;
    }
  }

  /** Nothing can happen in a session that nobody knows yet, so joining afterwards misses nothing. */
  async #openNew(socket: GatewaySocket, fields: OpenFields): Promise<Replies['session:open']> {
    checkRoom(socket, undefined);
    const { userId } = socket.data;
    const reply = await call(this.#gateway.broker, 'session-owner.open', { ...fields, userId });
    // Does nothing on a socket that is gone by now.
    void socket.join(sessionRoom(fields.mode ?? 'delta', userId, reply.session.id));
    await this.#joined();
    return reply;
  }
}

const other = (mode: Mode): Mode => (mode === 'delta' ? 'accumulated' : 'delta');

function checkRoom(socket: GatewaySocket, sessionId: string | undefined): void {
  const open = openSessionsOf(socket);
  if (open.size < MAX_OPEN_SESSIONS || (sessionId !== undefined && open.has(sessionId))) return;
  throw chatError('rate-limited', `At most ${MAX_OPEN_SESSIONS} sessions can be open at a time. Close one first.`);
}
