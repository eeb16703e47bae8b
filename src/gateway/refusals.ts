/** Refused logins: one line in the log and one audit entry each, a few a minute for one address. */
import { randomUUID } from 'node:crypto';
import type { AuditOutbox } from '../backends/contracts.ts';
import type { Clock } from '../clock.ts';
import type { WireError } from '../protocol/errors.ts';
import { limitKey } from './auth/address.ts';
import type { GatewayCounts } from './gateway-counts.ts';
import type { GatewayLogger } from './gateway-logger.ts';
import type { LineRate } from './rates.ts';

export interface Refusals {
  /** `via`: the way in. `cause` goes to the log only. Never rejects. */
  note(error: WireError, address: string, via: 'socket' | 'http', cause?: unknown): Promise<void>;
}

interface RefusalParts {
  nodeId: string;
  outbox: AuditOutbox;
  clock: Clock;
  logger: GatewayLogger;
  lines: LineRate;
  counts: Pick<GatewayCounts, 'loginsRefused'>;
}

export function createRefusals({ nodeId, outbox, clock, logger, lines, counts }: RefusalParts): Refusals {
  return {
    async note({ code }, address, via, cause) {
      counts.loginsRefused.add(code);
      if (!(await lines.take(limitKey(address)))) return;
      logger.warn({ code, address, via, ...(cause === undefined ? {} : { err: cause }) }, 'refused');
      // Nobody was refused for who they are.
      if (code === 'unavailable' || code === 'internal') return;
      const at = new Date(clock.now()).toISOString();
      const entry = { id: randomUUID(), at, type: 'auth.refused', sessionId: null, userId: null, epoch: null, seq: null };
      try {
        await outbox.add([{ ...entry, data: { code, address, via, node: nodeId } }]);
      } catch (err) {
        logger.error({ err, code, address }, 'a refused login is missing in the audit');
      }
    },
  };
}
