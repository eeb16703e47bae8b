/** What the inspection commands print. */
import type { ServiceBroker } from 'moleculer';
import { call } from '../typed-call.ts';
import type { ActorView, RunView } from '../protocol/broker.ts';
import { askAll, askAny } from './ask-all.ts';
import { reasonOf, report, socketRow } from './report.ts';
import { fields, type Row } from './table.ts';

export const sessionRow = (actor: ActorView): Row => ({
  session: actor.sessionId,
  state: actor.state,
  owner: actor.node,
  epoch: actor.epoch,
  log: actor.logId,
  seq: actor.seq,
  stored: actor.storedThrough,
  run: actor.runId,
  'ai node': actor.aiNode,
  queued: actor.queued,
});

/** Sessions in the memory of their owners. */
export async function sessionsReport(broker: ServiceBroker): Promise<string> {
  const { answers, silent } = await askAll(broker, 'session-owner.inspect', {});
  return report(answers.flatMap(({ result }) => result).map(sessionRow), 'No session is in memory.', silent);
}

export async function sessionReport(broker: ServiceBroker, sessionId: string): Promise<string> {
  const [actors, lock, sockets, stored] = await Promise.all([
    askAll(broker, 'session-owner.inspect', { sessionId }),
    lockPart(broker, sessionId),
    askAll(broker, 'gateway.sockets', { sessionId }),
    storedPart(broker, sessionId),
  ]);
  const held = actors.answers.flatMap(({ result }) => result).map((actor) => fields({ ...sessionRow(actor), user: actor.userId, reply: actor.replyId }));
  const socketRows = sockets.answers.flatMap(({ node, result }) => result.map((socket) => socketRow(node, socket)));
  return [
    held.length === 0 ? 'No node holds it in memory.' : held.join('\n\n'),
    lock,
    stored,
    report(socketRows, 'No socket has it open.', [...actors.silent, ...sockets.silent]),
  ].join('\n\n');
}

async function storedPart(broker: ServiceBroker, sessionId: string): Promise<string> {
  try {
    const stored = await call(broker, 'history.session', { sessionId });
    if (stored === null) return 'History does not know it.';
    const { record, deleted } = stored;
    return fields({ 'in history': deleted ? 'deleted' : 'yes', user: record.userId, messages: record.messageCount, rev: record.rev, updated: record.updatedAt });
  } catch (error) {
    return `History does not answer: ${reasonOf(error)}`;
  }
}

async function lockPart(broker: ServiceBroker, sessionId: string): Promise<string> {
  try {
    const lock = await askAny(broker, 'session-owner.lock', { sessionId });
    return lock === null ? 'Nobody holds its lock.' : fields({ 'lock held by': lock.nodeId, 'lock epoch': lock.epoch });
  } catch (error) {
    return `Who holds its lock cannot be told: ${reasonOf(error)}`;
  }
}

const runRow = (aiNode: string, run: RunView): Row => ({
  run: run.runId,
  session: run.sessionId,
  'ai node': aiNode,
  owner: run.ownerNode,
  epoch: run.epoch,
  characters: run.characters,
  acknowledged: run.acknowledged,
  ended: run.ended ? 'yes' : 'no',
  'age s': Math.round(run.ageMs / 100) / 10,
});

export async function runsReport(broker: ServiceBroker): Promise<string> {
  const { answers, silent } = await askAll(broker, 'ai.runs', {});
  return report(answers.flatMap(({ node, result }) => result.map((run) => runRow(node, run))), 'No run is in memory.', silent);
}

export async function outboxReport(broker: ServiceBroker): Promise<string> {
  const { answers, silent } = await askAll(broker, 'audit.status', {});
  return report(answers.map(({ node, result }) => ({ 'audit node': node, ...result })), '', silent);
}
