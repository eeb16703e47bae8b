/**
 * What the owner hands over, sent on to the rooms. Everything here is synchronous: frames leave in the order the
 * owner emitted them. One room at a time: the adapter sends what is meant for several to every gateway.
 */
import type { EventName, EventPayload } from '../../protocol/broker.ts';
import type { Event } from '../../protocol/wire.ts';
import { bothRooms, userRoom } from './rooms.ts';
import type { GatewayServer } from './sockets.ts';

type Frames = EventPayload<'gateway.frames'>;
export type FanOut = { [N in Extract<EventName, `gateway.${string}`>]: (io: GatewayServer, payload: EventPayload<N>) => void };

export const fanOut: FanOut = {
  'gateway.frames': (io, frames) => {
    const [delta, whole] = bothRooms(frames.userId, frames.sessionId);
    sendEvents(io, delta, frames);
    sendWhole(io, whole, frames);
    if (frames.events.some((event) => event.type === 'session.deleted')) io.in([delta, whole]).socketsLeave([delta, whole]);
  },
  'gateway.alive': (io, { userId, sessionId, logId, seq }) => {
    for (const room of bothRooms(userId, sessionId)) io.to(room).emit('session:alive', [sessionId, logId, seq]);
  },
  'gateway.resync': (io, { userId, ...resync }) => {
    for (const room of bothRooms(userId, resync.sessionId)) io.to(room).emit('session:resync', resync);
  },
  'gateway.sessions-changed': (io, { userId, ...change }) => {
    io.to(userRoom(userId)).emit('sessions:changed', change);
  },
};

/** A delta that stands alone goes as the short hot frame; all that stands together goes as one. */
function sendEvents(io: GatewayServer, room: string, { sessionId, logId, events }: Frames): void {
  for (const run of runsOf(events)) {
    const [first] = run;
    if (run.length === 1 && first?.type === 'message.delta') io.to(room).emit('delta', [sessionId, logId, first.seq, first.text]);
    else io.to(room).emit('session:events', { sessionId, logId, events: run });
  }
}

/** Cut where text and other events meet. */
function runsOf(events: Event[]): Event[][] {
  const runs: Event[][] = [];
  let wasDelta: boolean | undefined;
  for (const event of events) {
    const isDelta = event.type === 'message.delta';
    if (isDelta === wasDelta) runs.at(-1)?.push(event);
    else runs.push([event]);
    wasDelta = isDelta;
  }
  return runs;
}

/** Accumulated clients hear of replies by whole texts only, of everything else as all others do. */
function sendWhole(io: GatewayServer, room: string, { sessionId, logId, events, whole }: Frames): void {
  const others = events.filter((event) => !isAboutReply(event));
  if (others.length > 0) io.to(room).emit('session:events', { sessionId, logId, events: others });
  for (const message of whole ?? []) io.to(room).emit('session:message', message);
}

function isAboutReply(event: Event): boolean {
  if (event.type === 'message.created') return event.message.role === 'assistant';
  return event.type.startsWith('message.') && event.type !== 'message.rated';
}
