/** Backends of which a test gives the parts it needs; touching any other part fails the test. */
import type { Backends } from '../../src/backends/contracts.ts';

export function stubBackends(parts: Partial<Backends>): Backends {
  const missing = (name: string): never => {
    throw new Error(`this test gave no backends.${name}`);
  };
  return {
    mode: 'embedded',
    get leases() { return missing('leases'); },
    get log() { return missing('log'); },
    get history() { return missing('history'); },
    get files() { return missing('files'); },
    get outbox() { return missing('outbox'); },
    get sink() { return missing('sink'); },
    get quotas() { return missing('quotas'); },
    presence: { isGone: async () => false, onGone: () => () => {} },
    network: { transporter: null },
    openFanOut: () => null,
    settled: async () => true,
    secret: () => missing('secret'),
    health: () => missing('health'),
    close: () => Promise.resolve(),
    ...parts,
  };
}
