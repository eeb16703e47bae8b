/** Frees a session whose lock is stuck: shows who holds it, and takes it away when the operator insists. */
import type { ServiceBroker } from 'moleculer';
import { askAll, askAny, nodesOf } from './ask-all.ts';
import { reasonOf } from './report.ts';
import { fields } from './table.ts';

export const CONFIRM = '--yes-i-know';

export async function releaseReport(broker: ServiceBroker, sessionId: string, isSure: boolean): Promise<string> {
  let lock;
  try {
    lock = await askAny(broker, 'session-owner.lock', { sessionId });
  } catch (error) {
    return `Nothing was done: who holds it cannot be told (${reasonOf(error)}).`;
  }
  if (lock === null) return 'Nobody holds this session; there is nothing to release.';
  const { nodeId, epoch } = lock;
  const isThere = (await nodesOf(broker, 'session-owner')).includes(nodeId);
  const shown = fields({ session: sessionId, owner: nodeId, epoch, 'owner is': isThere ? 'connected' : 'not connected', ...(await actorOf(broker, sessionId)) });
  if (!isSure) {
    return `${shown}\n\nNothing was done. The owner's reply, if one is open, goes on elsewhere from its log. To release it: release ${sessionId} ${CONFIRM}`;
  }
  return `${shown}\n\n${await release(broker, { sessionId, nodeId, epoch })}`;
}

/** What its owner says of the session, if it answers. */
async function actorOf(broker: ServiceBroker, sessionId: string): Promise<{ state: string; run: string | null; queued: number } | { state: string }> {
  const { answers } = await askAll(broker, 'session-owner.inspect', { sessionId });
  const actor = answers.flatMap(({ result }) => result)[0];
  return actor ? { state: actor.state, run: actor.runId, queued: actor.queued } : { state: 'not in memory' };
}

type Seen = { sessionId: string; nodeId: string; epoch: number };

/** By the owner itself, which then stops its actor; by any other node when that one does not answer. */
async function release(broker: ServiceBroker, seen: Seen): Promise<string> {
  try {
    const done = await askAny(broker, 'session-owner.release', seen, seen.nodeId);
    // An owner that did it may have answered too late, and the next one asked found nothing to do.
    const isFree = done || (await askAny(broker, 'session-owner.lock', { sessionId: seen.sessionId })) === null;
    return isFree ? 'Released. Who asks for it next owns it.' : 'Not released: somebody else holds it by now. Look again.';
  } catch (error) {
    return `Not released: ${reasonOf(error)}`;
  }
}
