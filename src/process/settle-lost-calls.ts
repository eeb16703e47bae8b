/**
 * Moleculer's time limit lets the caller go and forgets the request, but leaves its promise open: the call's context,
 * with all it carries, would be tracked as running until the process ends, and a stop would wait for it.
 */
import type { Context, Middleware } from 'moleculer';
import { within } from '../within.ts';

/** The caller has its own error by then; nobody sees this one. */
const AFTER_THE_LIMIT_MS = 50;

type RemoteCall = (ctx: Context) => Promise<unknown>;

export const settleLostCalls: Middleware = {
  name: 'SettleLostCalls',
  // Called within Moleculer's own middlewares: the limit is set when this runs, and what tracks the call hears its end.
  remoteAction: (next: RemoteCall): RemoteCall => (ctx) => {
    const limitMs = ctx.options.timeout ?? 0;
    const answer = next(ctx);
    return limitMs > 0 ? within(limitMs + AFTER_THE_LIMIT_MS, 'a remote call', answer) : answer;
  },
};
