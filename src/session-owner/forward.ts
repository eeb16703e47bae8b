/** Carries a command to the node that owns the session: one hop at most, and never a wait for a node that is gone. */
import type { Context } from 'moleculer';
import type { ActionInput, ActionName, ActionResults } from '../protocol/broker.ts';
import { HeldElsewhere } from './directory.ts';
import { moving } from './refusals.ts';
import { NodeGone, surelyGone, unlessGone, type Peers } from './surely-gone.ts';

/** Below what the caller itself waits, so that it still hears what to do. The owner answers sooner, or refuses. */
const FORWARD_MS = 3_000;
const CLAIMS = 10;
const CLAIM_PAUSE_MS = 100;

/** The holder did not answer, or cannot be asked: what it would have said is not known. Commands are safe to repeat. */
const UNANSWERED = new Set(['SERVICE_NOT_FOUND', 'SERVICE_NOT_AVAILABLE', 'REQUEST_TIMEOUT', 'REQUEST_SKIPPED', 'REQUEST_REJECTED', 'GRACEFUL_STOP_TIMEOUT']);

export interface HopMeta {
  forwarded?: boolean;
}

export async function atOwner<N extends ActionName>(
  ctx: Context<ActionInput<N>, HopMeta>,
  action: N,
  peers: Peers,
  here: () => Promise<ActionResults[N]>,
): Promise<ActionResults[N]> {
  try {
    return await here();
  } catch (err) {
    if (!(err instanceof HeldElsewhere)) throw err;
    // The lock moved while the command travelled; the client's next try sees the new owner.
    if (ctx.meta.forwarded) throw moving();
    const there = ctx.call<ActionResults[N], object>(action, ctx.params, { nodeID: err.nodeId, timeout: FORWARD_MS, meta: { forwarded: true } });
    return atHolder(peers, err.nodeId, there, here);
  }
}

async function atHolder<T>(peers: Peers, holder: string, there: Promise<T>, here: () => Promise<T>): Promise<T> {
  try {
    return await unlessGone(peers, holder, there);
  } catch (err) {
    const unanswered = err instanceof NodeGone || UNANSWERED.has((err as { type?: string }).type ?? '');
    if (!unanswered) throw err;
    if (!(err instanceof NodeGone) && !(await surelyGone(peers.presence, holder))) throw moving();
  }
  return claimedHere(peers, holder, here);
}

/** The lease store lets a gone node's session be taken as soon as it has heard that too; another node may be faster. */
async function claimedHere<T>({ clock }: Peers, holder: string, here: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await here();
    } catch (err) {
      if (!(err instanceof HeldElsewhere)) throw err;
      if (err.nodeId !== holder || tries === CLAIMS) throw moving();
    }
    await new Promise<void>((resolve) => clock.after(CLAIM_PAUSE_MS, resolve));
  }
}
