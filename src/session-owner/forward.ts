/** Carries a command to the node that owns the session: one hop at most. */
import type { Context } from 'moleculer';
import { chatError } from '../errors.ts';
import type { ActionInput, ActionName, ActionResults } from '../protocol/broker.ts';
import { HeldElsewhere } from './directory.ts';

export interface HopMeta {
  forwarded?: boolean;
}

export async function atOwner<N extends ActionName>(
  ctx: Context<ActionInput<N>, HopMeta>,
  action: N,
  here: () => Promise<ActionResults[N]>,
): Promise<ActionResults[N]> {
  try {
    return await here();
  } catch (err) {
    if (!(err instanceof HeldElsewhere)) throw err;
    // The lock moved while the command travelled; the client's next try sees the new owner.
    if (ctx.meta.forwarded) throw chatError('unavailable', 'The session is moving to another server. Try again.', 200);
    return ctx.call<ActionResults[N], object>(action, ctx.params, { nodeID: err.nodeId, meta: { forwarded: true } });
  }
}
