/**
 * Names of socket.io rooms. A session's rooms also name the user: a socket joins before anyone checked that the
 * session is its user's (so that nothing is missed), and frames go only to the room of the user they belong to.
 */
import { createHash } from 'node:crypto';
import type { Mode } from '../../protocol/wire.ts';
import type { GatewayServer, GatewaySocket } from './sockets.ts';

const PREFIX: Record<Mode, string> = { delta: 'session', accumulated: 'whole' };
/** Characters of a user's own room: 128 bits, so that no two users share it. */
const USER_HASH = 22;
const MAX_CACHED = 10_000;
const hashes = new Map<string, string>();

/** Hashes are asked for with every frame; the cache is emptied when it is full. */
function hashOf(userId: string): string {
  let hash = hashes.get(userId);
  if (hash === undefined) {
    hash = createHash('sha256').update(userId).digest('base64url');
    if (hashes.size >= MAX_CACHED) hashes.clear();
    hashes.set(userId, hash);
  }
  return hash;
}

/** The sharded adapter takes a name of exactly 20 characters for a socket's id; no other name ends in "~". */
function notLikeASocketId(name: string): string {
  return name.length === 20 ? `${name}~` : name;
}

export function sessionRoom(mode: Mode, userId: string, sessionId: string): string {
  return notLikeASocketId(`${PREFIX[mode]}:${sessionId}:${hashOf(userId).slice(0, 8)}`);
}
export function bothRooms(userId: string, sessionId: string): [string, string] {
  return [sessionRoom('delta', userId, sessionId), sessionRoom('accumulated', userId, sessionId)];
}
export function userRoom(userId: string): string {
  return `user:${hashOf(userId).slice(0, USER_HASH)}`;
}

/** The session and mode a room stands for; undefined for other rooms (a user's, a socket's own). */
export function parseRoom(room: string): { sessionId: string; mode: Mode } | undefined {
  const [prefix, sessionId] = room.split(':');
  if (sessionId === undefined) return undefined;
  if (prefix === PREFIX.delta) return { sessionId, mode: 'delta' };
  return prefix === PREFIX.accumulated ? { sessionId, mode: 'accumulated' } : undefined;
}

/** Rooms of sessions that are read in one of these modes, and the sessions. The adapter's rooms are those of this node's sockets. */
export function sessionRoomsHere(io: GatewayServer, modes: Mode[]): Map<string, string> {
  const rooms = new Map<string, string>();
  for (const room of io.sockets.adapter.rooms.keys()) {
    const parsed = parseRoom(room);
    if (parsed && modes.includes(parsed.mode)) rooms.set(room, parsed.sessionId);
  }
  return rooms;
}

/** Sessions this socket has open, each once. Its rooms are the only record of that. */
export function openSessionsOf(socket: GatewaySocket): Set<string> {
  const sessions = new Set<string>();
  for (const room of socket.rooms) {
    const parsed = parseRoom(room);
    if (parsed) sessions.add(parsed.sessionId);
  }
  return sessions;
}
