/** The common form of a report: a table or a word that there is nothing, then why some nodes gave no answer. */
import type { SocketView } from '../protocol/broker.ts';
import { table, type Row } from './table.ts';

export function report(rows: Row[], none: string, silent: string[]): string {
  const body = rows.length === 0 ? none : table(rows);
  return [body, ...silent].filter((line) => line !== '').join('\n');
}

export const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

export const socketRow = (gateway: string, socket: SocketView): Row => ({
  gateway,
  socket: socket.id,
  user: socket.userId,
  since: socket.connectedAt,
  'last heard': socket.lastHeartbeat,
  address: socket.address,
  sessions: socket.sessions.join(' '),
});
