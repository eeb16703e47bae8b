/**
 * Messages a user may send in a window, counted in the store all nodes share. Counted before the owner is asked, so
 * a repeat of an accepted message counts too; refused, it waits as it is told and then finds its first answer.
 */
import { chatError } from '../errors.ts';
import type { GatewayContext } from './gateway-context.ts';

/** Throws `rate-limited` with the time to wait, or `unavailable` when nobody can count right now. */
export async function takeSend(gateway: GatewayContext, userId: string): Promise<void> {
  const { RATE_SENDS, RATE_SENDS_WINDOW_MS } = gateway.config;
  const waitMs = await takeQuota(gateway, `send:${userId}`, RATE_SENDS, RATE_SENDS_WINDOW_MS);
  if (waitMs === 0) return;
  if (await gateway.lines.take(`send ${userId}`)) gateway.logger.warn({ user: userId, waitMs }, 'messages over the rate');
  throw chatError('rate-limited', `At most ${RATE_SENDS} messages in ${Math.ceil(RATE_SENDS_WINDOW_MS / 1000)} s. Wait a moment.`, waitMs);
}

/** 0, or how long to wait in ms. Throws `unavailable` when the store cannot be reached. */
export async function takeQuota({ backends, lines, logger }: GatewayContext, key: string, points: number, windowMs: number): Promise<number> {
  try {
    return await backends.quotas.take(key, points, windowMs);
  } catch (err) {
    if (await lines.take('quotas')) logger.error({ err }, 'quotas cannot be counted');
    throw chatError('unavailable', 'The server cannot take this right now. Try again.', 1_000);
  }
}
