/** A message on its way to its session's owner, whichever way it came in. */
import { toWireError } from '../errors.ts';
import type { ActionParams, ActionResults } from '../protocol/broker.ts';
import { call } from '../typed-call.ts';
import type { GatewayContext } from './gateway-context.ts';
import { takeSend } from './send-quota.ts';

/** What makes a model work, and counts as a message sent. */
type SendAction = `session-owner.${'send' | 'regenerate' | 'continue' | 'edit'}`;

/** Throws what the quota or the owner refuses it with. */
export async function send<N extends SendAction>(gateway: GatewayContext, action: N, params: ActionParams<N> & { userId: string }): Promise<ActionResults[N]> {
  try {
    await takeSend(gateway, params.userId);
    return await call(gateway.broker, action, params);
  } catch (thrown) {
    gateway.counts.sendsRefused.add(toWireError(thrown).code);
    throw thrown;
  }
}
