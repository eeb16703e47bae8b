/**
 * Frames between gateways: socket.io's sharded Redis adapter, a channel for each room, so that a frame goes only to
 * gateways that have members in its room. Pub/sub loses what passes while a connection is away; whoever may have lost
 * something is told, and opens again with its cursor.
 */
import { createShardedAdapter } from '@socket.io/redis-adapter';
import { systemClock, type Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { randomId } from '../../ids.ts';
import { StartError } from '../../start-error.ts';
import type { FanOutLink } from '../contracts.ts';
import { FanOutPublisher } from './fan-out-publisher.ts';
import { FanOutSubscriber } from './fan-out-subscriber.ts';

export const FAN_OUT_PREFIX = 'holdfast:fan-out';
/** No room's channel is called so: those have the namespace in them. */
const LOSS_CHANNEL = `${FAN_OUT_PREFIX}:lost`;

export type FanOutSettings = Pick<Config, 'REDIS_URL' | 'FAN_OUT_TIMEOUT_MS' | 'FAN_OUT_BUFFER_BYTES'>;

/** Resolves once both connections are ready; until then it waits for Redis. */
export async function openRedisFanOut(config: FanOutSettings, clock: Clock = systemClock): Promise<FanOutLink> {
  const { REDIS_URL: url, FAN_OUT_TIMEOUT_MS: timeoutMs, FAN_OUT_BUFFER_BYTES: maxBytes } = config;
  if (url === undefined) throw new StartError('REDIS_URL is not set: gateways of a cluster need it');
  const id = randomId(12);
  const listeners: (() => void)[] = [];
  const interrupted = (): void => listeners.forEach((listener) => listener());
  const subscriber = new FanOutSubscriber(url, timeoutMs, clock, interrupted);
  const publisher = new FanOutPublisher({ url, timeoutMs, maxBytes, lossChannel: LOSS_CHANNEL, id }, clock);
  await Promise.all([subscriber.ready(), publisher.ready()]);
  subscriber.client.ssubscribe(LOSS_CHANNEL);
  subscriber.client.on('smessageBuffer', (channel, message) => {
    if (channel.toString() === LOSS_CHANNEL && message.toString() !== id) interrupted();
  });
  return {
    adapter: createShardedAdapter(publisher, subscriber.client, { channelPrefix: FAN_OUT_PREFIX, subscriptionMode: 'dynamic' }),
    joined: () => subscriber.joined(),
    onInterrupted: (listener) => void listeners.push(listener),
    lost: () => publisher.lost,
    // Nothing may be published that nobody can answer any more: ears first, then the voice.
    async close() {
      await subscriber.close();
      await publisher.close();
    },
  };
}
