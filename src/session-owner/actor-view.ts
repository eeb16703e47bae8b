/** What the REPL and the metrics see of a session in memory. */
import type { ActorView } from '../protocol/broker.ts';
import type { SessionActor } from './actor.ts';

export function viewOf(actor: SessionActor, node: string): ActorView {
  const { lease, state } = actor;
  const { userId, logId, head, storedThrough, run } = state.meta;
  return {
    sessionId: lease.sessionId,
    userId,
    node,
    epoch: lease.epoch,
    logId,
    seq: head,
    storedThrough,
    state: state.phase.name,
    runId: run?.runId ?? null,
    aiNode: run?.aiNode ?? null,
    replyId: run?.replyId ?? null,
    queued: actor.queued,
  };
}
