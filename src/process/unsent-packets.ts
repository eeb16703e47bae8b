/**
 * While the way to the other nodes is away, requests cannot be sent. Each caller hears at once; the log hears of the
 * outage and of its end, for Moleculer would log an error per request, several a second for each open reply. An answer
 * that cannot be sent is passed over: its caller has a time limit.
 */
import type { Middleware, ServiceBroker } from 'moleculer';

type Transit = NonNullable<ServiceBroker['transit']>;
type Publish = Transit['publish'];
type Packet = Parameters<Publish>[0];

class Outage {
  #since = 0;
  #refused = 0;

  refused(logger: Transit['logger'], err: unknown): void {
    if (this.#refused === 0) {
      this.#since = performance.now();
      logger.warn({ err }, 'other nodes are not reached; calls to them are refused');
    }
    this.#refused += 1;
  }

  over(logger: Transit['logger']): void {
    if (this.#refused === 0) return;
    logger.info({ refused: this.#refused, ms: Math.round(performance.now() - this.#since) }, 'other nodes are reached again');
    this.#refused = 0;
  }
}

function wrapPublish(this: Transit, next: Publish): Publish {
  const { logger } = this;
  const outage = new Outage();
  const sent = (): void => outage.over(logger);
  const refuse = ({ payload }: Packet, err: unknown): void => {
    outage.refused(logger, err);
    // What its promise would have been told by Moleculer, without the line in the log.
    this.pendingRequests.get(payload.id)?.reject(err);
  };
  return (packet) => {
    if (packet.type === 'REQ') return next(packet).then(sent, (err: unknown) => refuse(packet, err));
    if (packet.type === 'RES') return next(packet).catch((err: unknown) => logger.debug({ err }, 'an answer was lost'));
    return next(packet);
  };
}

/** Moleculer's types say that this hook gives a promise; it gives what is called in place of `publish`. */
export const unsentPackets: Middleware = Object.assign<Middleware, object>({ name: 'UnsentPackets' }, { transitPublish: wrapPublish });
