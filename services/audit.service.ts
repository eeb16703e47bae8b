/** The audit service: drains the outbox into its sink. With AUDIT=off it only says what still lies in the outbox. */
import type { Service, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { addAuditMetrics } from '../src/audit/audit-metrics.ts';
import { Drain } from '../src/audit/drain.ts';
import { systemClock } from '../src/clock.ts';
import { nodeOf } from '../src/node-context.ts';
import type { ActionResults } from '../src/protocol/broker.ts';
import { paramsOf } from '../src/zod-validator.ts';

interface Vars {
  drain: Drain | null;
}
type AuditThis = Service & Vars;

function drainOf({ broker, logger }: AuditThis): Drain | null {
  const { config, backends } = nodeOf(broker);
  if (config.AUDIT === 'off') return null;
  const log = {
    outage: (error: unknown, behind: object | null) => logger.warn({ err: error, behind }, 'audit entries cannot be delivered; they wait in the outbox'),
    recovered: (outage: object) => logger.info(outage, 'audit entries are delivered again'),
  };
  return new Drain(
    { outbox: backends.outbox, sink: backends.sink, clock: systemClock, log },
    { batch: config.AUDIT_BATCH, idleMs: config.AUDIT_DRAIN_MS, retryMaxMs: config.AUDIT_RETRY_MAX_MS },
  );
}

const service: ServiceSchema<ServiceSettingSchema, object, Vars> = {
  name: 'audit',
  actions: {
    status: {
      visibility: 'public',
      params: paramsOf('audit.status'),
      async handler(this: AuditThis): Promise<ActionResults['audit.status']> {
        const { outbox } = nodeOf(this.broker).backends;
        const [stats, oldest] = await Promise.all([outbox.stats(), outbox.peek(1)]);
        const oldestMs = oldest[0] ? Math.max(0, systemClock.now() - Date.parse(oldest[0].entry.at)) : 0;
        return { ...stats, oldestMs, ...(this.drain?.counts() ?? { delivered: 0, failures: 0, failing: false }) };
      },
    },
  },
  async started(this: AuditThis) {
    this.drain = drainOf(this);
    this.drain?.start();
    // Whoever reads the trail finds it before its first entry. What fails now fails again with that entry, and is told then.
    if (this.drain) nodeOf(this.broker).backends.sink.deliver([]).catch(() => {});
    addAuditMetrics(this.broker, this.drain);
  },
  async stopped(this: AuditThis) {
    await this.drain?.stop();
  },
};

export default service;
