/** Who is connected, as the gateways themselves know it: nothing is written down, so nothing can be stale. */
import type { ServiceBroker } from 'moleculer';
import type { ActionParams } from '../protocol/broker.ts';
import { call } from '../typed-call.ts';
import { askAll } from './ask-all.ts';
import { reasonOf, report, socketRow } from './report.ts';
import { sessionRow } from './reports.ts';
import { table, type Row } from './table.ts';

const LISTED = 50;

/** Sockets of all gateways, the longest connected first. */
export async function socketsReport(broker: ServiceBroker): Promise<string> {
  return sockets(broker, {});
}

async function sockets(broker: ServiceBroker, which: ActionParams<'gateway.sockets'>): Promise<string> {
  const { answers, silent } = await askAll(broker, 'gateway.sockets', which);
  const rows = answers.flatMap(({ node, result }) => result.map((socket) => socketRow(node, socket)));
  return report(rows.sort((a, b) => String(a['since']).localeCompare(String(b['since']))), 'No socket is connected.', silent);
}

/** One user: sockets, sessions in memory, newest sessions in history. */
export async function userReport(broker: ServiceBroker, userId: string): Promise<string> {
  const [connected, actors, kept] = await Promise.all([
    sockets(broker, { userId }),
    askAll(broker, 'session-owner.inspect', {}),
    storedSessions(broker, userId),
  ]);
  const live = actors.answers.flatMap(({ result }) => result).filter((actor) => actor.userId === userId);
  return [connected, report(live.map(sessionRow), 'None of their sessions is in memory.', actors.silent), kept].join('\n\n');
}

async function storedSessions(broker: ServiceBroker, userId: string): Promise<string> {
  try {
    const { sessions, hasMore } = await call(broker, 'history.list', { userId, limit: LISTED });
    const rows = sessions.map((session): Row => ({ session: session.id, messages: session.messageCount, updated: session.updatedAt, created: session.createdAt }));
    if (rows.length === 0) return 'History knows no session of theirs.';
    return hasMore ? `${table(rows)}\n… and older ones.` : table(rows);
  } catch (error) {
    return `History does not answer: ${reasonOf(error)}`;
  }
}
