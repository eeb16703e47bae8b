/** What a gateway tells Prometheus. */
import { metricsOf, type MetricSpec, type Sample } from '../metrics.ts';
import type { GatewayContext } from './gateway-context.ts';
import { parseRoom } from './sockets/rooms.ts';
import type { GatewayServer } from './sockets/sockets.ts';

export function addGatewayMetrics({ broker, counts }: GatewayContext, io: GatewayServer, framesLost: () => number): void {
  const metrics = metricsOf(broker);
  const counter = (name: string, help: string, read: () => number): MetricSpec => ({ name, help, type: 'counter', read });
  const specs: MetricSpec[] = [
    { name: 'sockets', help: 'Sockets connected to this gateway.', type: 'gauge', read: () => io.sockets.sockets.size },
    { name: 'users', help: 'Users connected to this gateway, by how many sockets they have here.', type: 'gauge', labels: ['sockets'], read: () => usersBySockets(io) },
    { name: 'open_sessions', help: 'Sessions that sockets of this gateway have open.', type: 'gauge', read: () => openSessions(io) },
    { name: 'rooms', help: 'Rooms with members at this gateway: sessions and users.', type: 'gauge', read: () => publicRooms(io).length },
    counter('frames_out_total', 'Packets written to sockets, pings and answers among them.', () => counts.framesOut),
    counter('bytes_out_total', 'Bytes of those before framing.', () => counts.bytesOut),
    counter('fan_out_lost_total', 'Frames that other gateways may not have got.', framesLost),
    counter('resyncs_total', 'Sessions that clients were told to open again because frames may have been lost.', () => counts.resyncs),
    counter('slow_readers_cut_total', 'Sockets cut because they did not read.', () => counts.slowReadersCut),
    counter('floods_cut_total', 'Sockets cut because they sent far too much.', () => counts.floodsCut),
    { name: 'logins_refused_total', help: 'Refused logins, by code.', type: 'counter', labels: ['code'], read: () => counts.loginsRefused.samples('code') },
    { name: 'sends_refused_total', help: 'Messages not taken, by code.', type: 'counter', labels: ['code'], read: () => counts.sendsRefused.samples('code') },
  ];
  specs.forEach((spec) => metrics.add(spec));
}

const STEPS: readonly (readonly [number, string])[] = [[1, '1'], [2, '2'], [5, '3-5'], [Infinity, '6+']];

/** A label for each user would be a series for each user. */
function usersBySockets(io: GatewayServer): Sample[] {
  const perUser = new Map<string, number>();
  for (const { data } of io.sockets.sockets.values()) perUser.set(data.userId, (perUser.get(data.userId) ?? 0) + 1);
  const users = new Map(STEPS.map(([, label]) => [label, 0]));
  for (const count of perUser.values()) {
    const label = STEPS.find(([most]) => count <= most)?.[1] ?? '';
    users.set(label, (users.get(label) ?? 0) + 1);
  }
  return [...users].map(([sockets, value]) => ({ labels: { sockets }, value }));
}

/** Each socket has a room of its own besides. */
function publicRooms(io: GatewayServer): string[] {
  const { rooms, sids } = io.sockets.adapter;
  return [...rooms.keys()].filter((room) => !sids.has(room));
}

function openSessions(io: GatewayServer): number {
  return new Set(publicRooms(io).flatMap((room) => parseRoom(room)?.sessionId ?? [])).size;
}
