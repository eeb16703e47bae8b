/** A message on its way to its session's owner, whichever way it came in. */
import { toWireError } from '../errors.ts';
import type { ActionParams, ActionResults } from '../protocol/broker.ts';
import { call } from '../typed-call.ts';
import type { GatewayContext } from './gateway-context.ts';
import { takeSend } from './send-quota.ts';

/** Throws what the quota or the owner refuses it with. */
export async function send(gateway: GatewayContext, params: ActionParams<'session-owner.send'>): Promise<ActionResults['session-owner.send']> {
  try {
    await takeSend(gateway, params.userId);
    return await call(gateway.broker, 'session-owner.send', params);
  } catch (thrown) {
    gateway.counts.sendsRefused.add(toWireError(thrown).code);
    throw thrown;
  }
}
